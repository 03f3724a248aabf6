package reach

import "net/netip"

// Network is what decides over packets on one side. The words are neutral: a
// Space is a VPC or a VNet, a Filter a security group, a network ACL or a
// network security group.
type Network struct {
	Spaces     []Space
	Subnets    []Subnet
	Filters    []Filter
	Tables     []Table
	Links      []Link
	Transits   []Transit
	NATs       []NAT
	Interfaces []Interface
	// Doubts lists what could not be read out of the configuration; those that
	// concern a compared endpoint's space become part of Proof.Undecided.
	Doubts []Doubt
}

// Doubt is something that is not known of a space, or with Space "" of all.
type Doubt struct{ Space, Text string }

// Space is a VPC or a VNet with its blocks of addresses.
type Space struct {
	ID, Name string
	Prefixes []netip.Prefix
}

// Subnet is a part of a space. Filter is the network ACL or the NSG that it is
// associated with, Table its route table, "" for none.
type Subnet struct {
	ID, Name, Space string
	Prefixes        []netip.Prefix
	Filter, Table   string
	// NAT says that a NAT gateway of Azure is attached, Outbound that Azure's
	// default outbound access is not switched off.
	NAT, Outbound bool
}

// Filter is a set of rules. Those of a security group only allow, and their
// order does not matter; those of a network ACL and of an NSG are tried in
// order.
type Filter struct {
	ID, Name string
	In, Out  []Rule
}

// Rule lets packets through, or stops them.
type Rule struct {
	Name string
	// Order is the number of an ACL's entry, or the priority of an NSG's rule.
	Order int
	Deny  bool
	// Protocol is the IP protocol number, -1 for all.
	Protocol int
	// Ports are destination ports, for ICMP type<<8|code; none means all.
	Ports []Range
	// SourcePorts are those of TCP and UDP; none means all. Only NSGs have them.
	SourcePorts []Range
	From, To    Peers
	// Unknown says why it is not known what the rule matches.
	Unknown string
}

// Range is a run of ports, both ends included.
type Range struct{ First, Last uint16 }

// Peers are the parties that a rule names.
type Peers struct {
	// Any is everything, IPv4 and IPv6.
	Any      bool
	Prefixes []netip.Prefix
	// Labels are ids of security groups or application security groups.
	Labels []string
	// Tags are service tags or AWS-managed prefix lists: blocks of addresses
	// that only the operator of the cloud knows. VirtualNetwork, Internet and
	// AzureLoadBalancer have the meaning that Azure gives them.
	Tags []string
}

// Table is a route table.
type Table struct {
	ID, Name string
	Routes   []Route
}

// Route sends what goes to a prefix, or to a tag's addresses, to a next hop.
type Route struct {
	Prefix netip.Prefix
	Tag    string
	Hop    Hop
	// Via is the id of the NAT, link or transit.
	Via string
	// Learned routes give way to configured ones for the same prefix.
	Learned bool
}

// Hop is a kind of next hop.
type Hop string

// The next hops.
const (
	HopLocal      Hop = "local"
	HopInternet   Hop = "internet"    // internet gateway; Azure's Internet
	HopNAT        Hop = "nat"         // NAT gateway as a route's target
	HopEgressOnly Hop = "egress-only" // egress-only internet gateway
	HopLink       Hop = "link"        // peering
	HopTransit    Hop = "transit"     // transit gateway, Virtual WAN hub
	HopPremises   Hop = "premises"    // VPN, Direct Connect, virtual network gateway
	HopService    Hop = "service"     // gateway endpoint, service endpoint
	HopNone       Hop = "none"        // blackhole; Azure's None
	HopUnknown    Hop = "unknown"     // what forwards is a machine or a firewall
)

// Link is a peering of two spaces. It carries packets both ways and no further.
type Link struct{ ID, A, B string }

// Transit joins spaces by route tables of its own.
type Transit struct {
	ID          string
	Attachments []Attachment
	Tables      []Table
	// Labels says that security groups may be referenced through it.
	Labels bool
}

// Attachment is a space, or (with Space "") something outside, at a transit.
// Its packets are routed by Table, whose routes name attachments in Via. What
// comes out at it for an address that its space lacks goes on by the routes of
// the Subnets that it has interfaces in.
type Attachment struct {
	ID, Space, Table string
	Subnets          []string
}

// NAT is a NAT gateway that routes name.
type NAT struct{ ID, Subnet string }

// Interface is an endpoint: something with an address and filters of its own.
type Interface struct {
	ID, Name string
	// Places are where it may stand, more than one for a group of machines or
	// for a service with a node in each zone.
	Places []Place
	// Labels are the security groups, or the application security groups, that
	// it is in.
	Labels []string
	// Filter is the NSG on the network interface itself.
	Filter string
	// Public says that it has a public address of its own.
	Public bool
	// Closed says that its public address and its balancers let nothing in
	// unless an NSG does: those of Standard SKU before a machine.
	Closed bool
	// Exposed are the ports on which a balancer without proxy lets the internet
	// in, the client's address being kept.
	Exposed []Range
	// Doors are the further ways to it through balancers of AWS that hand packets
	// on.
	Doors []Door
	// Many says that it stands for several machines, which also talk to each
	// other.
	Many bool
	// Open says that no filter is applied to what comes in.
	Open bool
	// Translated says that a balancer gives its packets to the internet an
	// address.
	Translated bool
	// Dual says that it has IPv6 addresses beside IPv4 ones, where they are not
	// known.
	Dual bool
	// Mute endpoints never open connections, Deaf ones never accept any.
	Mute, Deaf bool
	// API says that it is the API server of a cluster, nil for all else.
	API *API
}

// Door is a way to an interface through a balancer that hands packets on, which
// counts as a connection with the interface itself: to its own port.
type Door struct {
	// Name says which balancer it is.
	Name string
	// Listen is where clients knock with Protocol, Port what the interface hears.
	Protocol     int
	Listen, Port uint16
	// Public doors are for the internet alone, others for the networks.
	Public bool
	// Places are the balancer's, one in each zone; Dual says that it has IPv6
	// addresses there, too.
	Places []Place
	Dual   bool
	// Labels are its security groups, which clients pass first.
	Labels []string
	// Kept says that the interface sees the client's address, not the balancer's.
	Kept bool
	// Entry is where clients of another network knock instead, nil for none.
	Entry *Entry
}

// Entry is an endpoint that leads to a balancer of another network. Asked says
// that the balancer's groups are asked about the client, too.
type Entry struct {
	Name   string
	Places []Place
	Labels []string
	Asked  bool
}

// API is what is said of an API server beside its interfaces in the network.
type API struct {
	// Public says that it has an address of the internet, which From may reach.
	Public bool
	From   []netip.Prefix
	// Unknown says why it is not known who reaches it.
	Unknown string
}

// Place is a subnet, and the address in it where that is known.
type Place struct {
	Subnet  string
	Address netip.Addr
}

// Pairing says what stands for what.
type Pairing struct {
	// Ends pairs ids of interfaces.
	Ends []Pair
	// Blocks translate addresses; what stands in none is itself on both sides.
	Blocks []BlockPair
	// Tags name, by the target's tag, the source's tag for the same addresses.
	Tags map[string]string
	// Expected are packets that the target's platform demands.
	Expected []Expected
	// Accepted are the reasons for differences that people accepted, by name.
	Accepted map[string]string
}

// Pair is an interface at the source and what takes its place. Ports says
// where the target listens elsewhere than the source did.
type Pair struct {
	Source, Target string
	Ports          []PortPair
}

// PortPair is a TCP port of the source and the one that the target listens on
// instead.
type PortPair struct{ Source, Target uint16 }

// BlockPair is a block of addresses at the source and what it becomes. Blocks
// of equal length correspond address by address.
type BlockPair struct{ Source, Target netip.Prefix }

// Expected declares that a platform cannot do without a rule of the target.
type Expected struct {
	// Rule is how the rule is called in Difference.TargetRule.
	Rule   string
	Reason string
}
