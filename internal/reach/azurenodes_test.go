package reach

import (
	"strings"
	"testing"
)

// TestWayOutOfAKS: machines of AKS get to the Internet by what AKS makes, which
// it does unless the cluster says otherwise, or by addresses of their own; those
// of EKS by the routes of their subnets and addresses alone (Microsoft Learn,
// "Customize cluster egress with outbound types in Azure Kubernetes Service
// (AKS)").
func TestWayOutOfAKS(t *testing.T) {
	t.Parallel()
	const open, shut = `,"MapPublicIpOnLaunch":true`, ``
	for name, c := range map[string]struct {
		subnet, template, cluster, pool string
		want                            string
	}{
		"AKS's own balancer before machines without a way": {shut, "", `"networkProfile":{"outboundType":"loadBalancer"}`, "", "network.wider:n:0.0.0.0/0:any:all"},
		"nothing said, which means a balancer":             {shut, "", `"networkProfile":{}`, "", "network.wider:n:0.0.0.0/0:any:all"},
		"AKS's own gateway":                                {shut, "", `"networkProfile":{"outboundType":"managedNATGateway"}`, "", "network.wider:n:0.0.0.0/0:any:all"},
		"addresses of the machines":                        {shut, "", `"networkProfile":{"outboundType":"none"}`, `,"enableNodePublicIP":true`, "network.wider:n:0.0.0.0/0:any:all"},
		"none on both sides":                               {shut, "", `"networkProfile":{"outboundType":"none"}`, "", ""},
		"addresses on both sides":                          {open, "", `"networkProfile":{"outboundType":"none"}`, `,"enableNodePublicIP":true`, ""},
		"a balancer in place of addresses":                 {open, "", `"networkProfile":{"outboundType":"loadBalancer"}`, "", ""},
		"none in place of addresses":                       {open, "", `"networkProfile":{"outboundType":"none"}`, "", "network.narrower:n:0.0.0.0/0:any:all"},
		"routes that lead nowhere":                         {open, "", `"networkProfile":{"outboundType":"userDefinedRouting"}`, "", "network.narrower:n:0.0.0.0/0:any:all"},
		"addresses that a template takes away":             {open, "false", `"networkProfile":{"outboundType":"none"}`, "", ""},
	} {
		a := &account{}
		a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
		a.add(t, "AWS::EC2::Subnet", "s1", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"`+c.subnet+`}`)
		a.add(t, "AWS::EC2::Subnet", "s2", `{"VpcId":"vpc","CidrBlock":"10.0.2.0/24"}`)
		a.add(t, "AWS::EC2::InternetGateway", "igw-1", `{}`)
		a.add(t, kindTable, "out", `{"VpcId":"vpc"}`)
		a.add(t, kindAssociation, "on1", `{"SubnetId":"s1","RouteTableId":"out"}`)
		a.add(t, kindRoute, "r", `{"RouteTableId":"out","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`)
		// The cluster names a subnet beside those of its machines.
		a.add(t, kindCluster, "k", `{"ResourcesVpcConfig":{"SubnetIds":["s1","s2"]}}`)
		template := ""
		if c.template != "" {
			a.add(t, "AWS::EC2::LaunchTemplate", "lt", `{"LaunchTemplateData":{"NetworkInterfaces":[{"AssociatePublicIpAddress":`+c.template+`}]}}`)
			template = `,"LaunchTemplate":{"Id":"lt"}`
		}
		a.add(t, kindNodes, "n", `{"ClusterName":"k","Subnets":["s1"]`+template+`}`)
		target := FromAzure(azureBodies(t, `[
	{"id":"/n/v","type":"Microsoft.Network/virtualNetworks","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
	{"id":"/n/v/subnets/s1","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.0.1.0/24","defaultOutboundAccess":false,"networkSecurityGroup":{"id":"/n/g"}}},
	{"id":"/n/g","type":"Microsoft.Network/networkSecurityGroups","properties":{"securityRules":[
		{"name":"own","properties":{"access":"Allow","direction":"Inbound","priority":100,"protocol":"*","sourceAddressPrefix":"10.0.1.0/24","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}},
		{"name":"in","properties":{"access":"Deny","direction":"Inbound","priority":110,"protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}}]}},
	{"id":"/n/k","type":"Microsoft.ContainerService/managedClusters","properties":{`+c.cluster+`,"agentPoolProfiles":[{"vnetSubnetID":"/n/v/subnets/s1"`+c.pool+`}]}},
	{"id":"/n/k/agentPools/n","type":"Microsoft.ContainerService/managedClusters/agentPools","properties":{"vnetSubnetID":"/n/v/subnets/s1"`+c.pool+`}}]`))
		for _, end := range []Pair{{Source: "k", Target: "/n/k"}, {Source: "n", Target: "/n/k/agentpools/n"}} {
			proof := Compare(FromAWS(a.list, a.find), target, Pairing{Ends: []Pair{end}})
			var got []string
			for _, d := range proof.Differences {
				got = append(got, d.Name)
			}
			text, want := strings.Join(got, " "), strings.Replace(c.want, ":n:", ":"+end.Source+":", 1)
			if want == "" && text != "" || !strings.Contains(text, want) || len(proof.Undecided) > 0 {
				t.Errorf("%s, %s: %q, want %q (%v)", name, end.Source, text, want, proof.Undecided)
			}
		}
	}
}

// TestMadeIPv6 lists when AWS adds the rule that lets all of IPv6 out.
func TestMadeIPv6(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vpc, block string
		changed    bool
		group      string
		want       bool
	}{
		"no IPv6":                          {``, ``, false, `"GroupName":"x",`, false},
		"from the beginning":               {`,"Ipv6CidrBlockAssociationSet":[{"Ipv6CidrBlock":"2001:db8::/56"}]`, ``, true, `"GroupName":"x",`, true},
		"later, and nothing was changed":   {``, `{"VpcId":"vpc","AmazonProvidedIpv6CidrBlock":true}`, false, `"GroupName":"x",`, true},
		"later, and something was changed": {``, `{"VpcId":"vpc","AmazonProvidedIpv6CidrBlock":true}`, true, `"GroupName":"x",`, false},
	} {
		a := &account{}
		a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"`+c.vpc+`}`)
		a.add(t, kindGroup, "g", `{`+c.group+`"VpcId":"vpc"}`)
		if c.block != "" {
			a.add(t, "AWS::EC2::VPCCidrBlock", "six", c.block)
		}
		i := NewImplied(a.list, a.find)
		for _, r := range a.list {
			if r.Kind == kindGroup && i.OpensIPv6(r, "vpc", c.changed) != c.want {
				t.Errorf("%s: %v", name, !c.want)
			}
		}
	}
}
