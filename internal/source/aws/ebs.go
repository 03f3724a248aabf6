package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

type diskReader interface {
	ec2.DescribeVolumesAPIClient
	ec2.DescribeSnapshotsAPIClient
	DescribeSnapshotAttribute(context.Context, *ec2.DescribeSnapshotAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotAttributeOutput, error)
}

// diskService reads EBS. Of snapshots only the account's own are read; anybody
// may see the public ones, and there are hundreds of thousands.
func diskService() service {
	return service{name: "ec2", steps: func(config sdk.Config) []*step {
		var api diskReader = ec2.NewFromConfig(config)
		return []*step{
			list(api.DescribeVolumes, "MaxResults:500").items("Volumes", "AWS::EC2::Volume"),
			list(api.DescribeSnapshots, "OwnerIds:self", "MaxResults:1000").items("Snapshots", "AWS::EC2::Snapshot").with(
				get(api.DescribeSnapshotAttribute, "SnapshotId", "Attribute:createVolumePermission").
					into("CreateVolumePermissions", "CreateVolumePermissions"),
			),
		}
	}}
}
