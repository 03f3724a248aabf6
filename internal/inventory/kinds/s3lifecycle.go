package kinds

// s3Lifecycle flattens the rules: CloudFormation has the filter's and the
// expiration's members in the rule itself.
func s3Lifecycle(r *Reading) {
	from := objectAt(r.Item, "LifecycleConfiguration")
	if from == nil {
		from = objectAt(r.Item, "BucketLifecycleConfiguration")
	}
	if from == nil {
		return
	}
	out := picked(from, "TransitionDefaultMinimumObjectSize")
	fill(out, "Rules", each(objectsAt(from, "Rules"), s3LifecycleRule))
	fill(r.Properties, "LifecycleConfiguration", out)
}

func s3LifecycleRule(rule map[string]any) map[string]any {
	out := picked(rule, "Id", "Status", "AbortIncompleteMultipartUpload",
		"ExpirationInDays", "ExpirationDate", "ExpiredObjectDeleteMarker",
		"ExpirationInDays=Expiration.Days", "ExpirationDate=Expiration.Date", "ExpiredObjectDeleteMarker=Expiration.ExpiredObjectDeleteMarker")
	// A rule that expires by days or date answers false here, which a template
	// does not say.
	if marker, ok := out["ExpiredObjectDeleteMarker"].(bool); ok && !marker {
		delete(out, "ExpiredObjectDeleteMarker")
	}
	fill(out, "Prefix", s3Filter(rule, "Prefix"))
	fill(out, "TagFilters", s3Tags(rule))
	fill(out, "ObjectSizeGreaterThan", s3Filter(rule, "ObjectSizeGreaterThan"))
	fill(out, "ObjectSizeLessThan", s3Filter(rule, "ObjectSizeLessThan"))
	fill(out, "Transitions", each(objectsAt(rule, "Transitions"), func(t map[string]any) map[string]any {
		return picked(t, "StorageClass", "TransitionInDays", "TransitionDate", "TransitionInDays=Days", "TransitionDate=Date")
	}))
	fill(out, "NoncurrentVersionTransitions", each(objectsAt(rule, "NoncurrentVersionTransitions"), func(t map[string]any) map[string]any {
		return picked(t, "StorageClass", "NewerNoncurrentVersions", "TransitionInDays", "TransitionInDays=NoncurrentDays")
	}))
	fill(out, "NoncurrentVersionExpiration", picked(objectAt(rule, "NoncurrentVersionExpiration"), "NoncurrentDays", "NewerNoncurrentVersions"))
	// The older spelling of the same (AWS Config, old templates).
	if days := within(rule, "NoncurrentVersionExpirationInDays"); days != nil {
		out["NoncurrentVersionExpiration"] = map[string]any{"NoncurrentDays": days}
	}
	return out
}
