package kinds

import (
	"reflect"
	"testing"

	"example.com/landfall/internal/cloud"
)

func TestFromTerraform(t *testing.T) {
	t.Parallel()
	c := New()
	for name, x := range map[string]struct {
		typ        string
		attributes map[string]any
		id         cloud.ResourceID
		kind       cloud.Kind
		properties map[string]any
	}{
		"instance": {"aws_instance", map[string]any{"id": "i-1", "ami": "ami-1", "instance_type": "t3.micro", "vpc_security_group_ids": []any{"sg-2", "sg-1"}, "private_ip": "10.0.0.1"},
			"arn:aws:ec2:us-east-1:123456789012:instance/i-1", "AWS::EC2::Instance",
			map[string]any{"ImageId": "ami-1", "InstanceType": "t3.micro", "InstanceId": "i-1", "PrivateIpAddress": "10.0.0.1"}},
		"database": {"aws_db_instance", map[string]any{"identifier": "orders", "arn": "arn:aws:rds:eu-west-1:123456789012:db:orders", "instance_class": "db.t3.micro", "password": "x", "address": "o.rds", "allocated_storage": 20.0},
			"arn:aws:rds:eu-west-1:123456789012:db:orders", "AWS::RDS::DBInstance",
			map[string]any{"DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUserPassword": Redacted, "Endpoint": map[string]any{"Address": "o.rds"}}},
		"group": {"aws_security_group", map[string]any{"id": "sg-1", "name": "web", "ingress": []any{map[string]any{"from_port": 443.0, "to_port": 443.0, "protocol": "tcp", "cidr_blocks": []any{"10.0.0.0/8"}}}},
			"arn:aws:ec2:us-east-1:123456789012:security-group/sg-1", "AWS::EC2::SecurityGroup",
			map[string]any{"SecurityGroupIngress": []any{map[string]any{"CidrIp": "10.0.0.0/8", "FromPort": 443.0, "ToPort": 443.0, "IpProtocol": "tcp"}}}},
		"rule": {"aws_vpc_security_group_ingress_rule", map[string]any{"id": "sgr-1", "security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22.0, "to_port": 22.0, "referenced_security_group_id": "sg-2"},
			"arn:aws:ec2:us-east-1:123456789012:security-group/sg-1", "AWS::EC2::SecurityGroup",
			map[string]any{"GroupId": "sg-1"}},
		"encryption": {"aws_s3_bucket_server_side_encryption_configuration", map[string]any{"id": "b", "bucket": "b", "rule": []any{map[string]any{"bucket_key_enabled": true, "apply_server_side_encryption_by_default": []any{map[string]any{"sse_algorithm": "aws:kms", "kms_master_key_id": "k"}}}}},
			"arn:aws:s3:::b", "AWS::S3::Bucket",
			map[string]any{"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}}}}},
		"attachment": {"aws_iam_role_policy_attachment", map[string]any{"id": "x", "role": "web", "policy_arn": "arn:aws:iam::aws:policy/X"},
			"AWS::IAM::Role|123456789012|global|web", "AWS::IAM::Role", map[string]any{"ManagedPolicyArns": []any{"arn:aws:iam::aws:policy/X"}}},
		"target": {"aws_lb_target_group_attachment", map[string]any{"id": "x", "target_group_arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1", "target_id": "i-1", "port": 80.0},
			"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1", "AWS::ElasticLoadBalancingV2::TargetGroup", map[string]any{"Targets": []any{map[string]any{"Id": "i-1", "Port": 80.0}}}},
		"table": {"aws_dynamodb_table", map[string]any{"name": "s", "arn": "arn:aws:dynamodb:us-east-1:123456789012:table/s", "hash_key": "id", "attribute": []any{map[string]any{"name": "id", "type": "S"}}},
			"arn:aws:dynamodb:us-east-1:123456789012:table/s", "AWS::DynamoDB::Table",
			map[string]any{"KeySchema": []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}}, "AttributeDefinitions": []any{map[string]any{"AttributeName": "id", "AttributeType": "S"}}}},
		"association": {"aws_route_table_association", map[string]any{"id": "rtbassoc-1", "route_table_id": "rtb-1", "gateway_id": "igw-1", "subnet_id": ""},
			"arn:aws:ec2:us-east-1:123456789012:route-table/rtb-1|igw-1", "AWS::EC2::GatewayRouteTableAssociation", map[string]any{"GatewayId": "igw-1"}},
		"guessed": {"aws_kinesisvideo_stream", map[string]any{"name": "s", "arn": "arn:aws:kinesisvideo:us-east-1:123456789012:stream/s/1"},
			"arn:aws:kinesisvideo:us-east-1:123456789012:stream/s/1", "AWS::KinesisVideo::Stream", map[string]any{"Name": "s"}},
		"unknown": {"aws_widget", map[string]any{"id": "w"}, "Terraform::aws_widget|123456789012|us-east-1|w", "Terraform::aws_widget", nil},
		"foreign": {"google_compute_instance", map[string]any{"id": "g", "name": "web"}, "Terraform::google_compute_instance|||g", "Terraform::google_compute_instance", nil},
	} {
		all, err := c.FromTerraform(x.typ, here(), x.attributes)
		if err != nil || len(all) == 0 || all[0].ID != x.id || all[0].Kind != x.kind {
			t.Errorf("%s: %+v %v", name, all, err)
			continue
		}
		for property, want := range x.properties {
			if got := all[0].Properties[property]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %v, want %v", name, property, got, want)
			}
		}
	}
	if _, err := c.FromTerraform("aws_instance", here(), nil); err == nil {
		t.Error("an instance without attributes is converted")
	}
}

// A route table and its routes come out of one resource.
func TestTerraformNestsChildren(t *testing.T) {
	t.Parallel()
	all, err := New().FromTerraform("aws_route_table", here(), map[string]any{"id": "rtb-1", "vpc_id": "vpc-1", "route": []any{map[string]any{"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}}})
	if err != nil || len(all) != 2 || all[1].Kind != "AWS::EC2::Route" || all[1].ID != "arn:aws:ec2:us-east-1:123456789012:route-table/rtb-1|0.0.0.0/0" {
		t.Errorf("%+v %v", all, err)
	}
}
