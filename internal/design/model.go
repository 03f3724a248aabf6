package design

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/reach"
)

// Version is the schemaVersion of design.json.
const Version = 1

// Design is design.json. All lists are ordered, so that the same inventory and
// graph in any order give the same bytes.
type Design struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of what the design was made
	// from, by name.
	Inputs   map[string]string `json:"inputs"`
	Workload string            `json:"workload"`
	// Place is where the ids of Resources stand; ForEnvironment moves them.
	Place     Place      `json:"place"`
	Decisions []Decision `json:"decisions"`
	Resources []Resource `json:"resources"`
	// Parameters are the values that bodies take from the deployment.
	Parameters []Parameter `json:"parameters"`
	// Findings concern the design as a whole, most severe first.
	Findings []Finding `json:"findings"`
	// Network is the proof that the target lets the same packets through, nil
	// when there was nothing to prove.
	Network *reach.Proof `json:"network,omitempty"`
	// Identity says what each workload role may do on both sides.
	Identity []Grant `json:"identity"`
	// Cost sums up the decisions.
	Cost CostSummary `json:"cost"`
	// Regions ranks target regions, the chosen one included.
	Regions []RegionAdvice `json:"regions"`
	// Quotas says what the resources need of the subscription's limits.
	Quotas []Quota `json:"quotas"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Design) ArtefactVersion() int { return Version }

// Place is where target resources stand.
type Place struct {
	// Subscription is all zeroes until landfall.yaml names one.
	Subscription cloud.Account `json:"subscription"`
	Group        string        `json:"resourceGroup"`
	Location     cloud.Region  `json:"location"`
	// Suffix stands in every name that must be unique in the world, and nowhere
	// else, so that it can be replaced for another environment.
	Suffix string `json:"suffix"`
	// Environment is the environment of landfall.yaml that stands there, in
	// design.json the first one, "" when there is none.
	Environment string `json:"environment,omitempty"`
}

// GroupID returns the id of the resource group.
func (p Place) GroupID() cloud.ResourceID {
	return cloud.ResourceID("/subscriptions/" + string(p.Subscription) + "/resourceGroups/" + p.Group)
}

// Action is what becomes of a source resource.
type Action string

// The actions.
const (
	// Migrate gives it a counterpart, and moves what it holds.
	Migrate Action = "migrate"
	// Replace gives its job to something else at the target.
	Replace Action = "replace"
	// Retain leaves it at the source.
	Retain Action = "retain"
	// Retire needs nothing at the target.
	Retire Action = "retire"
	// Manual means that there is no automatic mapping: ToDo says what a person
	// has to do.
	Manual Action = "manual"
)

// Decision is what becomes of one source resource.
type Decision struct {
	Source cloud.ResourceID `json:"source"`
	Kind   cloud.Kind       `json:"kind"`
	Name   string           `json:"name"`
	Action Action           `json:"action"`
	// Targets are ids of Resources.
	Targets []cloud.ResourceID `json:"targets"`
	// Gaps are where the target behaves differently, worst first.
	Gaps []Gap `json:"gaps"`
	// Why is one or two sentences that name the facts of this resource.
	Why string `json:"why"`
	// Rule is the rule that decided, RuleSource what it rests on.
	Rule       string `json:"rule"`
	RuleSource string `json:"ruleSource,omitempty"`
	// Confidence is from 0 to 1: 0.9 like for like with every property
	// understood, 0.7 differs in named gaps, 0.5 redesign, 0.3 a guess.
	Confidence   float64       `json:"confidence"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// ToDo is what people have to do, in order.
	ToDo []string `json:"toDo,omitempty"`
	Cost *Cost    `json:"cost,omitempty"`
	// EffortDays is the work in person days, beyond what Landfall does itself.
	EffortDays float64 `json:"effortDays,omitempty"`
	// Override is the reason that landfall.yaml gives.
	Override string `json:"override,omitempty"`
	// Ruled is what the rule had decided, where landfall.yaml decides otherwise.
	Ruled *Ruled `json:"ruled,omitempty"`
}

// Ruled is a decision of a rule that a person has overridden.
type Ruled struct {
	Action Action `json:"action"`
	// Why, Rule and Confidence are those of the rule.
	Why        string  `json:"why"`
	Rule       string  `json:"rule"`
	Confidence float64 `json:"confidence"`
	// Targets are the kinds that the rule would have made.
	Targets []cloud.Kind `json:"targets"`
	// Gaps are those of the rule's choice, worst first.
	Gaps []Gap `json:"gaps"`
}

// Alternative is a target that was not chosen.
type Alternative struct {
	Target string `json:"target"`
	WhyNot string `json:"whyNot"`
}

// Severity ranks gaps and findings.
type Severity string

// The severities.
const (
	// Critical may lose data, open a door, or stop the workload.
	Critical Severity = "critical"
	// High changes behaviour that users notice.
	High Severity = "high"
	// Medium needs a change of configuration or habits.
	Medium Severity = "medium"
	// Low is good to know.
	Low Severity = "low"
)

// rank orders severities, worst first.
func (s Severity) rank() int {
	return slices.Index([]Severity{Critical, High, Medium, Low}, s)
}

// Gap is a difference in behaviour that concerns one resource. Its text comes
// from the gap catalogue.
type Gap struct {
	// ID is the gap's name in the catalogue ("alb.slow-start").
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	// At is the property that meets the gap, with its value.
	At string `json:"at,omitempty"`
	Do string `json:"do,omitempty"`
}

// Cost is in US dollars for a month of 730 hours. A nil side is not known,
// which is not zero.
type Cost struct {
	Before *float64 `json:"before,omitempty"`
	After  *float64 `json:"after,omitempty"`
	// Basis says where the prices come from and what they leave out.
	Basis string `json:"basis"`
}

// CostSummary adds up the decisions. Before and After can be compared where
// both sides of a decision are known, and only there.
type CostSummary struct {
	// Before and After add up all that is known of each side.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// ComparedBefore and ComparedAfter add up the decisions of which both sides
	// are known; Compared counts them.
	ComparedBefore float64 `json:"comparedBefore"`
	ComparedAfter  float64 `json:"comparedAfter"`
	Compared       int     `json:"compared"`
	// DoubleRun is a month in which both sides run.
	DoubleRun float64 `json:"doubleRun"`
	// Egress is what moving the known data out of AWS costs once.
	Egress float64 `json:"egress"`
	// Unpriced counts the decisions with a target and no known price.
	Unpriced int      `json:"unpriced"`
	Notes    []string `json:"notes"`
}

// Parameter is a value that the deployment supplies. A body names it as
// "[parameters('name')]".
type Parameter struct {
	Name string `json:"name"`
	// Type is "string", "int", "bool", "array" or "object".
	Type string `json:"type"`
	// Secure values are never written to a file.
	Secure      bool   `json:"secure,omitempty"`
	Default     any    `json:"default,omitempty"`
	Description string `json:"description"`
}

// Finding is something that a person has to know of the design as a whole.
type Finding struct {
	// ID is stable, so that landfall.yaml can accept it by name.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
	// About are source or target ids.
	About []cloud.ResourceID `json:"about"`
	Do    string             `json:"do,omitempty"`
	// Blocks says that nothing may be deployed until it is mended or accepted.
	Blocks   bool   `json:"blocks,omitempty"`
	Accepted string `json:"accepted,omitempty"`
}

// Grant compares what one workload role may do at the source with what its
// counterpart may do at the target.
type Grant struct {
	Role     cloud.ResourceID `json:"role"`
	Identity cloud.ResourceID `json:"identity"`
	// Actions are AWS actions with the resources they are allowed on.
	Actions []string `json:"actions"`
	// Granted are the role assignments: "<role name> on <scope>".
	Granted []string `json:"granted"`
	// Wider lists what the target grants beyond the source, Missing what it
	// lacks, Unmapped the AWS actions that have no counterpart.
	Wider    []string `json:"wider"`
	Missing  []string `json:"missing"`
	Unmapped []string `json:"unmapped"`
}

// RegionAdvice ranks a target region.
type RegionAdvice struct {
	Region cloud.Region `json:"region"`
	Chosen bool         `json:"chosen,omitempty"`
	// Kilometres from the source region, great circle.
	Kilometres int `json:"kilometres"`
	Zones      int `json:"zones"`
	// Missing are sizes that the region is not known to sell.
	Missing []string `json:"missing"`
	Why     string   `json:"why"`
}

// Quota is what the design needs of one limit of the subscription.
type Quota struct {
	// Name is the provider's own ("standardDSv5Family", "cores", "PublicIPAddresses").
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Needed   int64  `json:"needed"`
	// Limit is the documented default, 0 when it is only known by asking.
	Limit int64  `json:"limit,omitempty"`
	Why   string `json:"why"`
}

// Resource is an ARM body. In JSON its members stand beside those of Body.
type Resource struct {
	ID cloud.ResourceID
	// Type with all its parts ("Microsoft.Network/virtualNetworks/subnets"),
	// Name likewise ("vnet/subnet").
	Type       cloud.Kind
	APIVersion string
	Name       string
	// Location is "" for types without one, "global" for some.
	Location cloud.Region
	Tags     cloud.Tags
	// Body holds the other members: properties, sku, identity, kind, zones.
	Body map[string]any
	// Scope is the resource that an extension resource (a role assignment, a
	// diagnostic setting) stands on, "" for the resource group.
	Scope     cloud.ResourceID
	DependsOn []cloud.ResourceID
}

// MarshalJSON writes the fixed members first and the body's in order after
// them, dependsOn last.
func (r Resource) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	add := func(name string, value any) error {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encode %s of %s: %w", name, r.ID, err)
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		key, _ := json.Marshal(name) // a string always encodes
		out = append(append(append(out, key...), ':'), encoded...)
		return nil
	}
	type member struct {
		name  string
		value any
	}
	members := []member{{"id", r.ID}, {"type", r.Type}, {"apiVersion", r.APIVersion}, {"name", r.Name}}
	if r.Location != "" {
		members = append(members, member{"location", r.Location})
	}
	if len(r.Tags) > 0 {
		members = append(members, member{"tags", r.Tags})
	}
	if r.Scope != "" {
		members = append(members, member{"scope", r.Scope})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Body)) {
		members = append(members, member{name, r.Body[name]})
	}
	depends := r.DependsOn
	if depends == nil {
		depends = []cloud.ResourceID{}
	}
	for _, m := range append(members, member{"dependsOn", depends}) {
		if err := add(m.name, m.value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Resource) UnmarshalJSON(data []byte) error {
	var fixed struct {
		ID         cloud.ResourceID   `json:"id"`
		Type       cloud.Kind         `json:"type"`
		APIVersion string             `json:"apiVersion"`
		Name       string             `json:"name"`
		Location   cloud.Region       `json:"location"`
		Tags       cloud.Tags         `json:"tags"`
		Scope      cloud.ResourceID   `json:"scope"`
		DependsOn  []cloud.ResourceID `json:"dependsOn"`
	}
	if err := json.Unmarshal(data, &fixed); err != nil {
		return err
	}
	body := map[string]any{}
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	for _, name := range []string{"id", "type", "apiVersion", "name", "location", "tags", "scope", "dependsOn"} {
		delete(body, name)
	}
	*r = Resource{fixed.ID, fixed.Type, fixed.APIVersion, fixed.Name, fixed.Location, fixed.Tags, body, fixed.Scope, fixed.DependsOn}
	return nil
}

// File is a file that is printed from a design, by its path below the folder
// of its kind.
type File struct {
	Path    string
	Content []byte
}
