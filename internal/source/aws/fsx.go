package aws

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/fsx"
)

type fsxReader interface {
	fsx.DescribeBackupsAPIClient
	fsx.DescribeFileSystemsAPIClient
	fsx.DescribeStorageVirtualMachinesAPIClient
	fsx.DescribeVolumesAPIClient
	fsx.ListTagsForResourceAPIClient
}

func fsxService() service {
	return service{name: "fsx", steps: func(config sdk.Config) []*step {
		var api fsxReader = fsx.NewFromConfig(config)
		tags := func() *step { return list(api.ListTagsForResource, "ResourceARN").into("Tags", "Tags") }
		return []*step{
			list(api.DescribeFileSystems).items("FileSystems", "AWS::FSx::FileSystem"),
			list(api.DescribeStorageVirtualMachines).items("StorageVirtualMachines", "AWS::FSx::StorageVirtualMachine").with(tags()),
			list(api.DescribeVolumes).items("Volumes", "AWS::FSx::Volume"),
			list(api.DescribeBackups).items("Backups", "AWS::FSx::Backup"),
		}
	}}
}
