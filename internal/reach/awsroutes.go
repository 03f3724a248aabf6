package reach

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// routeTables reads route tables, their routes, and which subnet has which: its
// own, or the VPC's main one.
func (a *awsReader) routeTables() {
	for _, r := range a.byKind[kindTable] {
		a.tables[string(r.ID)] = len(a.net.Tables)
		a.net.Tables = append(a.net.Tables, Table{ID: string(r.ID), Name: r.Name})
	}
	for i := range a.net.Subnets {
		if main := a.implied.Of(cloud.ResourceID(a.net.Subnets[i].Space), kindTable); main != nil {
			a.net.Subnets[i].Table = string(main.ID)
		}
	}
	for _, r := range a.byKind[kindAssociation] {
		i, ok := a.subnets[a.id(r, r.Properties["SubnetId"], kindSubnet)]
		if table := a.id(r, r.Properties["RouteTableId"], kindTable); ok && table != "" {
			a.net.Subnets[i].Table = table
		}
	}
	for _, r := range a.byKind["AWS::EC2::Route"] {
		if i, ok := a.tables[a.id(r, r.Properties["RouteTableId"], kindTable)]; ok {
			a.net.Tables[i].Routes = append(a.net.Tables[i].Routes, a.routes(r)...)
		} else {
			a.doubt("", "route "+r.Name+": its route table "+text(r.Properties["RouteTableId"])+" is not known")
		}
	}
	a.gatewayEndpoints()
	a.propagated()
}

// routes reads one route: several for a prefix list of the customer's own.
func (a *awsReader) routes(r *inventory.Resource) []Route {
	p := r.Properties
	hop, via := a.hop(r)
	if hop == HopUnknown && via == "" {
		via = a.forwarder(r)
	}
	var out []Route
	for _, block := range prefixes(p["DestinationCidrBlock"], p["DestinationIpv6CidrBlock"]) {
		out = append(out, Route{Prefix: block, Hop: hop, Via: via, Learned: text(r.Attributes["Origin"]) == "EnableVgwRoutePropagation"})
	}
	if v := text(p["DestinationPrefixListId"]); v != "" {
		blocks, tag, ok := a.prefixList(r, v)
		switch {
		case !ok:
			a.doubt(a.spaceOfTable(r), "route "+r.Name+": prefix list "+v+" is not known")
		case tag != "":
			out = append(out, Route{Tag: tag, Hop: hop, Via: via})
		}
		for _, block := range blocks {
			out = append(out, Route{Prefix: block, Hop: hop, Via: via})
		}
	}
	if len(out) == 0 && text(p["DestinationPrefixListId"]) == "" {
		a.doubt(a.spaceOfTable(r), "route "+r.Name+": its destination is not known")
	}
	return out
}

// spaceOfTable is the VPC of a route's table.
func (a *awsReader) spaceOfTable(route *inventory.Resource) string {
	t, ok := a.find(route, route.Properties["RouteTableId"], kindTable)
	if !ok {
		return ""
	}
	return a.id(t, t.Properties["VpcId"], kindVPC)
}

// hop tells where a route leads; GatewayId names gateways of four kinds.
func (a *awsReader) hop(r *inventory.Resource) (Hop, string) {
	p := r.Properties
	if text(p["State"]) == "blackhole" || text(r.Attributes["State"]) == "blackhole" {
		return HopNone, ""
	}
	named := func(key string) string {
		v := text(p[key])
		if v == "" {
			return ""
		}
		if to, ok := a.find(r, v); ok {
			return string(to.ID)
		}
		return v
	}
	switch {
	case text(p["NatGatewayId"]) != "":
		return HopNAT, named("NatGatewayId")
	case text(p["VpcPeeringConnectionId"]) != "":
		return HopLink, named("VpcPeeringConnectionId")
	case text(p["TransitGatewayId"]) != "":
		return HopTransit, named("TransitGatewayId")
	case text(p["EgressOnlyInternetGatewayId"]) != "":
		return HopEgressOnly, ""
	case text(p["VpcEndpointId"]) != "":
		return a.endpointHop(r, p["VpcEndpointId"])
	case text(p["GatewayId"]) == "":
		return HopUnknown, ""
	}
	to, ok := a.find(r, p["GatewayId"])
	id := text(p["GatewayId"])
	switch {
	case id == "local":
		return HopLocal, ""
	case ok && to.Kind == "AWS::EC2::VPNGateway", strings.HasPrefix(id, "vgw-"):
		return HopPremises, ""
	case ok && to.Kind == "AWS::EC2::VPCEndpoint", strings.HasPrefix(id, "vpce-"):
		return a.endpointHop(r, id)
	case ok && to.Kind == "AWS::EC2::InternetGateway", strings.HasPrefix(id, "igw-"):
		return HopInternet, ""
	}
	return HopUnknown, ""
}

// endpointHop tells gateway endpoints from those of balancers for appliances,
// behind which a firewall decides.
func (a *awsReader) endpointHop(r *inventory.Resource, value any) (Hop, string) {
	e, ok := a.find(r, value, "AWS::EC2::VPCEndpoint")
	if ok && isGateway(e) || !ok && text(r.Properties["DestinationPrefixListId"]) != "" {
		return HopService, ""
	}
	return HopUnknown, ""
}

// isGateway reports whether an endpoint is one of S3's or DynamoDB's gateways,
// which is what a template means that gives no type.
func isGateway(e *inventory.Resource) bool {
	kind := text(e.Properties["VpcEndpointType"])
	return kind == "" || strings.EqualFold(kind, "Gateway")
}

// gatewayEndpoints adds the routes that AWS puts into the tables a gateway
// endpoint names.
func (a *awsReader) gatewayEndpoints() {
	for _, e := range a.byKind["AWS::EC2::VPCEndpoint"] {
		if !isGateway(e) {
			continue
		}
		route := Route{Tag: serviceTag(text(e.Properties["ServiceName"])), Hop: HopService}
		for _, v := range list(e.Properties["RouteTableIds"]) {
			i, ok := a.tables[a.id(e, v, kindTable)]
			if ok && !slices.ContainsFunc(a.net.Tables[i].Routes, func(x Route) bool { return x.Tag == route.Tag }) {
				a.net.Tables[i].Routes = append(a.net.Tables[i].Routes, route)
			}
		}
	}
}

// transits reads transit gateways. Unless switched off, all attachments use and
// feed the gateway's default table (Amazon VPC Transit Gateways, "Transit
// gateway route tables").
func (a *awsReader) transits() {
	for _, r := range a.byKind[kindTransit] {
		t := Transit{ID: string(r.ID), Labels: text(r.Properties["SecurityGroupReferencingSupport"]) == "enable"}
		standard := Table{ID: string(r.ID) + "|default", Name: r.Name + " default"}
		associates, propagates := text(r.Properties["DefaultRouteTableAssociation"]) != "disable", text(r.Properties["DefaultRouteTablePropagation"]) != "disable"
		for _, x := range append(a.byKind["AWS::EC2::TransitGatewayVpcAttachment"], a.byKind["AWS::EC2::TransitGatewayAttachment"]...) {
			if a.id(x, x.Properties["TransitGatewayId"], kindTransit) != t.ID || text(x.Attributes["ResourceType"]) == "peering" {
				continue
			}
			att := Attachment{ID: string(x.ID), Space: a.id(x, x.Properties["VpcId"], kindVPC)}
			for _, p := range a.places(x, list(x.Properties["SubnetIds"]), "") {
				att.Subnets = append(att.Subnets, p.Subnet)
			}
			if att.Space == "" && text(x.Attributes["ResourceType"]) == "vpc" {
				a.doubt("", "transit gateway "+r.Name+": the VPC of attachment "+x.Name+" is not known")
			}
			if associates && text(x.Attributes["TransitGatewayDefaultRouteTableAssociation"]) != "false" {
				att.Table = standard.ID
			}
			if propagates && text(x.Attributes["TransitGatewayDefaultRouteTablePropagation"]) != "false" {
				standard.Routes = append(standard.Routes, a.learned(att)...)
			}
			t.Attachments = append(t.Attachments, att)
		}
		for _, x := range a.outside(r) {
			att := Attachment{ID: string(x.ID)}
			if associates {
				att.Table = standard.ID
			}
			t.Attachments = append(t.Attachments, att)
		}
		t.Tables = append(t.Tables, standard)
		fed := map[string][]*inventory.Resource{}
		if propagates {
			fed[standard.ID] = a.outside(r)
		}
		a.transitTables(&t, r, fed)
		a.fedByBGP(&t, r, fed)
		a.net.Transits = append(a.net.Transits, t)
	}
}

func (a *awsReader) learned(x Attachment) []Route {
	var out []Route
	for _, s := range a.net.Spaces {
		if s.ID == x.Space {
			for _, p := range s.Prefixes {
				out = append(out, Route{Prefix: p, Hop: HopTransit, Via: x.ID, Learned: true})
			}
		}
	}
	return out
}

// transitTables reads the tables that are resources of their own.
func (a *awsReader) transitTables(t *Transit, gateway *inventory.Resource, fed map[string][]*inventory.Resource) {
	const kind, attachment = "AWS::EC2::TransitGatewayRouteTable", "TransitGatewayAttachmentId"
	at := map[string]int{}
	// Of its default table a state tells no more than the id.
	tableOf := func(r *inventory.Resource) string {
		said := text(r.Properties["TransitGatewayRouteTableId"])
		if id := a.id(r, said, kind); id != "" || said == "" {
			return id
		}
		for _, name := range []string{"AssociationDefaultRouteTableId", "PropagationDefaultRouteTableId"} {
			if text(gateway.Properties[name]) == said {
				return t.Tables[0].ID
			}
		}
		return ""
	}
	at[t.Tables[0].ID] = 0
	for _, r := range a.byKind[kind] {
		if a.id(r, r.Properties["TransitGatewayId"], kindTransit) == t.ID {
			at[string(r.ID)] = len(t.Tables)
			t.Tables = append(t.Tables, Table{ID: string(r.ID), Name: r.Name})
		}
	}
	attached := func(r *inventory.Resource) *Attachment {
		id := a.id(r, r.Properties[attachment], "AWS::EC2::TransitGatewayVpcAttachment", "AWS::EC2::TransitGatewayAttachment")
		if x := a.attachedAs(gateway, text(r.Properties[attachment])); id == "" && x != nil {
			id = string(x.ID)
		}
		i := slices.IndexFunc(t.Attachments, func(x Attachment) bool { return x.ID == id })
		if i < 0 {
			return nil
		}
		return &t.Attachments[i]
	}
	for _, r := range a.byKind["AWS::EC2::TransitGatewayRouteTableAssociation"] {
		table := tableOf(r)
		if x := attached(r); x != nil && table != "" {
			x.Table = table
		}
	}
	for _, r := range a.byKind["AWS::EC2::TransitGatewayRouteTablePropagation"] {
		i, ok := at[tableOf(r)]
		if x := attached(r); ok && x != nil {
			t.Tables[i].Routes = append(t.Tables[i].Routes, a.learned(*x)...)
			if out := a.attachedAs(gateway, text(r.Properties[attachment])); out != nil {
				fed[t.Tables[i].ID] = append(fed[t.Tables[i].ID], out)
			}
		}
	}
	for _, r := range a.byKind["AWS::EC2::TransitGatewayRoute"] {
		i, ok := at[tableOf(r)]
		if !ok {
			continue
		}
		for _, block := range prefixes(r.Properties["DestinationCidrBlock"]) {
			route := Route{Prefix: block, Hop: HopNone}
			if x := attached(r); x != nil {
				route.Hop, route.Via = HopTransit, x.ID
			} else if !truth(r.Properties["Blackhole"]) {
				route.Hop = HopUnknown
			}
			t.Tables[i].Routes = append(t.Tables[i].Routes, route)
		}
	}
}
