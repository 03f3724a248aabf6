package graph

import (
	"time"

	"example.com/landfall/internal/cloud"
)

// Observed is what logs say about who talks to whom. Lists may come in any
// order and may hold the same thing twice from two files.
type Observed struct {
	Conversations []Conversation
	Uses          []Use
	Requests      []Request
	// Inputs are the fingerprints ("sha256:<hex>") of what was read, by name.
	Inputs map[string]string
	// From and To bound the time that the logs cover (UTC); zero when empty.
	From, To time.Time
}

// Endpoint is one end of a conversation, as far as the log names it.
type Endpoint struct {
	// Address is an IP address: the packet's own where the log has it
	// (pkt-srcaddr), so that NAT and transit gateways are seen through.
	Address   string        `json:"address"`
	Interface string        `json:"interface,omitempty"` // eni-…
	Instance  string        `json:"instance,omitempty"`  // i-…
	VPC       string        `json:"vpc,omitempty"`
	Subnet    string        `json:"subnet,omitempty"`
	Account   cloud.Account `json:"account,omitempty"`
	// Service is AWS's name for the range of the address ("S3", "DYNAMODB",
	// "AMAZON"), from the log or from the published ranges.
	Service string `json:"service,omitempty"`
}

// Conversation is all traffic of one client with one server port.
type Conversation struct {
	// Client and Server may be shared between conversations; neither is nil.
	Client, Server *Endpoint
	Port           int
	// Protocol is "tcp", "udp", "icmp" or the IANA number.
	Protocol string
	// Bytes and Packets are of both directions together; Flows counts the flow
	// records.
	Bytes, Packets, Flows int64
	First, Last           time.Time
	// Refused says that the packets were accepted by the rules, but the server
	// never answered with data: no dependency.
	Refused bool
	// Rejected says that a rule rejected all of it (action REJECT).
	Rejected bool
	// Sure is how sure it is which end is the server, 0 to 1.
	Sure float64
	// Source names the log: "flow-logs".
	Source string
}

// Use is what one principal did to one resource or service by API.
type Use struct {
	// Principal is the ARN of the role or user behind the session, or the name
	// of the AWS service ("autoscaling.amazonaws.com").
	Principal string
	// Session is the role session's name: an instance id for an instance
	// profile, a function's name for Lambda.
	Session string
	// Service is the event source without ".amazonaws.com"; Action the event name.
	Service, Action string
	// Resource is the ARN or name that the event names, "" when none.
	Resource      string
	ReadOnly      bool
	DataEvent     bool
	Count, Errors int64
	// Agent and Address are one caller's, the first in order of time.
	Agent, Address string
	Account        cloud.Account
	Region         cloud.Region
	First, Last    time.Time
}

// Request sums up requests of access logs from one front to one target.
type Request struct {
	// Front is the load balancer's, distribution's or bucket's name in the log.
	Front string
	// Target is "address:port", a function's ARN, or "" when none was chosen.
	Target string
	// TargetGroup is the ARN, where the log has it.
	TargetGroup string
	// Host is the requested name, Port the listener's.
	Host          string
	Port          int
	Count, Errors int64
	Bytes         int64
	First, Last   time.Time
	// Source is "alb", "nlb", "classic-elb", "cloudfront", "s3".
	Source string
}
