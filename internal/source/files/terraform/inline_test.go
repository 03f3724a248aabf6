package terraform

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/filestest"
)

// instanceOf is a state with one resource.
func instanceOf(kind, attributes string) []byte {
	return []byte(`{"version": 4, "terraform_version": "1.5.0", "resources": [{"mode": "managed", "type": "` + kind + `", "name": "x", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{"attributes": ` + attributes + `}]}]}`)
}

// propertyOf reads a state with one resource and gives a property of the resources in it, as JSON.
func propertyOf(t *testing.T, requests *filestest.Requests, kind, attributes, name string) string {
	t.Helper()
	s := &filestest.Sink{}
	if err := ReadState(t.Context(), requests.Of("x", instanceOf(kind, attributes)), s); err != nil || len(s.RefusedList) > 0 {
		t.Fatalf("%s: %v %v", kind, err, s.Reasons())
	}
	for _, o := range s.Observations {
		var v any = map[string]any(o.Properties)
		for part := range strings.SplitSeq(name, ".") {
			if l, ok := v.([]any); ok && len(l) > 0 {
				v = l[0]
			}
			m, _ := v.(map[string]any)
			v = m[part]
		}
		if v != nil {
			text, _ := json.Marshal(v)
			return string(text)
		}
	}
	return ""
}

// TestInlineBlocks: what the provider has in blocks of its own words stands in
// the properties of the resource.
func TestInlineBlocks(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	const bucket, id = "aws_s3_bucket", `"id":"b","bucket":"b","arn":"arn:aws:s3:::b"`
	for _, c := range []struct{ kind, attributes, property, want string }{
		{bucket, id + `,"website":[{"index_document":"i.html","error_document":"e.html","redirect_all_requests_to":"","routing_rules":"[{\"Condition\":{\"KeyPrefixEquals\":\"a/\"},\"Redirect\":{\"HostName\":\"h\"}}]"}]`, "WebsiteConfiguration", `{"ErrorDocument":"e.html","IndexDocument":"i.html","RoutingRules":[{"RedirectRule":{"HostName":"h"},"RoutingRuleCondition":{"KeyPrefixEquals":"a/"}}]}`},
		{bucket, id + `,"website":[{"redirect_all_requests_to":"https://example.org"}]`, "WebsiteConfiguration", `{"RedirectAllRequestsTo":{"HostName":"example.org","Protocol":"https"}}`},
		{bucket, id + `,"website":[{"redirect_all_requests_to":"example.org"}]`, "WebsiteConfiguration", `{"RedirectAllRequestsTo":{"HostName":"example.org"}}`},
		{bucket, id + `,"versioning":[{"enabled":true,"mfa_delete":false}]`, "VersioningConfiguration.Status", `"Enabled"`},
		{bucket, id + `,"versioning":[{"enabled":false,"mfa_delete":false}]`, "VersioningConfiguration.Status", ""},
		{bucket, id + `,"logging":[{"target_bucket":"l","target_prefix":"p/"}]`, "LoggingConfiguration", `{"DestinationBucketName":"l","LogFilePrefix":"p/"}`},
		{bucket, id + `,"cors_rule":[{"allowed_methods":["GET"],"allowed_origins":["*"],"allowed_headers":[],"expose_headers":["E"],"max_age_seconds":3}]`, "CorsConfiguration.CorsRules.ExposedHeaders", `["E"]`},
		{bucket, id + `,"server_side_encryption_configuration":[{"rule":[{"bucket_key_enabled":true,"apply_server_side_encryption_by_default":[{"sse_algorithm":"aws:kms","kms_master_key_id":"k"}]}]}]`, "BucketEncryption", `{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,"ServerSideEncryptionByDefault":{"KMSMasterKeyID":"k","SSEAlgorithm":"aws:kms"}}]}`},
		{bucket, id + `,"lifecycle_rule":[{"id":"o","enabled":true,"prefix":"p/","tags":{"a":"b"},"abort_incomplete_multipart_upload_days":7,"expiration":[{"days":9,"date":""}],"transition":[{"days":0,"date":"","storage_class":"GLACIER"}],"noncurrent_version_expiration":[{"days":6}],"noncurrent_version_transition":[{"days":5,"storage_class":"GLACIER"}]}]`, "LifecycleConfiguration.Rules", `[{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},"ExpirationInDays":9,"Id":"o","NoncurrentVersionExpiration":{"NoncurrentDays":6},"NoncurrentVersionTransitions":[{"StorageClass":"GLACIER","TransitionInDays":5}],"Prefix":"p/","Status":"Enabled","TagFilters":[{"Key":"a","Value":"b"}],"Transitions":[{"StorageClass":"GLACIER","TransitionInDays":0}]}]`},
		{bucket, id + `,"replication_configuration":[{"role":"r","rules":[{"id":"a","status":"Enabled","prefix":"","delete_marker_replication_status":"Enabled","filter":[{"prefix":"x/","tags":{"k":"v"}}],"destination":[{"bucket":"arn:aws:s3:::c","replica_kms_key_id":"k"}],"source_selection_criteria":[{"sse_kms_encrypted_objects":[{"enabled":true}]}]}]}]`, "ReplicationConfiguration.Rules", `[{"DeleteMarkerReplication":{"Status":"Enabled"},"Destination":{"Bucket":"arn:aws:s3:::c","EncryptionConfiguration":{"ReplicaKmsKeyID":"k"}},"Filter":{"And":{"Prefix":"x/","TagFilters":[{"Key":"k","Value":"v"}]}},"Id":"a","SourceSelectionCriteria":{"SseKmsEncryptedObjects":{"Status":"Enabled"}},"Status":"Enabled"}]`},
		{bucket, id + `,"object_lock_configuration":[{"object_lock_enabled":"Enabled","rule":[{"default_retention":[{"mode":"GOVERNANCE","days":5}]}]}]`, "ObjectLockConfiguration.Rule.DefaultRetention.Days", "5"},
		{bucket, id + `,"acl":"public-read"`, "AccessControl", `"public-read"`},
		{bucket, id + `,"acceleration_status":"Enabled"`, "AccelerateConfiguration.AccelerationStatus", `"Enabled"`},
		{bucket, id + `,"policy":"{\"Statement\":[{\"Effect\":\"Allow\"}]}"`, "PolicyDocument.Statement.Effect", `"Allow"`},
		{"aws_s3_bucket_lifecycle_configuration", `"id":"b","bucket":"b","rule":[{"id":"o","status":"Enabled","filter":[{"and":[{"prefix":"p/","tags":{"a":"b"}}]}],"expiration":[{"days":9}],"noncurrent_version_transition":[{"noncurrent_days":5,"storage_class":"GLACIER"}]}]`, "LifecycleConfiguration.Rules", `[{"ExpirationInDays":9,"Id":"o","NoncurrentVersionTransitions":[{"StorageClass":"GLACIER","TransitionInDays":5}],"Prefix":"p/","Status":"Enabled","TagFilters":[{"Key":"a","Value":"b"}]}]`},
		{"aws_s3_bucket_website_configuration", `"id":"b","bucket":"b","index_document":[{"suffix":"i"}],"routing_rule":[{"condition":[{"key_prefix_equals":"a/"}],"redirect":[{"replace_key_prefix_with":"b/"}]}]`, "WebsiteConfiguration.RoutingRules.RedirectRule.ReplaceKeyPrefixWith", `"b/"`},
		{"aws_s3_bucket_replication_configuration", `"id":"b","bucket":"b","role":"r","rule":[{"id":"a","status":"Enabled","filter":[{"prefix":"x/"}],"delete_marker_replication":[{"status":"Disabled"}],"destination":[{"bucket":"arn:aws:s3:::c"}]}]`, "ReplicationConfiguration.Rules.Filter.Prefix", `"x/"`},
		{"aws_elb", `"id":"e","name":"e","listener":[{"instance_port":80,"instance_protocol":"http","lb_port":443,"lb_protocol":"https","ssl_certificate_id":"c"}]`, "Listeners", `[{"InstancePort":"80","InstanceProtocol":"http","LoadBalancerPort":"443","Protocol":"https","SSLCertificateId":"c"}]`},
		{"aws_launch_template", `"id":"lt-1","name":"l","network_interfaces":[{"security_groups":["sg-1"]}]`, "LaunchTemplateData.NetworkInterfaces.Groups", `["sg-1"]`},
		{"aws_instance", `"id":"i-1","ami":"a","network_interface":[{"network_interface_id":"eni-1","device_index":0}]`, "NetworkInterfaces.NetworkInterfaceId", `"eni-1"`},
		{"aws_route", `"id":"r","route_table_id":"rtb-1","destination_ipv6_cidr_block":"::/0","egress_only_gateway_id":"eigw-1"`, "EgressOnlyInternetGatewayId", `"eigw-1"`},
		{"aws_route_table", `"id":"rtb-1","vpc_id":"vpc-1","route":[{"ipv6_cidr_block":"::/0","egress_only_gateway_id":"eigw-1"}]`, "EgressOnlyInternetGatewayId", `"eigw-1"`},
		{"aws_route_table", `"id":"rtb-1","vpc_id":"vpc-1","route":[{"cidr_block":"0.0.0.0/0","vpc_endpoint_id":"vpce-1","gateway_id":""}]`, "VpcEndpointId", `"vpce-1"`},
		{"aws_route_table", `"id":"rtb-1","vpc_id":"vpc-1","propagating_vgws":["vgw-1"]`, "VpnGatewayId", `"vgw-1"`},
		{"aws_ecs_service", `"id":"arn:aws:ecs:eu-west-1:111122223333:service/c/s","name":"s","network_configuration":[{"subnets":["subnet-1"],"security_groups":["sg-1"],"assign_public_ip":true}]`, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", `"ENABLED"`},
		{"aws_default_security_group", `"id":"sg-1","name":"default","vpc_id":"vpc-1","ingress":[],"egress":[]`, "GroupName", `"default"`},
		{"aws_eks_node_group", `"id":"k:n","cluster_name":"k","node_group_name":"n","arn":"arn:aws:eks:eu-west-1:111122223333:nodegroup/k/n/1","remote_access":[{"ec2_ssh_key":"k","source_security_group_ids":["sg-1"]}]`, "RemoteAccess.SourceSecurityGroups", `["sg-1"]`},
		{"aws_autoscaling_group", `"id":"g","name":"g","mixed_instances_policy":[{"launch_template":[{"launch_template_specification":[{"launch_template_id":"lt-1"}],"override":[{"instance_type":"t3.small"}]}]}]`, "MixedInstancesPolicy.LaunchTemplate.Overrides.InstanceType", `"t3.small"`},
		{"aws_cloudfront_distribution", `"id":"E1","arn":"arn:aws:cloudfront::111122223333:distribution/E1","default_cache_behavior":[{"target_origin_id":"o","lambda_function_association":[{"event_type":"viewer-request","lambda_arn":"arn:f"}]}]`, "DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations.LambdaFunctionARN", `"arn:f"`},
		{"aws_elasticache_replication_group", `"id":"e","replication_group_id":"e","cluster_mode":[{"num_node_groups":2,"replicas_per_node_group":1}]`, "NumNodeGroups", "2"},
	} {
		if got := propertyOf(t, requests, c.kind, "{"+c.attributes+"}", c.property); got != c.want {
			t.Errorf("%s %s: %s is %s, want %s", c.kind, c.attributes, c.property, got, c.want)
		}
	}
}

// TestInlineKeepsItsInput: rewriting changes no block of the state itself, and
// blocks of odd forms end no reading.
func TestInlineKeepsItsInput(t *testing.T) {
	t.Parallel()
	odd := []any{nil, "text", 7.0, true, []any{}, []any{nil}, []any{"x"}, map[string]any{}, []any{map[string]any{"rule": "x", "enabled": 1, "rules": []any{nil}}}}
	for _, kind := range []string{"aws_s3_bucket", "aws_s3_bucket_website_configuration", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_replication_configuration", "aws_elb", "aws_launch_template", "aws_route_table", "aws_ecs_service", "aws_autoscaling_group", "aws_cloudfront_distribution", "aws_elasticache_replication_group", "aws_eks_node_group"} {
		for _, v := range odd {
			values := map[string]any{}
			for _, name := range []string{"website", "versioning", "lifecycle_rule", "rule", "listener", "access_logs", "network_interfaces", "route", "propagating_vgws", "network_configuration", "mixed_instances_policy", "initial_lifecycle_hook", "default_cache_behavior", "cluster_mode", "log_delivery_configuration", "remote_access", "replication_configuration", "cors_rule", "logging", "server_side_encryption_configuration", "routing_rule", "index_document"} {
				values[name] = v
			}
			before := fmt.Sprint(values)
			inlined(kind, values)
			if after := fmt.Sprint(values); !reflect.DeepEqual(before, after) {
				t.Errorf("%s: %s became %s", kind, before, after)
			}
		}
	}
}
