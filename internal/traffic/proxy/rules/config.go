package rules

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Whole is the sum of the weights of a split: basis points.
const Whole = 10000

// Config is the whole configuration, with defaults filled in.
type Config struct {
	SchemaVersion int `yaml:"schemaVersion"`
	// Name says which proxy it is in the access log; instances that share a
	// configuration share it.
	Name string `yaml:"name"`
	// Salt makes the points of sticky keys. Another salt is another draw for everybody.
	Salt string `yaml:"salt"`
	// ProbePath is answered by the proxy itself on each listener, for load balancers.
	ProbePath string `yaml:"probePath"`
	// TrustedProxies are the networks whose forwarding headers are believed.
	TrustedProxies []string        `yaml:"trustedProxies"`
	Listeners      []Listener      `yaml:"listeners"`
	Sides          map[string]Side `yaml:"sides"`
	Routes         []Route         `yaml:"routes"`
	Shadow         ShadowLimits    `yaml:"shadow"`
	AccessLog      AccessLog       `yaml:"accessLog"`
	Drain          Drain           `yaml:"drain"`
}

// Listener is an address that takes requests. It cannot change while the proxy
// runs, except for the content of its certificates' files.
type Listener struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	// Certificates make it a TLS listener.
	Certificates []Certificate `yaml:"certificates"`
	// UnencryptedHTTP2 takes HTTP/2 with prior knowledge besides HTTP/1.1.
	UnencryptedHTTP2 bool `yaml:"unencryptedHTTP2"`
	// HeaderBytes bounds the head of a request, Connections those open at once.
	HeaderBytes int `yaml:"headerBytes"`
	Connections int `yaml:"connections"`
	// HeaderTimeout bounds the arrival of the head, BodyTimeout the wait for the
	// next bytes of a body, IdleTimeout the wait for the next request.
	HeaderTimeout Duration `yaml:"headerTimeout"`
	BodyTimeout   Duration `yaml:"bodyTimeout"`
	IdleTimeout   Duration `yaml:"idleTimeout"`
}

// Certificate names the files of a certificate chain and its key, in PEM.
type Certificate struct {
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
}

// Protocol says how endpoints of a side are spoken to.
type Protocol string

// The protocols of a side.
const (
	// Auto is HTTP/1.1 without TLS and what ALPN settles with it; gRPC goes over
	// HTTP/2 in any case.
	Auto  Protocol = "auto"
	HTTP1 Protocol = "http1"
	// HTTP2 without TLS is with prior knowledge.
	HTTP2 Protocol = "http2"
)

// Side is a place where the workload runs: endpoints that are alike.
type Side struct {
	// Endpoints are URLs without a path: "https://10.1.0.4:8443".
	Endpoints []string `yaml:"endpoints"`
	Protocol  Protocol `yaml:"protocol"`
	// Host is sent instead of the host that the user asked for, "" to keep that.
	Host        string      `yaml:"host"`
	TLS         ClientTLS   `yaml:"tls"`
	Health      Health      `yaml:"health"`
	Timeouts    Timeouts    `yaml:"timeouts"`
	Connections Connections `yaml:"connections"`
	Ejection    Ejection    `yaml:"ejection"`
	Retries     Retries     `yaml:"retries"`
	Rate        Rate        `yaml:"rate"`
}

// ClientTLS is what a side's certificates are checked with.
type ClientTLS struct {
	CAFile     string `yaml:"caFile"`
	ServerName string `yaml:"serverName"`
	CertFile   string `yaml:"certFile"`
	KeyFile    string `yaml:"keyFile"`
}

// Health is the active check of each endpoint; no path, no check.
type Health struct {
	Path     string   `yaml:"path"`
	Host     string   `yaml:"host"`
	Interval Duration `yaml:"interval"`
	Timeout  Duration `yaml:"timeout"`
	// Rise and Fall are how many answers in a row change the state.
	Rise int `yaml:"rise"`
	Fall int `yaml:"fall"`
	// Statuses are the good ones; none means 200 to 399.
	Statuses []int `yaml:"statuses"`
}

// Timeouts bound connecting, and waiting for the head of an answer.
type Timeouts struct {
	Connect Duration `yaml:"connect"`
	Header  Duration `yaml:"header"`
	Idle    Duration `yaml:"idle"`
}

// Connections bounds those to one endpoint: all, and the idle ones that are kept.
type Connections struct {
	Max  int `yaml:"max"`
	Idle int `yaml:"idle"`
}

// Ejection takes an endpoint out after so many failures in a row (5xx answers
// or no connection), for Time, then twice that, up to ten times. At most
// MaxPercent of a side are out at once.
type Ejection struct {
	Failures   int      `yaml:"failures"`
	Time       Duration `yaml:"time"`
	MaxPercent int      `yaml:"maxPercent"`
}

// Retries bounds further tries of one request, and of all: BudgetPercent of the requests.
type Retries struct {
	Max           int `yaml:"max"`
	BudgetPercent int `yaml:"budgetPercent"`
}

// Rate bounds requests; a zero PerSecond bounds nothing.
type Rate struct {
	PerSecond float64 `yaml:"perSecond"`
	Burst     int     `yaml:"burst"`
}

// Route is a rule: what matches goes to a side, or is split.
type Route struct {
	Name    string   `yaml:"name"`
	Match   Match    `yaml:"match"`
	Cohorts []Cohort `yaml:"cohorts"`
	// Side takes all that no cohort takes; Split divides it.
	Side  string `yaml:"side"`
	Split *Split `yaml:"split"`
	// Timeout bounds the whole exchange, 0 not at all; an upgraded connection is
	// never bounded by it.
	Timeout   Duration `yaml:"timeout"`
	BodyBytes int64    `yaml:"bodyBytes"`
	Rate      Rate     `yaml:"rate"`
	Shadow    *Shadow  `yaml:"shadow"`
}

// Match is what a request must have, all of it. Empty parts match everything.
type Match struct {
	// Hosts are names, or "*.name" for those one or more labels below.
	Hosts   []string     `yaml:"hosts"`
	Path    PathMatch    `yaml:"path"`
	Methods []string     `yaml:"methods"`
	Headers []ValueMatch `yaml:"headers"`
	Cookies []ValueMatch `yaml:"cookies"`
}

// PathMatch is at most one of three. A prefix ends at a slash: "/api" matches
// "/api" and "/api/x", not "/apix". An expression matches the whole path.
type PathMatch struct {
	Exact  string `yaml:"exact"`
	Prefix string `yaml:"prefix"`
	Regexp string `yaml:"regexp"`
}

// ValueMatch wants a header or cookie: with the value, with one that the
// expression matches wholly, or with any.
type ValueMatch struct {
	Name   string `yaml:"name"`
	Value  string `yaml:"value"`
	Regexp string `yaml:"regexp"`
}

// Cohort sends who has one of the values to a side, before the split.
type Cohort struct {
	Name   string   `yaml:"name"`
	Header string   `yaml:"header"`
	Cookie string   `yaml:"cookie"`
	Values []string `yaml:"values"`
	Side   string   `yaml:"side"`
}

// Split divides by weights in basis points. The key is a header, a cookie, the
// client's address, or a cookie of the proxy's own where the request has none of these.
type Split struct {
	Weights map[string]int `yaml:"weights"`
	Key     Key            `yaml:"key"`
}

// Key says what stays on a side; at most one of three.
type Key struct {
	Header string `yaml:"header"`
	Cookie string `yaml:"cookie"`
	Client bool   `yaml:"client"`
}

// Shadow copies requests to another side and compares the answers.
type Shadow struct {
	Side string `yaml:"side"`
	// Share is in basis points of the requests.
	Share int `yaml:"share"`
	// Methods are copied; none means GET, HEAD and OPTIONS. Any other reaches the
	// other side a second time, which its owner must want.
	Methods []string `yaml:"methods"`
	// Headers are compared besides the status and the body.
	Headers []string `yaml:"headers"`
	// Ignore lists paths of fields ("$.items[].id") that are not compared.
	Ignore []string `yaml:"ignore"`
	// Repeat asks the first side a second time, for safe methods, and leaves out
	// what differs there already.
	Repeat bool `yaml:"repeat"`
}

// ShadowLimits bounds all shadow traffic.
type ShadowLimits struct {
	Queue       int      `yaml:"queue"`
	Concurrency int      `yaml:"concurrency"`
	BodyBytes   int64    `yaml:"bodyBytes"`
	Timeout     Duration `yaml:"timeout"`
}

// AccessLog is the file of the access log; none, no log.
type AccessLog struct {
	File string `yaml:"file"`
}

// Drain is how a proxy goes: Notice is how long it still takes new requests
// while its probe says no, Timeout how long the running ones get after that.
type Drain struct {
	Notice  Duration `yaml:"notice"`
	Timeout Duration `yaml:"timeout"`
}

// Duration is a duration in Go's form: "1m30s".
type Duration time.Duration

// Std returns it as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns Go's form.
func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalYAML reads Go's form.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	v, err := time.ParseDuration(node.Value)
	if err != nil || v < 0 || node.Kind != yaml.ScalarNode {
		// The decoder gathers errors of its own type only, and stops at any other.
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is no duration such as 1m30s", node.Line, node.Value)}}
	}
	*d = Duration(v)
	return nil
}
