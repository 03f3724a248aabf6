package kinds

import "strings"

// s3Rules are those of S3. The API hands out a bucket's configuration in two
// dozen answers of its own, each under the name of what it holds; CloudFormation
// flattens most of them.
func s3Rules() []Rule {
	return []Rule{
		{
			Kind: "AWS::S3::Bucket",
			Move: map[string]string{
				"Name":                                             "BucketName",
				"Accelerate.Status":                                "AccelerateConfiguration.AccelerationStatus",
				"BucketAccelerateConfiguration.Status":             "AccelerateConfiguration.AccelerationStatus",
				"BucketVersioningConfiguration.Status":             "VersioningConfiguration.Status",
				"BucketLoggingConfiguration.DestinationBucketName": "LoggingConfiguration.DestinationBucketName",
				"BucketLoggingConfiguration.LogFilePrefix":         "LoggingConfiguration.LogFilePrefix",
			},
			Drop: []string{
				"Policy", "BucketPolicy", "CORSRules", "BucketCrossOriginConfiguration", "Notification", "BucketNotificationConfiguration", "LoggingEnabled",
				"Website", "BucketWebsiteConfiguration", "ServerSideEncryptionConfiguration", "BucketLifecycleConfiguration", "BucketReplicationConfiguration",
				"IntelligentTieringConfigurationList", "InventoryConfigurationList", "AnalyticsConfigurationList", "MetricsConfigurationList", "VersioningConfiguration.MFADelete",
			},
			Unordered: []string{"InventoryConfigurations", "AnalyticsConfigurations", "MetricsConfigurations", "IntelligentTieringConfigurations",
				"NotificationConfiguration.LambdaConfigurations", "NotificationConfiguration.QueueConfigurations", "NotificationConfiguration.TopicConfigurations"},
			Shape: shapes(s3Names, s3Protection, s3Lifecycle, s3Sharing, s3Notification, s3Replication, s3Reports, s3Empty),
			ID:    idAt("BucketName"), Name: nameAt("BucketName"),
			Aliases:  []string{"BucketName", "DomainName", "RegionalDomainName", "DualStackDomainName"},
			Children: s3Children,
		},
		{
			Kind: "AWS::S3::BucketPolicy", Shape: parsed("PolicyDocument"), Name: nameAt("Bucket"),
			ID: func(r *Reading) string { return policyID("AWS::S3::Bucket", r, "Bucket") },
		},
	}
}

// s3Children makes the policy a resource: CloudFormation has a kind for it.
func s3Children(r *Reading) []Child {
	policy := textAt(r.Item, "Policy")
	if policy == "" {
		policy = textAt(r.Item, "BucketPolicy.policyText")
	}
	if policy == "" {
		return nil
	}
	return []Child{{"AWS::S3::BucketPolicy", map[string]any{"Bucket": r.said("BucketName"), "PolicyDocument": policy}}}
}

// fill sets a property unless there is nothing to set.
func fill(object map[string]any, name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	case map[string]any:
		if len(v) == 0 {
			return
		}
	}
	object[name] = value
}

// picked copies members under new names: "ExposedHeaders=ExposeHeaders", or the
// same name.
func picked(from map[string]any, names ...string) map[string]any {
	to := map[string]any{}
	for _, text := range names {
		name, path, renamed := strings.Cut(text, "=")
		if !renamed {
			path = name
		}
		fill(to, name, within(from, path))
	}
	return to
}

// each converts the objects of a list.
func each(list []map[string]any, convert func(map[string]any) map[string]any) []any {
	var out []any
	for _, object := range list {
		out = append(out, convert(object))
	}
	return out
}

// s3Names tells the names by which others reach the bucket (S3 User Guide,
// "Virtual hosting of buckets"): a distribution's origin is one of them.
func s3Names(r *Reading) {
	name := r.said("BucketName")
	if name == "" {
		return
	}
	suffix := dnsSuffix(r.Place)
	names := map[string]string{"DomainName": name + ".s3." + suffix}
	if region := string(r.Place.Region); region != "" && region != "global" {
		names["RegionalDomainName"] = name + ".s3." + region + "." + suffix
		names["DualStackDomainName"] = name + ".s3.dualstack." + region + "." + suffix
	}
	for property, value := range names {
		if r.Properties[property] == nil {
			r.Properties[property] = value
		}
	}
}

func s3Protection(r *Reading) {
	rules := each(objectsAt(r.Item, "ServerSideEncryptionConfiguration.Rules"), func(rule map[string]any) map[string]any {
		return picked(rule, "BucketKeyEnabled", "BlockedEncryptionTypes", "ServerSideEncryptionByDefault=ApplyServerSideEncryptionByDefault")
	})
	if len(rules) > 0 {
		r.Properties["BucketEncryption"] = map[string]any{"ServerSideEncryptionConfiguration": rules}
	}
	if textAt(r.Item, "ObjectLockConfiguration.ObjectLockEnabled") == "Enabled" {
		r.Properties["ObjectLockEnabled"] = true
	}
	logging := picked(objectAt(r.Item, "LoggingEnabled"), "DestinationBucketName=TargetBucket", "LogFilePrefix=TargetPrefix", "TargetObjectKeyFormat")
	fill(r.Properties, "LoggingConfiguration", logging)
}

func s3Sharing(r *Reading) {
	rules := append(objectsAt(r.Item, "CORSRules"), objectsAt(r.Item, "BucketCrossOriginConfiguration.Rules")...)
	cors := each(rules, func(rule map[string]any) map[string]any {
		out := picked(rule, "Id", "AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders=ExposeHeaders", "MaxAge=MaxAgeSeconds")
		fill(out, "ExposedHeaders", within(rule, "ExposedHeaders"))
		return out
	})
	if len(cors) > 0 {
		r.Properties["CorsConfiguration"] = map[string]any{"CorsRules": cors}
	}
	site := objectAt(r.Item, "Website")
	if site == nil {
		site = objectAt(r.Item, "BucketWebsiteConfiguration")
	}
	out := picked(site, "IndexDocument=IndexDocument.Suffix", "IndexDocument=IndexDocumentSuffix", "ErrorDocument=ErrorDocument.Key", "RedirectAllRequestsTo")
	if text := textAt(site, "ErrorDocument"); text != "" {
		out["ErrorDocument"] = text
	}
	fill(out, "RoutingRules", each(objectsAt(site, "RoutingRules"), func(rule map[string]any) map[string]any {
		return picked(rule, "RedirectRule=Redirect", "RoutingRuleCondition=Condition")
	}))
	fill(r.Properties, "WebsiteConfiguration", out)
}

// s3Notification makes one configuration per event: CloudFormation has one
// event each, the API a list.
func s3Notification(r *Reading) {
	from := objectAt(r.Item, "Notification")
	if from == nil {
		return
	}
	out := map[string]any{}
	for _, sort := range []struct{ list, arn, to, property string }{
		{"TopicConfigurations", "TopicArn", "TopicConfigurations", "Topic"},
		{"QueueConfigurations", "QueueArn", "QueueConfigurations", "Queue"},
		{"LambdaFunctionConfigurations", "LambdaFunctionArn", "LambdaConfigurations", "Function"},
	} {
		var list []any
		for _, c := range objectsAt(from, sort.list) {
			events, _ := within(c, "Events").([]any)
			for _, event := range events {
				one := map[string]any{"Event": event, sort.property: within(c, sort.arn)}
				if rules, ok := within(c, "Filter.Key.FilterRules").([]any); ok {
					one["Filter"] = map[string]any{"S3Key": map[string]any{"Rules": rules}}
				}
				list = append(list, one)
			}
		}
		fill(out, sort.to, list)
	}
	if within(from, "EventBridgeConfiguration") != nil {
		out["EventBridgeConfiguration"] = map[string]any{"EventBridgeEnabled": true}
	}
	fill(r.Properties, "NotificationConfiguration", out)
}

func s3Replication(r *Reading) {
	from := objectAt(r.Item, "ReplicationConfiguration")
	if from == nil {
		return
	}
	rules := each(objectsAt(from, "Rules"), func(rule map[string]any) map[string]any {
		out := picked(rule, "Id", "Priority", "Prefix", "Status", "DeleteMarkerReplication", "SourceSelectionCriteria", "Destination")
		filter := objectAt(rule, "Filter")
		to := picked(filter, "Prefix", "TagFilter=Tag", "TagFilter", "And")
		if and := objectAt(filter, "And"); and != nil {
			to["And"] = picked(and, "Prefix", "TagFilters=Tags", "TagFilters")
		}
		// An empty filter means all objects, and is not the same as none.
		if filter != nil {
			out["Filter"] = to
		}
		return out
	})
	r.Properties["ReplicationConfiguration"] = map[string]any{"Role": within(from, "Role"), "Rules": rules}
}

func s3Reports(r *Reading) {
	destination := func(path string) func(map[string]any) map[string]any {
		return func(c map[string]any) map[string]any {
			return picked(objectAt(c, path), "BucketArn=Bucket", "BucketAccountId=AccountId", "BucketAccountId=BucketAccountId", "Format", "Prefix")
		}
	}
	fill(r.Properties, "InventoryConfigurations", each(objectsAt(r.Item, "InventoryConfigurationList"), func(c map[string]any) map[string]any {
		out := picked(c, "Id", "IncludedObjectVersions", "OptionalFields", "Enabled=IsEnabled", "ScheduleFrequency=Schedule.Frequency", "Prefix=Filter.Prefix")
		fill(out, "Destination", destination("Destination.S3BucketDestination")(c))
		return out
	}))
	fill(r.Properties, "AnalyticsConfigurations", each(objectsAt(r.Item, "AnalyticsConfigurationList"), func(c map[string]any) map[string]any {
		out := s3Filtered(c)
		export := picked(objectAt(c, "StorageClassAnalysis.DataExport"), "OutputSchemaVersion")
		fill(export, "Destination", destination("StorageClassAnalysis.DataExport.Destination.S3BucketDestination")(c))
		analysis := map[string]any{}
		fill(analysis, "DataExport", export)
		out["StorageClassAnalysis"] = analysis
		return out
	}))
	fill(r.Properties, "MetricsConfigurations", each(objectsAt(r.Item, "MetricsConfigurationList"), func(c map[string]any) map[string]any {
		out := s3Filtered(c)
		fill(out, "AccessPointArn", s3Filter(c, "AccessPointArn"))
		return out
	}))
	fill(r.Properties, "IntelligentTieringConfigurations", each(objectsAt(r.Item, "IntelligentTieringConfigurationList"), func(c map[string]any) map[string]any {
		out := s3Filtered(c)
		fill(out, "Status", within(c, "Status"))
		fill(out, "Tierings", within(c, "Tierings"))
		return out
	}))
}

// s3Filtered is the head of a configuration with a filter.
func s3Filtered(c map[string]any) map[string]any {
	out := picked(c, "Id")
	fill(out, "Prefix", s3Filter(c, "Prefix"))
	fill(out, "TagFilters", s3Tags(c))
	return out
}

// s3Filter finds a condition of a filter. The SDK has most filters as a union
// ({"Prefix": x}, {"Tag": …} or {"And": …}), which the command line's output
// and the others are the same as.
func s3Filter(c map[string]any, name string) any {
	for _, path := range []string{"Filter." + name, "Filter.And." + name, name} {
		if v := within(c, path); v != nil {
			return v
		}
	}
	return nil
}

func s3Tags(c map[string]any) []any {
	if list, ok := within(c, "Filter.And.Tags").([]any); ok {
		return list
	}
	if tag := objectAt(c, "Filter.Tag"); tag != nil {
		return []any{tag}
	}
	list, _ := within(c, "TagFilters").([]any)
	return list
}

// s3Empty leaves out what says "never configured": the API answers with an
// empty object there, and a template has nothing.
func s3Empty(r *Reading) {
	if textAt(r.Properties, "VersioningConfiguration.Status") == "Off" {
		// AWS Config's word for a bucket that never had versions.
		delete(r.Properties, "VersioningConfiguration")
	}
	for name, value := range r.Properties {
		if object, ok := value.(map[string]any); ok && len(object) == 0 {
			delete(r.Properties, name)
		}
	}
}
