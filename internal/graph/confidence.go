package graph

import "example.com/landfall/internal/graph/refs"

// The grounds of an edge. Configuration and policies are what was intended,
// logs are what happened; each says something that the other cannot.
const (
	fromConfiguration = "configuration"
	fromPolicy        = "policy"
	fromConvention    = "convention"
	fromAnswers       = "answers"
	fromFlowLogs      = "flow-logs"
	fromTrail         = "cloudtrail"
)

// How sure one ground makes an edge. Within one group of grounds the best
// counts, and the two groups are taken as independent: see combine.
const (
	sureReference  = 0.95 // a template's own reference
	sureID         = 0.9  // an id or an ARN
	sureHost       = 0.85 // a DNS name or an endpoint
	sureAddress    = 0.75 // an IP address, which may be another's tomorrow
	sureName       = 0.8  // a name, and the property tells the kind
	sureText       = 0.6  // a name in free text
	sureConvention = 0.7  // AWS names it so ("/aws/lambda/<function>")
	surePolicy     = 0.5  // a permission for this resource: allowed, not done
	surePattern    = 0.4  // a permission for a pattern that the resource matches
	sureCondition  = 0.8  // factor for a permission under a condition
	surePotential  = 0.2  // a rule that would let it happen
	sureAnswer     = 0.9  // a person said so
	sureTalked     = 0.9  // flow logs saw data both ways; times the certainty of who is the server
	sureCalled     = 0.95 // CloudTrail recorded the call
	sureRequested  = 0.9  // an access log recorded the request
)

func sureOf(how refs.How) float64 {
	switch how {
	case refs.ByReference:
		return sureReference
	case refs.ByID:
		return sureID
	case refs.ByHost:
		return sureHost
	case refs.ByAddress:
		return sureAddress
	case refs.ByName:
		return sureName
	case refs.ByText:
		return sureText
	}
	return sureText
}

// Observed reports whether the evidence is a log of what happened, rather than
// a configuration, a permission, a convention or an answer.
func (e Evidence) Observed() bool { return observed(e.Source) }

// observed reports whether a ground is a log of what happened.
func observed(source string) bool {
	switch source {
	case fromConfiguration, fromPolicy, fromConvention, fromAnswers:
		return false
	}
	return true
}

// combine gives the confidence of an edge: 1 - (1-configured)(1-observed), at
// most 0.99, because nothing here is proof. An edge that is configured and
// seen stands above one that is only either.
func combine(configured, seen float64) float64 {
	c := 1 - (1-configured)*(1-seen)
	// Two digits: what lies behind them is not known.
	return min(0.99, float64(int(c*100+0.5))/100)
}
