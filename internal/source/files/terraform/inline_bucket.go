package terraform

import "maps"

// bucketBlocks writes the inline blocks of a bucket: before version 4 of the
// provider all of its configuration, and in later states what the provider
// still reads back.
func bucketBlocks(v map[string]any) {
	take := func(name string) map[string]any {
		block := one(v[name])
		if block != nil {
			delete(v, name)
		}
		return block
	}
	if block := take("website"); block != nil {
		set(v, "Website", inlineSite(block))
	}
	if block := take("versioning"); block != nil {
		versions := map[string]any{}
		if block["enabled"] == true || block["enabled"] == "true" {
			versions["Status"] = "Enabled"
		}
		set(v, "VersioningConfiguration", versions)
		if deletes := block["mfa_delete"]; deletes == true || deletes == "true" {
			v["mfa_delete"] = deletes
		}
	}
	if block := take("logging"); block != nil {
		set(v, "LoggingEnabled", given(block, "TargetBucket=target_bucket", "TargetPrefix=target_prefix"))
	}
	if block := take("server_side_encryption_configuration"); block != nil {
		var rules []any
		for _, r := range many(block["rule"]) {
			rule := given(r, "BucketKeyEnabled=bucket_key_enabled")
			set(rule, "ApplyServerSideEncryptionByDefault", given(one(r["apply_server_side_encryption_by_default"]), "SSEAlgorithm=sse_algorithm", "KMSMasterKeyID=kms_master_key_id"))
			rules = append(rules, rule)
		}
		set(v, "ServerSideEncryptionConfiguration", map[string]any{"Rules": rules})
	}
	bucketCORS(v)
	bucketLifecycle(v, "lifecycle_rule")
	if block := take("replication_configuration"); block != nil {
		bucketReplication(v, block, "rules")
	}
	if text, _ := v["acceleration_status"].(string); text != "" {
		delete(v, "acceleration_status")
		v["AccelerateConfiguration"] = map[string]any{"AccelerationStatus": text}
	}
}

func bucketCORS(v map[string]any) {
	var rules []any
	for _, r := range many(v["cors_rule"]) {
		rules = append(rules, given(r, "Id=id", "AllowedHeaders=allowed_headers", "AllowedMethods=allowed_methods", "AllowedOrigins=allowed_origins", "ExposeHeaders=expose_headers", "MaxAgeSeconds=max_age_seconds"))
	}
	if rules != nil {
		delete(v, "cors_rule")
		v["CORSRules"] = rules
	}
}

// bucketLifecycle writes the rules of a bucket's lifecycle: those of a type of
// their own ("rule"), and those inline, which are flatter.
func bucketLifecycle(v map[string]any, name string) {
	var rules []any
	for _, r := range many(v[name]) {
		rules = append(rules, lifecycleRule(r))
	}
	if rules != nil {
		delete(v, name)
		v["LifecycleConfiguration"] = map[string]any{"Rules": rules}
	}
}

func lifecycleRule(r map[string]any) map[string]any {
	rule := given(r, "Id=id", "Status=status")
	if enabled, ok := r["enabled"]; ok {
		rule["Status"] = "Disabled"
		if enabled == true || enabled == "true" {
			rule["Status"] = "Enabled"
		}
	}
	set(rule, "Filter", lifecycleFilter(r))
	if abort := one(r["abort_incomplete_multipart_upload"]); abort != nil {
		set(rule, "AbortIncompleteMultipartUpload", given(abort, "DaysAfterInitiation=days_after_initiation"))
	}
	set(rule, "AbortIncompleteMultipartUpload", given(r, "DaysAfterInitiation=abort_incomplete_multipart_upload_days"))
	set(rule, "Expiration", given(one(r["expiration"]), "Days=days", "Date=date", "ExpiredObjectDeleteMarker=expired_object_delete_marker"))
	set(rule, "NoncurrentVersionExpiration", given(one(r["noncurrent_version_expiration"]), "NoncurrentDays=days", "NoncurrentDays=noncurrent_days", "NewerNoncurrentVersions=newer_noncurrent_versions"))
	var moves, olds []any
	for _, t := range many(r["transition"]) {
		to := given(t, "Date=date", "StorageClass=storage_class")
		if to["Date"] == nil {
			to["Days"] = t["days"] // 0 means at once
		}
		moves = append(moves, to)
	}
	for _, t := range many(r["noncurrent_version_transition"]) {
		to := given(t, "NewerNoncurrentVersions=newer_noncurrent_versions", "StorageClass=storage_class")
		for _, days := range []string{"days", "noncurrent_days"} {
			if t[days] != nil {
				to["NoncurrentDays"] = t[days]
			}
		}
		olds = append(olds, to)
	}
	set(rule, "Transitions", moves)
	set(rule, "NoncurrentVersionTransitions", olds)
	return rule
}

// lifecycleFilter is what a rule is for. A rule with nothing is for everything.
func lifecycleFilter(r map[string]any) map[string]any {
	from := maps.Clone(one(r["filter"]))
	if from == nil {
		from = map[string]any{}
	}
	if and := one(from["and"]); and != nil {
		from = and
	}
	if _, ok := from["prefix"]; !ok || from["prefix"] == "" {
		from["prefix"] = r["prefix"]
	}
	out := given(from, "Prefix=prefix", "ObjectSizeGreaterThan=object_size_greater_than", "ObjectSizeLessThan=object_size_less_than")
	tags := tagList(r["tags"])
	tags = append(tags, tagList(from["tags"])...)
	for _, t := range many(from["tag"]) {
		tags = append(tags, map[string]any{"Key": t["key"], "Value": t["value"]})
	}
	if len(tags) == 0 {
		return out
	}
	out["Tags"] = tags
	return map[string]any{"And": out}
}

func tagList(v any) []any {
	m, _ := v.(map[string]any)
	var out []any
	for _, key := range sortedKeys(m) {
		out = append(out, map[string]any{"Key": key, "Value": m[key]})
	}
	return out
}

// bucketReplication writes where the objects of a bucket are copied.
func bucketReplication(v, block map[string]any, name string) {
	var rules []any
	for _, r := range many(block[name]) {
		rule := given(r, "Id=id", "Status=status", "Prefix=prefix", "Priority=priority")
		filter := one(r["filter"])
		to := map[string]any{}
		if tags := tagList(filter["tags"]); len(tags) > 0 {
			and := given(filter, "Prefix=prefix")
			and["Tags"] = tags
			to["And"] = and
		} else if and := one(filter["and"]); and != nil {
			inner := given(and, "Prefix=prefix")
			set(inner, "Tags", tagList(and["tags"]))
			to["And"] = inner
		} else {
			to = given(filter, "Prefix=prefix")
			set(to, "Tag", given(one(filter["tag"]), "Key=key", "Value=value"))
		}
		if filter != nil {
			rule["Filter"] = to
		}
		if text, _ := r["delete_marker_replication_status"].(string); text != "" {
			rule["DeleteMarkerReplication"] = map[string]any{"Status": text}
		}
		set(rule, "DeleteMarkerReplication", given(one(r["delete_marker_replication"]), "Status=status"))
		set(rule, "SourceSelectionCriteria", selection(one(r["source_selection_criteria"])))
		set(rule, "Destination", copyTo(one(r["destination"])))
		rules = append(rules, rule)
	}
	if rules == nil {
		return
	}
	out := map[string]any{"Role": block["role"], "Rules": rules}
	delete(block, name)
	delete(block, "role")
	v["ReplicationConfiguration"] = out
}

func selection(s map[string]any) map[string]any {
	out := map[string]any{}
	for to, from := range map[string]string{"SseKmsEncryptedObjects": "sse_kms_encrypted_objects", "ReplicaModifications": "replica_modifications"} {
		block := one(s[from])
		status := given(block, "Status=status")
		if enabled, ok := block["enabled"].(bool); ok {
			status["Status"] = map[bool]string{true: "Enabled", false: "Disabled"}[enabled]
		}
		set(out, to, status)
	}
	return out
}

func copyTo(d map[string]any) map[string]any {
	out := given(d, "Bucket=bucket", "StorageClass=storage_class", "Account=account_id", "Account=account")
	key := given(d, "ReplicaKmsKeyID=replica_kms_key_id")
	for name, id := range given(one(d["encryption_configuration"]), "ReplicaKmsKeyID=replica_kms_key_id") {
		key[name] = id
	}
	set(out, "EncryptionConfiguration", key)
	set(out, "AccessControlTranslation", given(one(d["access_control_translation"]), "Owner=owner"))
	for to, from := range map[string]struct{ block, field string }{"ReplicationTime": {"replication_time", "Time"}, "Metrics": {"metrics", "EventThreshold"}} {
		block := one(d[from.block])
		part := given(block, "Status=status")
		minutes := given(block, "Minutes=minutes")
		for _, inner := range []string{"time", "event_threshold"} {
			for name, n := range given(one(block[inner]), "Minutes=minutes") {
				minutes[name] = n
			}
		}
		set(part, from.field, minutes)
		set(out, to, part)
	}
	return out
}
