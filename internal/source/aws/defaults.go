package aws

import (
	"slices"
	"sync"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// defaults finds the parts of default VPCs. AWS makes one in each region, with
// a gateway and a main route table that do not say so themselves ("Default
// VPCs", Amazon VPC User Guide); which VPC is the default one is told by
// another call, so that the marks follow at the end.
type defaults struct {
	mu    sync.Mutex
	vpcs  map[string]bool
	parts []defaultPart
}

// defaultPart is something that is AWS's own if its VPC is a default one.
type defaultPart struct {
	vpc   string
	table string // its route table, if the VPC is not told
	of    inventory.Resource
}

// note looks at a resource that was read.
func (d *defaults) note(r inventory.Resource, at kinds.Place) {
	if r.Kind.Service() != "EC2" {
		return
	}
	text := func(name string) string { s, _ := r.Properties[name].(string); return s }
	bare := inventory.Resource{ID: r.ID, Kind: r.Kind, Account: r.Account, Region: r.Region}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch r.Kind {
	case "AWS::EC2::VPC":
		if slices.Contains(r.Marks, inventory.Default) {
			d.vpcs[text("VpcId")] = true
		}
	case "AWS::EC2::RouteTable":
		if main, _ := r.Attributes["Main"].(bool); main {
			d.parts = append(d.parts, defaultPart{vpc: text("VpcId"), table: text("RouteTableId"), of: bare})
		}
	case "AWS::EC2::Route":
		d.parts = append(d.parts, defaultPart{table: text("RouteTableId"), of: bare})
	case "AWS::EC2::VPCGatewayAttachment":
		if gateway := text("InternetGatewayId"); gateway != "" {
			d.parts = append(d.parts, defaultPart{vpc: text("VpcId"), of: bare})
			bare.Kind = "AWS::EC2::InternetGateway"
			bare.ID = cloud.ResourceID(kinds.ARN(bare.Kind, at, gateway))
			d.parts = append(d.parts, defaultPart{vpc: text("VpcId"), of: bare})
		}
	}
}

// list returns the marks of the parts.
func (d *defaults) list() []inventory.Observation {
	d.mu.Lock()
	defer d.mu.Unlock()
	tables := map[string]bool{}
	for _, p := range d.parts {
		if p.table != "" && d.vpcs[p.vpc] {
			tables[p.table] = true
		}
	}
	var found []inventory.Observation
	for _, p := range d.parts {
		if d.vpcs[p.vpc] || tables[p.table] {
			p.of.Marks = []inventory.Mark{inventory.Default}
			found = append(found, inventory.Observation{Resource: p.of, Source: inventory.Live, Origin: "ec2:DescribeVpcs"})
		}
	}
	return found
}
