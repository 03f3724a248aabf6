package view

import (
	"fmt"
	"strings"
)

// ProxyChecked is the result of "landfall proxy --check".
type ProxyChecked struct {
	File        string          `json:"file"`
	Fingerprint string          `json:"fingerprint"`
	Listeners   []ProxyListener `json:"listeners"`
	Sides       []ProxySide     `json:"sides"`
	Routes      []ProxyRoute    `json:"routes"`
}

// ProxyListener is an address that a proxy takes requests at.
type ProxyListener struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	TLS     bool   `json:"tls"`
}

// ProxySide is a side with its endpoints.
type ProxySide struct {
	Name      string   `json:"name"`
	Endpoints []string `json:"endpoints"`
	// Checked says that the endpoints' health is asked for.
	Checked bool `json:"checked"`
}

// ProxyRoute is a route, in the order in which they are tried. Weights are in
// basis points.
type ProxyRoute struct {
	Name    string        `json:"name"`
	Match   string        `json:"match"`
	Cohorts []string      `json:"cohorts,omitempty"`
	Weights []ProxyWeight `json:"weights"`
	Shadow  string        `json:"shadow,omitempty"`
}

// ProxyWeight is a side's part of a route.
type ProxyWeight struct {
	Side        string `json:"side"`
	BasisPoints int    `json:"basisPoints"`
}

// Text writes the result for a person.
func (r ProxyChecked) Text(p *Paper) {
	rows := [][]string{{"ROUTE", "MATCH", "GOES TO", "COHORTS FIRST", "COPIES TO"}}
	for _, route := range r.Routes {
		var parts []string
		for _, w := range route.Weights {
			parts = append(parts, fmt.Sprintf("%s %g%%", w.Side, float64(w.BasisPoints)/100))
		}
		rows = append(rows, []string{route.Name, route.Match, strings.Join(parts, ", "), strings.Join(route.Cohorts, ", "), route.Shadow})
	}
	p.Table(rows)
	p.Line("")
	for _, s := range r.Sides {
		if !s.Checked {
			p.Line("%s side %s has no health check: only failed requests show that an endpoint is down", p.Mark(Unknown), s.Name)
		}
	}
	p.Line("%s %s, %s, %s: sound", r.File, plural(int64(len(r.Listeners)), "listener", "listeners"), plural(int64(len(r.Sides)), "side", "sides"), plural(int64(len(r.Routes)), "route", "routes"))
	p.Line("next: landfall proxy --config %s", r.File)
}
