package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// SandboxPart is one server of the sandbox, or a service that its supervisor
// hosts.
type SandboxPart struct {
	Name          string   `json:"name"`
	State         string   `json:"state"`
	Addresses     []string `json:"addresses"`
	PID           int      `json:"pid"`
	MemoryBytes   int64    `json:"memoryBytes"`
	UptimeSeconds float64  `json:"uptimeSeconds"`
	Restarts      int      `json:"restarts"`
	Log           string   `json:"log"`
	Trouble       string   `json:"trouble,omitempty"`
}

// SandboxStage is one step of the start and how long it took.
type SandboxStage struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// SandboxStatus is the result of "landfall sandbox status" and "up".
type SandboxStatus struct {
	Phase         string            `json:"phase"`
	Workspace     string            `json:"workspace"`
	UptimeSeconds float64           `json:"uptimeSeconds"`
	Parts         []SandboxPart     `json:"parts"`
	Stages        []SandboxStage    `json:"stages"`
	Endpoints     map[string]string `json:"endpoints"`
	Logs          string            `json:"logs"`
	Trouble       string            `json:"trouble,omitempty"`
	// Already and Swept are told by "up" alone: it was up before, and which
	// processes of a dead supervisor were cleared away.
	Already bool     `json:"already,omitempty"`
	Swept   []string `json:"swept,omitempty"`
}

// Text writes the result for a person.
func (r SandboxStatus) Text(p *Paper) {
	if len(r.Swept) > 0 {
		p.Line("cleared away what a killed sandbox had left: %s", strings.Join(r.Swept, ", "))
	}
	switch r.Phase {
	case "down", "stopped":
		p.Line("no sandbox is up for %s", r.Workspace)
		p.Line("")
		p.Line("next: landfall sandbox up")
		return
	}
	word := "is " + r.Phase
	switch {
	case r.Phase == "failed":
		word = "has failed"
	case r.Already:
		word = "was up already"
	}
	p.Line("the sandbox of %s %s, up for %s", r.Workspace, word, seconds(r.UptimeSeconds))
	if r.Trouble != "" {
		p.Line("%s %s", p.Mark(Bad), r.Trouble)
	}
	rows := [][]string{{"PART", "STATE", "ADDRESS", "PID", "MEMORY", "RESTARTS"}}
	for _, part := range r.Parts {
		rows = append(rows, []string{part.Name, part.State, strings.Join(part.Addresses, " "), fmt.Sprint(part.PID), mebibytes(part.MemoryBytes), fmt.Sprint(part.Restarts)})
	}
	p.Line("")
	p.Table(rows)
	r.endpoints(p)
	p.Line("")
	p.Line("logs: %s", r.Logs)
	switch r.Phase {
	case "ready":
		p.Line("next: eval \"$(landfall sandbox env)\"; end it with: landfall sandbox down")
	case "failed":
		p.Line("next: landfall sandbox down, then: landfall sandbox up")
	}
}

// endpoints lists what a user types somewhere; nothing while there is none.
func (r SandboxStatus) endpoints(p *Paper) {
	if len(r.Endpoints) == 0 {
		return
	}
	p.Line("")
	rows := [][]string{{"ENDPOINT", "ADDRESS"}}
	for _, name := range slices.Sorted(maps.Keys(r.Endpoints)) {
		rows = append(rows, []string{name, r.Endpoints[name]})
	}
	p.Table(rows)
}

// SandboxVariable is one environment variable of "landfall sandbox env".
type SandboxVariable struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Secret bool   `json:"secret,omitempty"`
}

// SandboxEnv is the result of "landfall sandbox env". Its secrets open nothing
// but this sandbox.
type SandboxEnv struct {
	Variables []SandboxVariable `json:"variables"`
}

// Text writes the variables as statements for a POSIX shell. An empty one is
// unset, so that a variable of the user's own cannot win over the sandbox.
func (r SandboxEnv) Text(p *Paper) {
	for _, v := range r.Variables {
		if v.Value == "" {
			p.Line("unset %s", v.Name)
			continue
		}
		p.Line("export %s='%s'", v.Name, strings.ReplaceAll(v.Value, "'", `'\''`))
	}
}

// SandboxDown is the result of "landfall sandbox down".
type SandboxDown struct {
	WasUp   bool     `json:"wasUp"`
	Orderly bool     `json:"orderly"`
	Stopped []string `json:"stopped"`
	Swept   []string `json:"swept"`
	Logs    string   `json:"logs"`
}

// Text writes the result for a person.
func (r SandboxDown) Text(p *Paper) {
	switch {
	case !r.WasUp && len(r.Swept) == 0:
		p.Line("no sandbox was up; nothing runs")
		return
	case !r.WasUp:
		p.Line("cleared away what a killed sandbox had left: %s", strings.Join(r.Swept, ", "))
	case r.Orderly:
		p.Line("stopped %s", strings.Join(r.Stopped, ", "))
	default:
		p.Line("the supervisor did not answer and was killed; cleared away: %s", strings.Join(r.Swept, ", "))
	}
	p.Line("nothing of it runs any more; its data is gone, its logs are in %s", r.Logs)
}

// SandboxTools is the result of "landfall sandbox setup".
type SandboxTools struct {
	Cache string        `json:"cache"`
	Tools []SandboxTool `json:"tools"`
}

// SandboxTool is one installed tool.
type SandboxTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Title   string `json:"title"`
	Dir     string `json:"dir"`
}

// Text writes the result for a person.
func (r SandboxTools) Text(p *Paper) {
	var have []string
	for _, t := range r.Tools {
		have = append(have, t.Name+" "+t.Version)
	}
	p.Line("tools ready: %s (%s)", strings.Join(have, ", "), r.Cache)
}

func seconds(s float64) string { return round(time.Duration(s * float64(time.Second))).String() }

func mebibytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
