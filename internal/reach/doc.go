// Package reach computes who may send packets to whom, on AWS from security
// groups, network ACLs, routes, peerings and endpoints, and on Azure from
// network security groups, application security groups, routes and the
// defaults, as exact sets of (source, target, protocol, ports), and compares
// the two.
//
// It judges configuration, not traffic: whether a packet was ever sent is for
// package graph to say. It does no I/O; package design/proof feeds it.
package reach
