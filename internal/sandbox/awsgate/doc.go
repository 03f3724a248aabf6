// Package awsgate is the AWS endpoint of the sandbox: every client, SDK and
// command line talks to it and to nothing else.
//
// It stands in front of moto (the control plane) and versitygw (the bytes of
// S3), passes calls on unchanged, and adds what they lack: CloudTrail as the
// true record of every call (trail), the services that moto answers badly
// (recorder, metrics, nodes), the split of S3 between the two servers
// (objects), and faults on demand (faultplan).
//
// It verifies no signature and enforces no policy: the sandbox has no secrets
// to protect, and moto accepts every key too. It listens nowhere by itself;
// the supervisor of the sandbox serves it on loopback.
//
// A call goes: parse (awsapi) -> who (identity) -> fault? -> a service of the
// gate, or S3, or moto -> observers. Under /_landfall/ there are endpoints for
// the sandbox itself; they answer loopback clients only.
//
// Invariants: an answer of moto leaves byte for byte as it came; bodies of
// objects are streamed and never held whole; a call is in the trail before a
// later LookupEvents is answered; after Close nothing runs any more.
package awsgate
