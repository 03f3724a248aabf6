package kinds

import "example.com/landfall/internal/inventory"

func fsxRules() []Rule {
	gone := when(inventory.Deleted, "Lifecycle", "DELETING")
	return []Rule{
		{
			Kind: "AWS::FSx::FileSystem", Move: map[string]string{"FileSystemId": "Id", "LustreConfiguration.MountName": "LustreMountName", "OpenZFSConfiguration.RootVolumeId": "RootVolumeId",
				"LustreConfiguration.DataRepositoryConfiguration.ImportPath": "LustreConfiguration.ImportPath", "LustreConfiguration.DataRepositoryConfiguration.ExportPath": "LustreConfiguration.ExportPath",
				"LustreConfiguration.DataRepositoryConfiguration.AutoImportPolicy":      "LustreConfiguration.AutoImportPolicy",
				"LustreConfiguration.DataRepositoryConfiguration.ImportedFileChunkSize": "LustreConfiguration.ImportedFileChunkSize",
				"WindowsConfiguration.Aliases[].Name":                                   "WindowsConfiguration.Aliases[]",
			},
			Drop: []string{"AdministrativeActions", "FailureDetails"}, Unordered: []string{"SubnetIds"}, ID: idAt("ResourceARN", "Id"), Aliases: []string{"Id", "DNSName"}, Marks: gone,
		},
		{Kind: "AWS::FSx::StorageVirtualMachine", Drop: []string{"LifecycleTransitionReason"}, ID: idAt("ResourceARN", "StorageVirtualMachineId"), Name: nameAt("Name"), Aliases: []string{"StorageVirtualMachineId"}, Marks: gone},
		{Kind: "AWS::FSx::Volume", Drop: []string{"AdministrativeActions", "LifecycleTransitionReason"}, ID: idAt("ResourceARN", "VolumeId"), Name: nameAt("Name"), Aliases: []string{"VolumeId"}, Marks: gone},
		{Kind: "AWS::FSx::Backup", Drop: []string{"ProgressPercent", "FileSystem", "Volume"}, ID: idAt("ResourceARN", "BackupId"), Aliases: []string{"BackupId"}},
	}
}
