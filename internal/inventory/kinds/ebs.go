package kinds

// ebsRules are those of disks.
func ebsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::EC2::Volume", Drop: []string{"Attachments[].AttachTime", "FastRestored"}, Marks: gone("State"),
			Aliases: []string{"VolumeId"},
		},
		{
			// A device name is of one attachment: the volume has its own, too.
			Kind: "AWS::EC2::VolumeAttachment", ID: func(r *Reading) string { return joined(r.said("VolumeId"), r.said("InstanceId")) },
		},
		{
			// CloudFormation has no such kind; all values are properties.
			Kind: "AWS::EC2::Snapshot", ID: idAt("SnapshotId"), Drop: []string{"Progress"}, Aliases: []string{"SnapshotId"},
		},
	}
}
