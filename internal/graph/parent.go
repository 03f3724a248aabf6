package graph

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// parentProperty reports whether a kind hangs on what the property names: it
// has no use of its own, and goes where that goes.
func parentProperty(from, to cloud.Kind, property string) bool {
	for _, p := range parents(from) {
		if p == property {
			return true
		}
	}
	return child(from, to, property)
}

// child is the general rule for the kinds that no list here names: within a
// service, AWS calls a dependant after what it depends on ("RestApi" in
// "RestApiId", "UserPoolClient" after "UserPool").
func child(from, to cloud.Kind, property string) bool {
	if from.Service() != to.Service() || from == to {
		return false
	}
	a, b := segment(from), segment(to)
	if !strings.HasPrefix(property, b) {
		return false
	}
	switch from.Service() {
	case "ApiGateway", "ApiGatewayV2", "AppSync", "Cognito", "EFS", "Glue", "SecretsManager", "WAFv2", "EKS", "StepFunctions", "Kinesis", "MSK", "GlobalAccelerator", "Route53Resolver", "CloudFront":
		return true
	}
	return strings.HasPrefix(a, b) && len(a) > len(b)
}

func segment(k cloud.Kind) string {
	return string(k[strings.LastIndexByte(string(k), ':')+1:])
}

// parents are the properties that name what a kind hangs on, the one that
// decides first. A subscription goes with who subscribed, a mapping with the
// function: the sender does not need them.
func parents(k cloud.Kind) []string {
	switch k {
	case "AWS::AutoScaling::ScalingPolicy", "AWS::AutoScaling::LifecycleHook", "AWS::AutoScaling::ScheduledAction", "AWS::AutoScaling::WarmPool":
		return []string{"AutoScalingGroupName"}
	case "AWS::IAM::AccessKey":
		return []string{"UserName"}
	case "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy":
		return []string{"Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"}
	case "AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::Lambda::EventInvokeConfig":
		return []string{"FunctionName"}
	case "AWS::SSM::ManagedInstanceInventory", "AWS::SSM::AssociationCompliance", "AWS::SSM::PatchCompliance":
		return []string{"InstanceId", "SourceId", "ResourceId"}
	case "AWS::Lambda::Url":
		return []string{"TargetFunctionArn"}
	case "AWS::SNS::TopicPolicy":
		return []string{"Topics"}
	case "AWS::SQS::QueuePolicy":
		return []string{"Queues"}
	case "AWS::S3::BucketPolicy":
		return []string{"Bucket"}
	case "AWS::SNS::Subscription":
		return []string{"Endpoint", "TopicArn"}
	case "AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter", "AWS::Logs::LogStream":
		return []string{"LogGroupName"}
	case "AWS::ElasticLoadBalancingV2::Listener":
		return []string{"LoadBalancerArn"}
	case "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElasticLoadBalancingV2::ListenerCertificate":
		return []string{"ListenerArn"}
	case "AWS::EC2::FlowLog":
		return []string{"ResourceId"}
	case "AWS::Backup::BackupSelection":
		return []string{"BackupPlanId"}
	case "AWS::ApplicationAutoScaling::ScalingPolicy":
		return []string{"ScalingTargetId"}
	case "AWS::ApplicationAutoScaling::ScalableTarget":
		return []string{"ResourceId"}
	}
	return associations(k)
}

// associations are kinds that only join two others: Compare and pictures
// leave them out and draw the edge between the two.
func associations(k cloud.Kind) []string {
	switch k {
	case "AWS::EC2::Route":
		return []string{"RouteTableId"}
	case "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::SubnetNetworkAclAssociation", "AWS::EC2::SubnetCidrBlock":
		return []string{"SubnetId"}
	case "AWS::EC2::NetworkAclEntry":
		return []string{"NetworkAclId"}
	case "AWS::EC2::VPCGatewayAttachment":
		return []string{"InternetGatewayId", "VpnGatewayId"}
	case "AWS::EC2::EIPAssociation":
		return []string{"InstanceId", "NetworkInterfaceId", "AllocationId"}
	case "AWS::EC2::VolumeAttachment", "AWS::EC2::NetworkInterfaceAttachment":
		return []string{"InstanceId"}
	case "AWS::EC2::VPCDHCPOptionsAssociation", "AWS::EC2::VPCCidrBlock":
		return []string{"VpcId"}
	case "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
		return []string{"GroupId", "GroupName"}
	case "AWS::EC2::GatewayRouteTableAssociation":
		return []string{"RouteTableId"}
	case "AWS::EC2::TransitGatewayRoute", "AWS::EC2::TransitGatewayRouteTableAssociation", "AWS::EC2::TransitGatewayRouteTablePropagation":
		return []string{"TransitGatewayRouteTableId"}
	case "AWS::EC2::VPNConnectionRoute":
		return []string{"VpnConnectionId"}
	case "AWS::EC2::VPCEndpointConnectionNotification":
		return []string{"VPCEndpointId", "ServiceId"}
	case "AWS::WAFv2::WebACLAssociation", "AWS::WAFv2::LoggingConfiguration":
		return []string{"ResourceArn"}
	case "AWS::IAM::UserToGroupAddition":
		return []string{"GroupName"}
	case "AWS::SecretsManager::SecretTargetAttachment":
		return []string{"SecretId"}
	case "AWS::DirectConnect::DirectConnectGatewayAssociation":
		return []string{"DirectConnectGatewayId"}
	}
	return nil
}

// joins reports whether a kind is nothing but a link between two others.
func joins(k cloud.Kind) bool { return len(associations(k)) > 0 }

// part reports whether a child is so much a part of its parent that it is
// shared when the parent is.
func part(k cloud.Kind) bool {
	switch k {
	case "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy":
		return true
	}
	return joins(k)
}

// conducts reports whether a child carries its parent's requests: the method
// of an API names the function that the API calls.
func conducts(k cloud.Kind) bool {
	switch k {
	case "AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Integration", "AWS::AppSync::DataSource", "AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer", "AWS::GlobalAccelerator::EndpointGroup":
		return true
	}
	return false
}
