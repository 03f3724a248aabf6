package rules

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// standard returns the values of what a file leaves out. They go into the
// structures before decoding, so that an explicit zero stays one.
func standard() Config {
	return Config{
		Name: "landfall-proxy", ProbePath: "/.landfall/healthz",
		Shadow: ShadowLimits{Queue: 256, Concurrency: 8, BodyBytes: 256 << 10, Timeout: Duration(10 * time.Second)},
		Drain:  Drain{Notice: Duration(10 * time.Second), Timeout: Duration(30 * time.Second)},
	}
}

func standardListener() Listener {
	return Listener{
		HeaderBytes: 64 << 10, Connections: 20000,
		HeaderTimeout: Duration(10 * time.Second), BodyTimeout: Duration(60 * time.Second), IdleTimeout: Duration(90 * time.Second),
	}
}

func standardSide() Side {
	return Side{
		Protocol:    Auto,
		Health:      Health{Interval: Duration(5 * time.Second), Timeout: Duration(2 * time.Second), Rise: 2, Fall: 3},
		Timeouts:    Timeouts{Connect: Duration(3 * time.Second), Header: Duration(60 * time.Second), Idle: Duration(60 * time.Second)},
		Connections: Connections{Max: 2000, Idle: 256},
		Ejection:    Ejection{Failures: 5, Time: Duration(10 * time.Second), MaxPercent: 50},
		Retries:     Retries{Max: 1, BudgetPercent: 10},
	}
}

func standardRoute() Route {
	return Route{BodyBytes: 100 << 20}
}

func standardShadow() Shadow { return Shadow{Share: Whole, Repeat: true} }

// UnmarshalYAML decodes over the defaults.
func (l *Listener) UnmarshalYAML(node *yaml.Node) error {
	type plain Listener
	*l = standardListener()
	return node.Decode((*plain)(l))
}

// UnmarshalYAML decodes over the defaults.
func (s *Side) UnmarshalYAML(node *yaml.Node) error {
	type plain Side
	*s = standardSide()
	return node.Decode((*plain)(s))
}

// UnmarshalYAML decodes over the defaults.
func (r *Route) UnmarshalYAML(node *yaml.Node) error {
	type plain Route
	*r = standardRoute()
	return node.Decode((*plain)(r))
}

// UnmarshalYAML decodes over the defaults.
func (s *Shadow) UnmarshalYAML(node *yaml.Node) error {
	type plain Shadow
	*s = standardShadow()
	return node.Decode((*plain)(s))
}
