package compile

import (
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/runbook"
)

// Input is what a runbook is made from. Baseline may be nil.
type Input struct {
	Inventory *inventory.Inventory
	Graph     *graph.Graph
	Baseline  *kpi.Baseline
	Design    *design.Design
	Choices   Choices
	// Kinds are those that something carries out; all others become manual.
	Kinds map[runbook.StepKind]bool
	// Measured are durations of steps in seconds, by id, from a rehearsal.
	Measured map[string]int64
	// Inputs are the fingerprints of all this.
	Inputs map[string]string
}

// Choices are what landfall.yaml says of the runbook.
type Choices struct {
	// Strategy is "" to take the one that is advised.
	Strategy     runbook.Strategy
	Environments []Environment
	Window       Window
	Contacts     []runbook.Contact
	// HTTP and Commands are the tests of the people who know the workload.
	HTTP     []HTTPCheck
	Commands []Command
	// TTLSeconds is what names are lowered to, 0 for 300.
	TTLSeconds int64
	// ObservationHours is how long is watched before the sign-off, 0 for 48.
	ObservationHours int64
	// Shares are the steps of a canary in percent, empty for 5, 25, 50, 100.
	Shares []int
	// TolerancePercent is how much slower the target may be, 0 for what the
	// guide of the entry point's kind says.
	TolerancePercent int
	Data             []DataChoice
	// Owners replaces the names of roles ("database": "team-data").
	Owners map[string]string
	// TwoPersons asks for two approvers of dangerous steps.
	TwoPersons bool
}

// Environment is a place that the design is deployed to.
type Environment struct {
	Name       string
	Production bool
}

// Window is the maintenance window as people have agreed on it.
type Window struct {
	Opens *time.Time
	// Seconds and RollbackSeconds are 0 to take what the steps need.
	Seconds, RollbackSeconds int64
	// Zone is "" for UTC.
	Zone string
}

// HTTPCheck is a request that has to be answered as told.
type HTTPCheck struct {
	Name, URL string
	// Status that the answer must have, 0 for 200; Contains a text in it.
	Status   int
	Contains string
}

// Command is a test that the team runs.
type Command struct {
	Name, Run string
	// For is "functional", "load" or "fault".
	For string
}

// DataChoice says of one set of data what a person knows better.
type DataChoice struct {
	// Of is the resource's id or name, or the id of the set of data.
	Of string
	// Method is "online", "offline", Rebuild for a cache, or "" for the rule's
	// choice.
	Method string
	// Bytes is the size, 0 for what is known.
	Bytes int64
	// Names and Metadata are what happens to names of a bucket that Azure cannot
	// hold: "exclude", "rename", "fail" or "" for fail.
	Names, Metadata string
}

// The defaults: 300 s of time to live (Microsoft Learn, "Migrate from AWS
// Application Load Balancer to Azure Application Gateway"), 24 to 48 hours of observation (Cloud Adoption
// Framework, "Execute migration").
const (
	defaultTTL         = 300
	defaultObservation = 48
	hour               = 3600
	minute             = 60
	day                = 24 * hour
)

func (c *Choices) ttl() int64 {
	if c.TTLSeconds > 0 {
		return c.TTLSeconds
	}
	return defaultTTL
}

func (c *Choices) observation() int64 {
	if c.ObservationHours > 0 {
		return c.ObservationHours * hour
	}
	return defaultObservation * hour
}

func (c *Choices) shares() []int {
	if len(c.Shares) == 0 {
		return []int{5, 25, 50, 100}
	}
	return c.Shares
}

// owner returns the name of a role.
func (c *Choices) owner(role string) string {
	if name := c.Owners[role]; name != "" {
		return name
	}
	return role
}

// choice returns what a person said of a set of data.
func (c *Choices) choice(set *runbook.DataSet, name string) DataChoice {
	for _, d := range c.Data {
		if d.Of == set.ID || cloud.ResourceID(d.Of) == set.Source || d.Of == name {
			return d
		}
	}
	return DataChoice{}
}
