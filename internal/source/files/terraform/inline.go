package terraform

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
)

// inlined returns the attributes of an instance with its nested blocks in the
// words of the API, where the provider has words of its own: otherwise they
// would be kept under the provider's, where nothing looks for them. The names
// are those of the Terraform AWS provider's reference, of version 3 too, in
// which a bucket has all of its configuration inline.
func inlined(kind string, values map[string]any) map[string]any {
	rewrite := rewrites(kind)
	if rewrite == nil || len(values) == 0 {
		return values
	}
	out := maps.Clone(values)
	rewrite(out)
	return out
}

// rewrites finds what rewrites the attributes of a type, nil for nothing.
func rewrites(kind string) func(map[string]any) {
	switch kind {
	case "aws_s3_bucket":
		return bucketBlocks
	case "aws_s3_bucket_website_configuration":
		return bucketSite
	case "aws_s3_bucket_lifecycle_configuration":
		return func(v map[string]any) { bucketLifecycle(v, "rule") }
	case "aws_s3_bucket_replication_configuration":
		return func(v map[string]any) { bucketReplication(v, v, "rule") }
	case "aws_elb":
		return classicBalancer
	case "aws_cloudfront_distribution":
		return distributionBlocks
	case "aws_autoscaling_group":
		return scalingBlocks
	case "aws_ecs_service":
		return serviceBlocks
	case "aws_elasticache_replication_group":
		return cacheBlocks
	}
	if table := renames(kind); table != nil {
		return func(v map[string]any) { rename(v, table) }
	}
	return nil
}

// renames are the attributes, at any depth below blocks that are named with
// dots, that only want another name.
func renames(kind string) map[string]string {
	switch kind {
	case "aws_default_security_group":
		return map[string]string{"name": "group_name", "description": "group_description"}
	case "aws_launch_template":
		return map[string]string{"network_interfaces.security_groups": "groups"}
	case "aws_instance", "aws_spot_instance_request":
		return map[string]string{"network_interface": "network_interfaces"}
	case "aws_route":
		return map[string]string{"egress_only_gateway_id": "egress_only_internet_gateway_id"}
	case "aws_route_table", "aws_default_route_table":
		return map[string]string{"route.egress_only_gateway_id": "egress_only_internet_gateway_id", "route.vpc_endpoint_id": "gateway_id", "propagating_vgws": "propagating_vgws"}
	case "aws_eks_node_group":
		return map[string]string{"remote_access.source_security_group_ids": "source_security_groups"}
	case "aws_elasticsearch_domain", "aws_opensearch_domain":
		return map[string]string{"encrypt_at_rest": "encryption_at_rest_options", "node_to_node_encryption": "node_to_node_encryption_options"}
	}
	return nil
}

// rename gives values other names, inside blocks too. What is empty takes
// nobody's place.
func rename(values map[string]any, table map[string]string) {
	for path, name := range table {
		block, last, nested := strings.Cut(path, ".")
		if !nested {
			move(values, block, name)
			continue
		}
		var out []any
		for _, b := range many(values[block]) {
			b = maps.Clone(b)
			move(b, last, name)
			out = append(out, b)
		}
		if out != nil {
			values[block] = out
		}
	}
	if gateways, ok := values["propagating_vgws"].([]any); ok {
		var out []any
		for _, g := range gateways {
			out = append(out, map[string]any{"gateway_id": g})
		}
		values["propagating_vgws"] = out
	}
}

func move(values map[string]any, from, to string) {
	v, ok := values[from]
	if !ok || from == to {
		return
	}
	delete(values, from)
	if v != nil && v != "" {
		values[to] = v
	}
}

// many are the objects of a block, which a state has as a list and old ones as
// an object.
func many(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var out []map[string]any
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

// one is the object of a block that there is at most once, nil for none.
func one(v any) map[string]any {
	if list := many(v); len(list) > 0 {
		return list[0]
	}
	return nil
}

// given copies values that say something: zero stands for nothing said where a
// number is meant, as "" does where a text is.
func given(from map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, text := range names {
		to, name, ok := strings.Cut(text, "=")
		if !ok {
			name = to
		}
		switch v := from[name]; v {
		case nil, "", 0, int64(0), 0.0, "0", json.Number("0"):
		default:
			out[to] = v
		}
	}
	return out
}

func set(into map[string]any, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	into[name] = value
}

// classicBalancer names the ends of a listener as the API does.
func classicBalancer(v map[string]any) {
	var list []any
	for _, l := range many(v["listener"]) {
		l = maps.Clone(l)
		move(l, "lb_port", "load_balancer_port")
		move(l, "lb_protocol", "protocol")
		list = append(list, l)
	}
	if list != nil {
		v["listener"] = list
	}
	if logs := one(v["access_logs"]); logs != nil {
		delete(v, "access_logs")
		set(v, "access_logging_policy", given(logs, "enabled", "s3_bucket_name=bucket", "s3_bucket_prefix=bucket_prefix", "emit_interval=interval"))
	}
}

// distributionBlocks puts the functions of a behaviour under the API's names.
func distributionBlocks(v map[string]any) {
	for _, name := range []string{"default_cache_behavior", "ordered_cache_behavior"} {
		var list []any
		for _, b := range many(v[name]) {
			b = maps.Clone(b)
			move(b, "lambda_function_association", "lambda_function_associations")
			move(b, "function_association", "function_associations")
			var edge []any
			for _, f := range many(b["lambda_function_associations"]) {
				edge = append(edge, given(f, "event_type", "include_body", "lambda_function_arn=lambda_arn"))
			}
			set(b, "lambda_function_associations", edge)
			list = append(list, b)
		}
		if list != nil {
			v[name] = list
		}
	}
}

// scalingBlocks names the types that a group may also take, and its hooks.
func scalingBlocks(v map[string]any) {
	if mixed := one(v["mixed_instances_policy"]); mixed != nil {
		mixed = maps.Clone(mixed)
		if template := one(mixed["launch_template"]); template != nil {
			template = maps.Clone(template)
			move(template, "override", "overrides")
			mixed["launch_template"] = template
		}
		v["mixed_instances_policy"] = mixed
	}
	var hooks []any
	for _, h := range many(v["initial_lifecycle_hook"]) {
		hooks = append(hooks, given(h, "lifecycle_hook_name=name", "lifecycle_transition", "default_result", "heartbeat_timeout", "notification_metadata", "notification_target_arn", "role_arn"))
	}
	if hooks != nil {
		delete(v, "initial_lifecycle_hook")
		v["lifecycle_hook_specification_list"] = hooks
	}
}

// serviceBlocks says of public addresses what the API says.
func serviceBlocks(v map[string]any) {
	move(v, "ordered_placement_strategy", "placement_strategies")
	network := one(v["network_configuration"])
	if network == nil {
		return
	}
	network = maps.Clone(network)
	if public, ok := network["assign_public_ip"].(bool); ok {
		network["assign_public_ip"] = map[bool]string{true: "ENABLED", false: "DISABLED"}[public]
	}
	v["network_configuration"] = network
}

// cacheBlocks says of a cache's shards what the API says.
func cacheBlocks(v map[string]any) {
	if mode := one(v["cluster_mode"]); mode != nil {
		delete(v, "cluster_mode")
		for name, n := range given(mode, "num_node_groups", "replicas_per_node_group") {
			v[name] = n
		}
	}
	var logs []any
	for _, l := range many(v["log_delivery_configuration"]) {
		to := map[string]any{"cloud_watch_logs_details": map[string]any{"log_group": l["destination"]}}
		if l["destination_type"] == "kinesis-firehose" {
			to = map[string]any{"kinesis_firehose_details": map[string]any{"delivery_stream": l["destination"]}}
		}
		logs = append(logs, map[string]any{"destination_type": l["destination_type"], "log_format": l["log_format"], "log_type": l["log_type"], "destination_details": to})
	}
	if logs != nil {
		delete(v, "log_delivery_configuration")
		v["log_delivery_configurations"] = logs
	}
}

// bucketSite writes the website of a bucket: the blocks of its own type, or the
// one inline, whose redirection is a URL or a host.
func bucketSite(v map[string]any) {
	site := map[string]any{}
	index, all := one(v["index_document"]), one(v["redirect_all_requests_to"])
	if index != nil {
		set(site, "IndexDocument", given(index, "Suffix=suffix"))
	}
	if e := one(v["error_document"]); e != nil {
		set(site, "ErrorDocument", given(e, "Key=key"))
	}
	if all != nil {
		set(site, "RedirectAllRequestsTo", given(all, "HostName=host_name", "Protocol=protocol"))
	}
	set(site, "RoutingRules", routingRules(v))
	for _, name := range []string{"index_document", "error_document", "redirect_all_requests_to", "routing_rule", "routing_rules"} {
		delete(v, name)
	}
	set(v, "Website", site)
}

// inlineSite is bucketSite for the block inside a bucket.
func inlineSite(block map[string]any) map[string]any {
	site := map[string]any{}
	if text, _ := block["index_document"].(string); text != "" {
		site["IndexDocument"] = map[string]any{"Suffix": text}
	}
	if text, _ := block["error_document"].(string); text != "" {
		site["ErrorDocument"] = map[string]any{"Key": text}
	}
	if text, _ := block["redirect_all_requests_to"].(string); text != "" {
		to := map[string]any{"HostName": text}
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			to = map[string]any{"HostName": u.Host + u.Path, "Protocol": u.Scheme}
		}
		site["RedirectAllRequestsTo"] = to
	}
	set(site, "RoutingRules", routingRules(block))
	return site
}

// routingRules are the blocks of a site's rules, or its rules as JSON.
func routingRules(v map[string]any) []any {
	var out []any
	for _, r := range many(v["routing_rule"]) {
		rule := map[string]any{}
		set(rule, "Condition", given(one(r["condition"]), "KeyPrefixEquals=key_prefix_equals", "HttpErrorCodeReturnedEquals=http_error_code_returned_equals"))
		set(rule, "Redirect", given(one(r["redirect"]), "HostName=host_name", "Protocol=protocol", "HttpRedirectCode=http_redirect_code", "ReplaceKeyPrefixWith=replace_key_prefix_with", "ReplaceKeyWith=replace_key_with"))
		out = append(out, rule)
	}
	if text, _ := v["routing_rules"].(string); out == nil && text != "" {
		if json.Unmarshal([]byte(text), &out) != nil {
			return []any{map[string]any{"Condition": map[string]any{"KeyPrefixEquals": text}}}
		}
	}
	return out
}
