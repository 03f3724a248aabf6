// Package route53 leads a name of a Route 53 zone: it gives the target a share
// by weighted record sets, and keeps how the name was in a TXT record beside it.
//
// A change is one batch, which Route 53 makes whole or not at all. It deletes
// record sets by their whole content, so a batch that rests on what somebody
// changed meanwhile is refused by the service.
//
// A name with one plain record set for a type gets a second one beside it. A
// name with a routing policy of its own (weighted, latency, failover, geography,
// multivalue) is moved under a helper name with its policy, to which the name
// leads by weight. The package measures nothing: what users get, resolvers and
// fronts tell.
package route53
