// Package reach computes who may send packets to whom, on AWS from security
// groups, network ACLs, routes, peerings and endpoints, and on Azure from
// network security groups, application security groups, routes and the
// defaults, as exact sets of (source, target, protocol, ports), and compares
// the two.
//
// FromAWS and FromAzure read a Network out of an inventory and out of ARM
// bodies; Compare takes two Networks and a Pairing of their endpoints and
// blocks of addresses.
//
// What is compared are connections: a packet passes when an answer comes back.
// Clients use source ports from 1024 on; TCP and UDP answers go back there, an
// ICMP echo wants its reply, other ICMP messages want none. Sets of protocols
// and ports are intervals on one line, so no port is left out. Addresses are
// cut into cells that no rule and no route around an endpoint tells apart, and
// one address of each cell is asked for, so no address is left out either.
// Endpoints whose address is not known stand for every cell of their subnet.
// Not compared are link-local addresses, multicast, packets to the platform's
// own addresses, and GRE and IP in IP unless a rule of the source names them,
// since Azure's networks carry neither.
//
// What a Network Load Balancer hands on counts as a connection with its target,
// to the target's port: through the balancer's own security groups, the network
// ACLs on both sides of it, and the target's groups, which see the client's
// address or the balancer's; by way of an endpoint where the owner's services
// are reached over PrivateLink. Of a cluster's API server only port 443 is
// compared, by its interfaces in the network and by its public address.
//
// What cannot be computed (values that a template leaves open, routes through
// machines and firewalls, routes that BGP learns, hubs of Virtual WAN with
// routing of their own) is listed as undecided by name, with the block that
// would decide it where there is one, and the packets it concerns are not called
// equal. Blocks that only the operators of the clouds know (service tags, AWS's
// prefix lists) are taken to be parts of the internet that no other rule's block
// overlaps; whose a prefix list is that is known by id alone, the route of a
// gateway endpoint tells.
//
// It judges configuration, not traffic: whether a packet was ever sent is for
// package graph to say. It does no I/O; package design/proof feeds it.
package reach
