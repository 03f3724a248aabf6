package compute_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// managed is a managed node as the API gives it, or as AWS Config records it.
func managed(t *testing.T, config bool, instance, name, version string) inventory.Resource {
	t.Helper()
	text := fmt.Sprintf(`{"InstanceId":%q,"PlatformName":%q,"PlatformVersion":%q,"PlatformType":"Linux"}`, instance, name, version)
	if config {
		text = fmt.Sprintf(`{"ResourceId":%q,"AWS:Application":{"SchemaVersion":"1.1","Content":{"curl":{"Name":"curl"}}},"AWS:InstanceInformation":{"SchemaVersion":"1.0","Content":{%q:%s}}}`, instance, instance, text)
	}
	return designtest.Live(t, "AWS::SSM::ManagedInstanceInventory", "managed-instance-inventory/"+instance, text)
}

// What the agent reports from inside the machine is surer than what the image
// is called, and that surer than how the platform is billed.
func TestTheSurestWordDecidesTheImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, version, image, platform, offer, sku, because, todo string }{
		{"Ubuntu", "22.04", "ubuntu-noble-24.04", "Linux/UNIX", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "Systems Manager reports Ubuntu 22.04", ""},
		{"Ubuntu", "18.04", "own", "Linux/UNIX", "ubuntu-24_04-lts", "server", "Systems Manager reports Ubuntu 18.04", "on Ubuntu 24.04: Systems Manager reports Ubuntu 18.04"},
		{"Amazon Linux", "2023", "own", "Linux/UNIX", "azure-linux-3", "azure-linux-3-gen2", "Systems Manager reports Amazon Linux 2023", "on Azure Linux 3"},
		{"Red Hat Enterprise Linux", "8.6", "own", "Red Hat Enterprise Linux", "RHEL", "8-lvm-gen2", "reports Red Hat Enterprise Linux 8.6", ""},
		{"Red Hat Enterprise Linux", "9.4", "own", "Red Hat Enterprise Linux", "RHEL", "9-lvm-gen2", "reports Red Hat Enterprise Linux 9.4", ""},
		{"SLES", "15.6", "own", "SUSE Linux", "sles-15-sp6", "gen2", "reports SLES 15.6", ""},
		{"Debian GNU/Linux", "12", "own", "", "debian-12", "12-gen2", "reports Debian GNU/Linux 12", ""},
		{"Microsoft Windows Server 2019 Datacenter", "10.0.17763", "own", "Windows", "WindowsServer", "2019-datacenter-gensecond", "reports Microsoft Windows Server 2019", ""},
		{"Microsoft Windows Server 2019 Datacenter", "10.0.17763", "own", "Windows with SQL Server Enterprise", "sql2022-ws2022", "enterprise-gen2", "reports Microsoft Windows Server 2019", ""},
		{"", "", "ubuntu-jammy-22.04", "Red Hat Enterprise Linux", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "its image is named ubuntu-jammy-22.04", ""},
		{"", "", "own", "Red Hat Enterprise Linux", "RHEL", "9-lvm-gen2", "EC2 calls its platform Red Hat Enterprise Linux", ""},
		{"", "", "own", "Linux/UNIX", "ubuntu-24_04-lts", "server", "nothing says which system the image ami-1 holds", ""},
	} {
		for _, config := range []bool{false, true} {
			one := designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"InstanceId":"i-1","InstanceType":"m5.large","ImageId":"ami-1"}`)
			one.Attributes = map[string]any{"PlatformDetails": c.platform}
			resources := []inventory.Resource{one, designtest.Live(t, "AWS::EC2::Image", "image/ami-1", `{"ImageId":"ami-1","OwnerId":"099720109477","Name":"`+c.image+`"}`)}
			for i := range resources {
				if resources[i].Kind == "AWS::EC2::Image" {
					resources[i].Name = c.image
				}
			}
			if c.name != "" {
				resources = append(resources, managed(t, config, "i-1", c.name, c.version))
			}
			d := designtest.Shuffled(t, families(), resources...)
			designtest.Check(t, d)
			vm := designtest.One(t, d, "Microsoft.Compute/virtualMachines")
			at(t, vm, map[string]string{"properties.storageProfile.imageReference.offer": c.offer, "properties.storageProfile.imageReference.sku": c.sku})
			decision := of(t, d, "AWS::EC2::Instance")
			if !strings.Contains(decision.Why, c.because) || strings.Count(decision.Why, "because") != 1 {
				t.Errorf("%+v: %s", c, decision.Why)
			}
			todo := strings.Join(decision.ToDo, "\n")
			if told := strings.Contains(todo, "test the program of i-1 on "); told != (c.todo != "") || !strings.Contains(todo, c.todo) {
				t.Errorf("%+v: %s", c, todo)
			}
			if c.name != "" {
				if why := of(t, d, "AWS::SSM::ManagedInstanceInventory").Why; !strings.Contains(why, "of i-1 ("+c.name) || strings.Contains(why, "( )") {
					t.Errorf("%+v: %s", c, why)
				}
			}
		}
	}
}

func of(t *testing.T, d *design.Design, kind string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if string(one.Kind) == kind {
			return one
		}
	}
	t.Fatalf("nothing decides %s", kind)
	return design.Decision{}
}

// A group's template says no more than an image id; its members report what
// they run, and most of them decide.
func TestMembersSayWhatTheirGroupRuns(t *testing.T) {
	t.Parallel()
	resources := []inventory.Resource{
		designtest.Live(t, "AWS::EC2::LaunchTemplate", "launch-template/lt-1", `{"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","LaunchTemplateData":{"ImageId":"ami-1","InstanceType":"m5.large"}}`),
		designtest.Live(t, "AWS::AutoScaling::AutoScalingGroup", "autoScalingGroup:1:autoScalingGroupName/web", `{"AutoScalingGroupName":"web","MinSize":"1","MaxSize":"3","LaunchTemplate":{"LaunchTemplateId":"lt-1","Version":"1"}}`),
		managed(t, false, "i-1", "Debian GNU/Linux", "12"), managed(t, true, "i-2", "Ubuntu", "22.04"), managed(t, false, "i-3", "Ubuntu", "22.04"),
	}
	for _, id := range []string{"i-1", "i-2", "i-3"} {
		member := designtest.Live(t, "AWS::EC2::Instance", "instance/"+id, `{"InstanceId":"`+id+`","InstanceType":"m5.large","ImageId":"ami-9"}`)
		member.Tags = map[string]string{"aws:autoscaling:groupName": "web"}
		resources = append(resources, member)
	}
	d := designtest.Shuffled(t, families(), resources...)
	designtest.Check(t, d)
	set := designtest.One(t, d, "Microsoft.Compute/virtualMachineScaleSets")
	at(t, set, map[string]string{"properties.virtualMachineProfile.storageProfile.imageReference.offer": "0001-com-ubuntu-server-jammy"})
	if why := of(t, d, "AWS::AutoScaling::AutoScalingGroup").Why; !strings.HasSuffix(why, ". Its system is Ubuntu 22.04, because Systems Manager reports Ubuntu 22.04") {
		t.Error(why)
	}
}

// A balancer without rules costs nothing by the hour, up to five cost one
// price, and each further one its own.
func TestRulesOfALoadBalancerArePriced(t *testing.T) {
	t.Parallel()
	for listeners, want := range map[int]float64{0: 0, 1: 0.025 * 730, 5: 0.025 * 730, 7: (0.025 + 0.02) * 730} {
		text := `
Resources:
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Type: network, Subnets: [subnet-1]}}
  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: t, Port: 80, Protocol: TCP, VpcId: vpc-1}}
`
		for i := range listeners {
			text += fmt.Sprintf("  L%d: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: %d, Protocol: TCP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref T}]}}\n", i, 8000+i)
		}
		one := designtest.Decision(t, from(t, text), "Front")
		if one.Cost == nil || one.Cost.After == nil || *one.Cost.After-want > 0.001 || want-*one.Cost.After > 0.001 {
			t.Errorf("%d listeners: %+v, want %.2f", listeners, one.Cost, want)
		} else if one.Cost.Before == nil || !strings.Contains(one.Cost.Basis, "rule") {
			t.Errorf("%d listeners: %+v", listeners, one.Cost)
		}
	}
}
