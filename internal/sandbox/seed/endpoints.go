package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/seed/history"
)

// endpoints gives the app tier a private way to S3 and to SQS.
func (s *scope) endpoints() {
	service := func(name string) *string { return aws.String("com.amazonaws." + string(s.o.Region) + "." + name) }
	gateway := create(s, Resource{Kind: "AWS::EC2::VPCEndpoint", Name: "s3", UsedBy: []string{"payroll"}}, s.ec2.CreateVpcEndpoint, &ec2.CreateVpcEndpointInput{
		VpcId: aws.String(s.id("vpc")), ServiceName: service("s3"), VpcEndpointType: types.VpcEndpointTypeGateway,
		RouteTableIds:     []string{s.id("routes/app-a"), s.id("routes/app-b"), s.id("routes/payroll")},
		TagSpecifications: s.ec2Tags(types.ResourceTypeVpcEndpoint, "s3"),
	}, func(o *ec2.CreateVpcEndpointOutput) *string { return o.VpcEndpoint.VpcEndpointId })
	s.set("endpoint/s3", gateway)
	queue := create(s, Resource{Kind: "AWS::EC2::VPCEndpoint", Name: "sqs"}, s.ec2.CreateVpcEndpoint, &ec2.CreateVpcEndpointInput{
		VpcId: aws.String(s.id("vpc")), ServiceName: service("sqs"), VpcEndpointType: types.VpcEndpointTypeInterface, PrivateDnsEnabled: aws.Bool(true),
		SubnetIds: []string{s.id("subnet/app-a"), s.id("subnet/app-b")}, SecurityGroupIds: []string{s.id("group/endpoints")},
		TagSpecifications: s.ec2Tags(types.ResourceTypeVpcEndpoint, "sqs"),
	}, func(o *ec2.CreateVpcEndpointOutput) *string { return o.VpcEndpoint.VpcEndpointId })
	s.set("endpoint/sqs", queue)
}

// flowLogs switches on flow logs for the whole VPC, into the log bucket, in
// the format that the history is written in.
func (s *scope) flowLogs() {
	made := get(s, s.ec2.CreateFlowLogs, &ec2.CreateFlowLogsInput{
		ResourceIds: []string{s.id("vpc")}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		// moto takes all that follows the last colon for the bucket's name, so
		// there can be no folder.
		LogDestination: aws.String("arn:aws:s3:::" + s.bucket("bookshop-logs")),
		LogFormat:      aws.String(history.FlowFormat()), MaxAggregationInterval: aws.Int32(600), TagSpecifications: s.ec2Tags(types.ResourceTypeVpcFlowLog, "bookshop"),
	}, func(o *ec2.CreateFlowLogsOutput) *ec2.CreateFlowLogsOutput { return o })
	if made == nil {
		return
	}
	// The call succeeds and tells per resource what did not.
	for _, u := range made.Unsuccessful {
		s.err = fault.Newf(fault.Invalid, "seed by ec2 CreateFlowLogs: %s", aws.ToString(u.Error.Message))
		return
	}
	for _, id := range made.FlowLogIds {
		s.made(Resource{Kind: "AWS::EC2::FlowLog", ID: id, Name: "bookshop"})
		s.set("flow-log", id)
	}
}
