// Package awsapi is the wire form of the AWS APIs, as a server sees it: a
// request becomes a Call (service, operation, caller, decoded input), and a
// result or an Error becomes the answer in the protocol the caller spoke.
//
// It knows the six protocols of AWS (awsJson 1.0 and 1.1, query, ec2 query,
// rest-json, rest-xml, rpc-v2-cbor) and, from a table generated out of
// botocore's models (gen/, table.txt), the name of every operation.
//
// It is not an AWS client, holds no state beyond its table, and validates no
// input against shapes: members keep the spelling of the request.
//
// The gate (package awsgate) builds Calls and sends answers; a service that
// the gate answers by itself implements Service, and whoever wants to know
// what happened implements Observer.
//
// Invariants: parsing never panics on any request and never reads more of a
// body than its limit; an answer is encoded with sorted members, so equal
// results are equal bytes.
package awsapi
