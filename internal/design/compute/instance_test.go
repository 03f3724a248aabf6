package compute_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

const web = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: a}]}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1c, Tags: [{Key: Name, Value: b}]}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: web, VpcId: !Ref Net, Tags: [{Key: Name, Value: web}]}}
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {}, Tags: [{Key: Name, Value: data}]}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: web, AssumeRolePolicyDocument: {}}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
  Login: {Type: AWS::EC2::KeyPair, Properties: {KeyName: ops, PublicKeyMaterial: ssh-ed25519 AAAA}}
  Address: {Type: AWS::EC2::EIP, Properties: {InstanceId: !Ref Web, Tags: [{Key: Name, Value: web}]}}
  Web:
    Type: AWS::EC2::Instance
    Properties:
      InstanceType: m5.large
      ImageId: "{{resolve:ssm:/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id}}"
      KeyName: !Ref Login
      SubnetId: !Ref B
      SecurityGroupIds: [!GetAtt Group.GroupId]
      IamInstanceProfile: !Ref Profile
      PrivateIpAddress: 10.0.2.20
      SourceDestCheck: false
      UserData: {"Fn::Base64": "#!/bin/sh\naws s3 cp s3://artefacts/app.zip .\ncurl 169.254.169.254\n"}
      BlockDeviceMappings:
        - {DeviceName: /dev/sda1, Ebs: {VolumeSize: 50, VolumeType: gp3, Encrypted: true, KmsKeyId: !GetAtt Key.Arn}}
        - {DeviceName: /dev/sdf, Ebs: {VolumeSize: 200, VolumeType: gp3, Iops: 6000, KmsKeyId: !GetAtt Key.Arn, DeleteOnTermination: false}}
        - {DeviceName: /dev/sdb, VirtualName: ephemeral0}
      Tags: [{Key: Name, Value: web}]
  Data: {Type: AWS::EC2::Volume, Properties: {AvailabilityZone: us-east-1c, Size: 500, VolumeType: io2, Iops: 20000}}
  Attach: {Type: AWS::EC2::VolumeAttachment, Properties: {InstanceId: !Ref Web, VolumeId: !Ref Data, Device: /dev/sdg}}
`

func TestAnInstanceBecomesAMachine(t *testing.T) {
	t.Parallel()
	d := from(t, web)
	designtest.Check(t, d)
	vm := designtest.One(t, d, "Microsoft.Compute/virtualMachines")
	if vm.Name != "vm-web" || design.Text(vm.Body, "zones") != "" || len(design.List(vm.Body["zones"])) != 1 || design.List(vm.Body["zones"])[0] != "2" {
		t.Errorf("%s in %v: the second zone in use is zone 2", vm.Name, vm.Body["zones"])
	}
	at(t, vm, map[string]string{
		"identity.type": "UserAssigned", "properties.osProfile.adminUsername": "azureuser", "properties.osProfile.customData": "[parameters('customDataWeb')]",
		"properties.osProfile.linuxConfiguration.ssh.publicKeys.keyData": "[parameters('sshKeyOps')]", "properties.storageProfile.imageReference.offer": "0001-com-ubuntu-server-jammy",
		"properties.storageProfile.osDisk.managedDisk.storageAccountType": "Premium_LRS", "properties.storageProfile.osDisk.diskSizeGB": "50", "properties.securityProfile.securityType": "TrustedLaunch",
		"properties.storageProfile.dataDisks.deleteOption": "Detach",
	})
	if !strings.Contains(design.Text(vm.Body, "properties.storageProfile.osDisk.managedDisk.diskEncryptionSet.id"), "/diskEncryptionSets/des-") {
		t.Error("the OS disk is not encrypted with the owner's key")
	}
	if size := design.Text(vm.Body, "properties.hardwareProfile.vmSize"); !strings.HasPrefix(size, "Standard_D2") {
		t.Errorf("size %q for m5.large", size)
	}
	nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	at(t, nic, map[string]string{
		"properties.enableIPForwarding": "true", "properties.ipConfigurations.properties.privateIPAddress": "10.0.2.20", "properties.ipConfigurations.properties.privateIPAllocationMethod": "Static",
	})
	if !strings.HasSuffix(design.Text(nic.Body, "properties.ipConfigurations.properties.subnet.id"), "/snet-b") {
		t.Errorf("subnet %s", design.Text(nic.Body, "properties.ipConfigurations.properties.subnet.id"))
	}
	if design.At(nic.Body, "properties.ipConfigurations.properties.publicIPAddress.id") == nil || len(designtest.Resources(d, "Microsoft.Network/publicIPAddresses")) != 1 {
		t.Error("the elastic address is missing")
	}
	disks := designtest.Resources(d, "Microsoft.Compute/disks")
	if len(disks) != 2 {
		t.Fatalf("%d disks", len(disks))
	}
	at(t, disks[0], map[string]string{"sku.name": "PremiumV2_LRS", "properties.diskSizeGB": "200", "properties.diskIOPSReadWrite": "6000", "properties.diskMBpsReadWrite": "125", "properties.networkAccessPolicy": "DenyAll"})
	if disks[0].Name != "disk-web-sdf" || disks[1].Name != "disk-web-sdg" {
		t.Errorf("disks %s and %s", disks[0].Name, disks[1].Name)
	}
	one := designtest.Decision(t, d, "Web")
	has(t, one, "ec2.image", "ec2.user-data", "ec2.instance-store", "ec2.metadata", "ebs.device-names", "ec2.login")
	if !strings.Contains(one.Why, "m5.large with 2 vCPU and 8 GiB") || one.Cost == nil || one.Cost.After == nil {
		t.Errorf("why %q, cost %+v", one.Why, one.Cost)
	}
	if todo := strings.Join(one.ToDo, "\n"); !strings.Contains(todo, "169.254.169.254") || !strings.Contains(todo, "s3://") {
		t.Errorf("the user data's words are not named: %s", todo)
	}
	for name, action := range map[string]design.Action{"Data": design.Migrate, "Attach": design.Replace, "Login": design.Migrate} {
		if got := designtest.Decision(t, d, name); got.Action != action || len(got.Targets) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The same machine from a scan of the account: ids instead of references, the
// volumes as resources, values that EC2 fills in.
func TestALiveInstanceGivesTheSameMachine(t *testing.T) {
	t.Parallel()
	template := designtest.FromTemplate(t, `
Resources:
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: app}]}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: vpc-1, Tags: [{Key: Name, Value: app}]}}
  App:
    Type: AWS::EC2::Instance
    Properties:
      InstanceType: c6i.xlarge
      ImageId: ami-0123456789abcdef0
      SubnetId: !Ref Subnet
      SecurityGroupIds: [!GetAtt Group.GroupId]
      BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {VolumeSize: 100, VolumeType: gp3}}]
      Tags: [{Key: Name, Value: app}]
`)
	live := []inventory.Resource{
		designtest.Live(t, "AWS::EC2::Subnet", "subnet/subnet-1", `{"VpcId":"vpc-1","CidrBlock":"10.0.1.0/24","AvailabilityZone":"us-east-1a","SubnetId":"subnet-1","Tags":[{"Key":"Name","Value":"app"}]}`),
		designtest.Live(t, "AWS::EC2::SecurityGroup", "security-group/sg-1", `{"GroupDescription":"x","VpcId":"vpc-1","GroupId":"sg-1","Tags":[{"Key":"Name","Value":"app"}]}`),
		designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"InstanceType":"c6i.xlarge","ImageId":"ami-0123456789abcdef0","SubnetId":"subnet-1","SecurityGroupIds":["sg-1"],"AvailabilityZone":"us-east-1a",
			"PrivateIpAddress":"10.0.1.77","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":true}},{"DeviceName":"/dev/sdf","Ebs":{"DeleteOnTermination":true}}],
			"Volumes":[{"Device":"/dev/xvda","VolumeId":"vol-1"},{"Device":"/dev/sdf","VolumeId":"vol-2"}],"NetworkInterfaces":[{"GroupSet":["sg-1"]}],"CpuOptions":{"CoreCount":2,"ThreadsPerCore":2},
			"SourceDestCheck":true,"State":{"Code":"16","Name":"running"},"Tenancy":"default","Monitoring":false,"Tags":[{"Key":"Name","Value":"app"}]}`),
		designtest.Live(t, "AWS::EC2::Volume", "volume/vol-1", `{"Size":8,"VolumeType":"gp2","AvailabilityZone":"us-east-1a","VolumeId":"vol-1"}`),
		designtest.Live(t, "AWS::EC2::Volume", "volume/vol-2", `{"Size":100,"VolumeType":"gp3","Iops":3000,"Throughput":125,"AvailabilityZone":"us-east-1a","VolumeId":"vol-2"}`),
	}
	a, b := designtest.Make(t, families(), template...), designtest.Shuffled(t, families(), live...)
	designtest.Check(t, a, b)
	designtest.SameTargets(t, a, b)
	if root := designtest.Decision(t, b, "vol-1"); root.Action != design.Replace || !strings.Contains(root.Why, "vm-app") {
		t.Errorf("%+v", root)
	}
}

func TestInstancesThatOthersMakeAreAbsorbed(t *testing.T) {
	t.Parallel()
	member := func(id string, tags string) inventory.Resource {
		return designtest.Live(t, "AWS::EC2::Instance", "instance/"+id, `{"InstanceType":"t3.small","InstanceId":"`+id+`","Tags":[`+tags+`]}`)
	}
	d := designtest.Shuffled(t, families(),
		designtest.Live(t, "AWS::AutoScaling::AutoScalingGroup", "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:x:autoScalingGroupName/web", `{"AutoScalingGroupName":"web","MinSize":"1","MaxSize":"3","LaunchTemplate":{"LaunchTemplateId":"lt-1","Version":"1"},"AvailabilityZones":["us-east-1a"]}`),
		designtest.Live(t, "AWS::EC2::LaunchTemplate", "launch-template/lt-1", `{"LaunchTemplateData":{"InstanceType":"t3.small"},"LatestVersionNumber":"3"}`),
		member("i-1", `{"Key":"aws:autoscaling:groupName","Value":"web"}`),
		member("i-2", `{"Key":"eks:nodegroup-name","Value":"ng"}`),
		member("i-3", `{"Key":"kubernetes.io/cluster/prod","Value":"owned"}`),
		member("i-4", ""))
	designtest.Check(t, d)
	if one := designtest.Decision(t, d, "i-1"); one.Action != design.Replace || len(one.Targets) != 1 || !strings.HasSuffix(string(one.Targets[0]), "/vmss-web") {
		t.Errorf("%+v", one)
	}
	for _, name := range []string{"i-2", "i-3"} {
		if one := designtest.Decision(t, d, name); one.Action != design.Replace || len(one.Targets) != 0 || len(one.ToDo) == 0 {
			t.Errorf("%+v", one)
		}
	}
	if one := designtest.Decision(t, d, "i-4"); one.Action != design.Migrate {
		t.Errorf("%+v", one)
	}
	has(t, designtest.Decision(t, d, "lt-1"), "lt.versions")
}

func TestSizesFollowTheInstanceType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, prefix string
		arch         string
	}{
		{"t3.medium", "Standard_B", "amd64"}, {"m6i.2xlarge", "Standard_D8", "amd64"}, {"c5.xlarge", "Standard_F4", "amd64"}, {"r5.large", "Standard_E2", "amd64"}, {"m6g.large", "Standard_D2p", "arm64"}, {"x1e.xlarge", "Standard_", "amd64"},
	} {
		d := designtest.Make(t, families(), designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"`+c.kind+`"}`))
		vm := designtest.One(t, d, "Microsoft.Compute/virtualMachines")
		if size := design.Text(vm.Body, "properties.hardwareProfile.vmSize"); !strings.HasPrefix(size, c.prefix) {
			t.Errorf("%s becomes %s", c.kind, size)
		}
		if arm := strings.Contains(design.Text(vm.Body, "properties.storageProfile.imageReference.sku"), "arm64"); arm != (c.arch == "arm64") {
			t.Errorf("%s starts from %s", c.kind, design.Text(vm.Body, "properties.storageProfile.imageReference.sku"))
		}
	}
}

// What no size of Azure is like is left to a person, whether the catalogue knows
// the type or not: no size stands in for it in silence.
func TestHardwareThatAzureLacksIsManual(t *testing.T) {
	t.Parallel()
	for kind, why := range map[string]string{
		"mac1.metal": "no size of Azure has the macOS hardware of mac1.metal", "inf1.xlarge": "no size of Azure has the Inferentia of inf1.xlarge", "f1.2xlarge": "no size of Azure has the FPGA of f1.2xlarge", "f2.6xlarge": "no size of Azure has the FPGA of f2.6xlarge",
		"trn1.32xlarge": "no size of Azure has the Trainium of trn1.32xlarge", "trn9.2xlarge": "no size of Azure has the Trainium of trn9.2xlarge", "dl2q.24xlarge": "no size of Azure has the Qualcomm AI 100 of dl2q.24xlarge", "vt1.3xlarge": "no size of Azure has the video transcoding of vt1.3xlarge",
		"u-24tb1.metal": "the catalogue does not know the instance type u-24tb1.metal", "p2.xlarge": "the catalogue does not know the instance type p2.xlarge", "m5.gigantic": "the catalogue does not know the instance type m5.gigantic",
	} {
		for _, shape := range []struct{ kind, properties string }{
			{"AWS::EC2::Instance", `{"InstanceType":"` + kind + `"}`},
			{"AWS::AutoScaling::AutoScalingGroup", `{"MinSize":"1","MaxSize":"2","AvailabilityZones":["us-east-1a"],"LaunchTemplate":{"LaunchTemplateName":"lt"}}`},
		} {
			resources := []inventory.Resource{designtest.Live(t, cloud.Kind(shape.kind), "one", shape.properties), designtest.Live(t, "AWS::EC2::LaunchTemplate", "lt", `{"LaunchTemplateName":"lt","LaunchTemplateData":{"InstanceType":"`+kind+`"}}`)}
			d := designtest.Make(t, families(), resources...)
			designtest.Check(t, d)
			one := designtest.Decision(t, d, "one")
			if one.Action != design.Manual || len(one.Targets) != 0 || !strings.Contains(one.Why, "no automatic mapping: "+why) {
				t.Errorf("%s of %s: %+v", shape.kind, kind, one)
			}
			says(t, one, "choose a size for one under design.overrides")
		}
	}
}

// A size that landfall.yaml names is taken for a type that nobody knows.
func TestOverridesChooseTheSizeOfUnknownTypes(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Resources: []inventory.Resource{designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"u-24tb1.metal"}`)},
		Options: design.Options{Overrides: []design.Override{{Source: "one", Size: "Standard_M416ms_v2", Reason: "half of it is used"}}}}.Make(t)
	at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachines"), map[string]string{"properties.hardwareProfile.vmSize": "Standard_M416ms_v2"})
}

// Types at the edges of the catalogue get sizes like themselves: the smallest
// ones burst, and the largest one may lack the part of its memory that the
// hypervisor keeps.
func TestSizesAtTheEdges(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"t1.micro": "Standard_B2ats_v2", "x1e.32xlarge": "Standard_M176ds_4_v3", "t4g.nano": "Standard_B2pts_v2", "t4g.small": "Standard_B2pls_v2"} {
		d := designtest.Case{Families: families(), Resources: []inventory.Resource{designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"`+kind+`"}`)}, Options: design.Options{Region: "northeurope"}}.Make(t)
		designtest.Check(t, d)
		at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachines"), map[string]string{"properties.hardwareProfile.vmSize": want})
		if one := designtest.Decision(t, d, "one"); strings.Contains(strings.Join(designtest.GapIDs(one), " "), "ec2.size-short") {
			t.Errorf("%s: %v %v", kind, one.ToDo, designtest.GapIDs(one))
		}
	}
}

func TestOverridesChooseTheSize(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Resources: []inventory.Resource{designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"m5.large"}`)},
		Options: design.Options{Overrides: []design.Override{{Source: "one", Size: "Standard_E4s_v5", Reason: "memory"}}}}.Make(t)
	at(t, designtest.One(t, d, "Microsoft.Compute/virtualMachines"), map[string]string{"properties.hardwareProfile.vmSize": "Standard_E4s_v5"})
	if one := designtest.Decision(t, d, "one"); !strings.Contains(one.Why, "landfall.yaml asks for Standard_E4s_v5") || one.Override != "memory" {
		t.Errorf("%+v", one)
	}
}

func TestSharedMachinesAreNotCopied(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Shared: []string{"one"}, Resources: []inventory.Resource{designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"m5.large"}`)}}.Make(t)
	if one := designtest.Decision(t, d, "one"); one.Action != design.Retain || len(one.Targets) != 0 || len(one.ToDo) == 0 {
		t.Errorf("%+v", one)
	}
}

func TestSystemsAreRecognised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ image, platform, data, sku, words string }{
		{"{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2019-English-Full-Base}}", "", "", "2019-datacenter-gensecond", "Windows Server 2019"},
		{"{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-SQL_2019_Standard}}", "", "", "standard-gen2", "SQL Server 2019"},
		{"{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}", "", "", "azure-linux-3-gen2", "Azure Linux 3"},
		{"ami-1", "Windows with SQL Server Enterprise", "", "enterprise-gen2", "SQL Server 2022"},
		{"ami-1", "windows", "", "2022-datacenter-g2", "Windows Server 2022"},
		{"ami-1", "Red Hat Enterprise Linux", "", "9-lvm-gen2", "Red Hat"},
		{"ami-1", "", "<powershell>Install-WindowsFeature</powershell>", "2022-datacenter-g2", "Windows Server 2022"},
		{"ami-1", "", "#!/bin/bash\nyum update -y", "azure-linux-3-gen2", "Azure Linux 3"},
		{"ami-1", "", "#!/bin/bash\napt-get update", "server", "Ubuntu 24.04"},
		{"ami-1", "", "", "server", "nothing says which system"},
	} {
		r := designtest.Live(t, "AWS::EC2::Instance", "instance/one", `{"InstanceType":"m5.large"}`)
		r.Properties["ImageId"], r.Properties["UserData"] = c.image, c.data
		r.Attributes = map[string]any{"PlatformDetails": c.platform}
		d := designtest.Make(t, families(), r)
		designtest.Check(t, d)
		vm := designtest.One(t, d, "Microsoft.Compute/virtualMachines")
		one := designtest.Decision(t, d, "one")
		if got := design.Text(vm.Body, "properties.storageProfile.imageReference.sku"); got != c.sku || !strings.Contains(one.Why, c.words) {
			t.Errorf("%+v: %s, %s", c, got, one.Why)
		}
		windows := strings.Contains(c.words, "Windows") || strings.Contains(c.words, "SQL")
		if secret := design.Text(vm.Body, "properties.osProfile.adminPassword"); (secret == "[parameters('adminPassword')]") != windows {
			t.Errorf("%+v: password %q", c, secret)
		}
	}
}
