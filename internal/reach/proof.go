package reach

// Proof is the comparison of both sides.
type Proof struct {
	// Equal says that both sides let the same packets through, nothing being
	// undecided, apart from what the target's platform demands for itself: the
	// differences whose name begins with "network.platform:".
	Equal bool `json:"equal"`
	// Endpoints counts the ordered pairs of endpoints that were compared, and the
	// endpoints that were compared with everything else.
	Endpoints int `json:"endpoints"`
	// Differences are packets that one side passes and the other does not, one
	// example for each pair of deciding rules.
	Differences []Difference `json:"differences"`
	// Undecided is what could not be computed, with the reason.
	Undecided []string `json:"undecided"`
}

// Difference is a packet that only one side lets through.
type Difference struct {
	// Name is stable between runs, so that it can be accepted by name.
	Name string `json:"name"`
	// Wider says that the target passes it and the source does not; otherwise
	// it is the other way round.
	Wider bool `json:"wider"`
	// From and To name endpoints by source id, or blocks of addresses.
	From string `json:"from"`
	To   string `json:"to"`
	// Packet is a concrete one: "tcp 203.0.113.7 -> 10.20.10.5 port 443".
	Packet   string `json:"packet"`
	Protocol string `json:"protocol"`
	// Ports are all ports that the difference concerns ("443", "1-1023", "all").
	Ports string `json:"ports"`
	// SourceRule and TargetRule are what decides on each side.
	SourceRule string `json:"sourceRule"`
	TargetRule string `json:"targetRule"`
	Accepted   string `json:"accepted,omitempty"`
}
