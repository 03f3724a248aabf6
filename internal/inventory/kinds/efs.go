package kinds

import "example.com/landfall/internal/inventory"

func efsRules() []Rule {
	gone := when(inventory.Deleted, "LifeCycleState", "deleting", "deleted")
	return []Rule{
		{
			Kind: "AWS::EFS::FileSystem", Move: map[string]string{"FileSystemArn": "Arn", "Policy": "FileSystemPolicy"},
			Drop: []string{"CreationToken", "NumberOfMountTargets", "SizeInBytes.Timestamp", "Name"}, Shape: shapes(parsed("FileSystemPolicy"), efsEndpoint),
			ID: idAt("Arn", "FileSystemId"), Aliases: []string{"FileSystemId", "DNSName"}, Marks: gone,
		},
		{
			Kind: "AWS::EFS::MountTarget", Move: map[string]string{"MountTargetId": "Id"}, Unordered: []string{"SecurityGroups"}, ID: idOf("FileSystemId", "Id"), Name: nameAt("Id"),
			Aliases: []string{"IpAddress"}, Marks: gone,
		},
		{Kind: "AWS::EFS::AccessPoint", Move: map[string]string{"AccessPointArn": "Arn"}, Drop: []string{"Name"}, ID: idAt("Arn", "AccessPointId"), Aliases: []string{"AccessPointId"}, Marks: gone},
	}
}

// efsEndpoint tells the name under which instances mount the file system.
func efsEndpoint(r *Reading) {
	if id := r.said("FileSystemId"); id != "" {
		r.Attributes["DNSName"] = id + ".efs." + string(r.Place.Region) + "." + dnsSuffix(r.Place)
	}
}
