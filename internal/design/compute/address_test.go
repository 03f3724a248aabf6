package compute_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/compute"
	"example.com/landfall/internal/design/designtest"
	plan "example.com/landfall/internal/design/network"
)

// Only an address that the subnet can give is written: Resource Manager
// refuses the others when the deployment runs.
func TestFixedAddresses(t *testing.T) {
	t.Parallel()
	for address, kept := range map[string]bool{"10.9.1.20": true, "10.9.1.3": false, "10.9.1.255": false, "10.9.2.20": false, "value-1": false, "192.0.2.9": false} {
		d := designtest.Make(t, []design.Family{plan.Family(), compute.Family()}, designtest.FromTemplate(t, `
Resources:
  Net: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.9.0.0/16}}
  A: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Net, CidrBlock: 10.9.1.0/24, AvailabilityZone: us-east-1a}}
  Web: {Type: "AWS::EC2::Instance", Properties: {ImageId: ami-0123456789abcdef0, InstanceType: t3.small, SubnetId: !Ref A, PrivateIpAddress: "`+address+`"}}
`)...)
		designtest.Check(t, d)
		nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
		properties := design.Maps(design.At(nic.Body, "properties.ipConfigurations"))[0]
		if got := design.Text(properties, "properties.privateIPAddress"); (got != "") != kept {
			t.Errorf("%s becomes %q", address, got)
		}
		told := strings.Contains(strings.Join(designtest.Decision(t, d, "Web").ToDo, "\n"), "cannot give")
		if told == kept {
			t.Errorf("%s: told %v", address, told)
		}
	}
}
