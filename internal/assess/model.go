package assess

import (
	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// Version is the schemaVersion of assessment.json.
const Version = 1

// Assessment is assessment.json. All lists are ordered.
type Assessment struct {
	SchemaVersion int               `json:"schemaVersion"`
	Inputs        map[string]string `json:"inputs"`
	Names         []Name            `json:"names"`
	Secrets       []Secret          `json:"secrets"`
	Certificates  []Certificate     `json:"certificates"`
	Licences      []Licence         `json:"licences"`
	Identities    []Identity        `json:"identities"`
	Monitors      []Monitor         `json:"monitors"`
	Clients       []Client          `json:"clients"`
	Skills        []Skill           `json:"skills"`
	Readiness     []Readiness       `json:"readiness"`
	Complexity    Complexity        `json:"complexity"`
	Completeness  Completeness      `json:"completeness"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Assessment) ArtefactVersion() int { return Version }

// Name is one DNS name that the workload answers to or calls.
type Name struct {
	Name string `json:"name"`
	// Type of the record ("A", "CNAME", "alias"), "" for a name that only
	// appears in the configuration.
	Type string `json:"type,omitempty"`
	// TTLSeconds is nil for an alias (Route 53 answers with the target's) and for
	// names without a record of ours.
	TTLSeconds *int64 `json:"ttlSeconds,omitempty"`
	// Values are what it resolves to, or the alias's target.
	Values   []string         `json:"values"`
	Record   cloud.ResourceID `json:"record,omitempty"`
	Zone     string           `json:"zone,omitempty"`
	Boundary graph.Boundary   `json:"boundary"`
	// UsedBy are the resources whose configuration names it.
	UsedBy []cloud.ResourceID `json:"usedBy"`
}

// Secret is something that holds a secret value, which is not here.
type Secret struct {
	ID       cloud.ResourceID `json:"id"`
	Kind     cloud.Kind       `json:"kind"`
	Name     string           `json:"name"`
	Boundary graph.Boundary   `json:"boundary"`
	// Rotates says whether it is rotated by itself; nil when not known.
	Rotates *bool              `json:"rotates,omitempty"`
	UsedBy  []cloud.ResourceID `json:"usedBy"`
}

// Certificate is an X.509 certificate.
type Certificate struct {
	ID       cloud.ResourceID `json:"id"`
	Names    []string         `json:"names"`
	Boundary graph.Boundary   `json:"boundary"`
	// NotAfter is its last second (RFC 3339), "" when not known.
	NotAfter string `json:"notAfter,omitempty"`
	// Exportable is what the API says; nil when not known. A certificate that
	// cannot be exported has to be issued anew before the cutover.
	Exportable *bool              `json:"exportable,omitempty"`
	Imported   bool               `json:"imported"`
	UsedBy     []cloud.ResourceID `json:"usedBy"`
}

// Licence is software whose use is paid for besides the machine.
type Licence struct {
	ID       cloud.ResourceID `json:"id"`
	Boundary graph.Boundary   `json:"boundary"`
	Software string           `json:"software"`
	// Model is how it is paid ("license-included", "bring-your-own-license",
	// "marketplace", "subscription"), or "unknown".
	Model string `json:"model"`
	// HybridBenefit says whether Azure Hybrid Benefit exists for the software.
	HybridBenefit bool `json:"hybridBenefit"`
	// Evidence is the property that says so.
	Evidence string `json:"evidence"`
}

// Identity is who may act.
type Identity struct {
	ID       cloud.ResourceID `json:"id"`
	Kind     cloud.Kind       `json:"kind"`
	Name     string           `json:"name"`
	Boundary graph.Boundary   `json:"boundary"`
	// Trusts are the principals that may take it on.
	Trusts []string `json:"trusts"`
	// Wildcards are the statements that allow an action or a resource by "*".
	Wildcards []string           `json:"wildcards"`
	UsedBy    []cloud.ResourceID `json:"usedBy"`
	Marks     []inventory.Mark   `json:"marks"`
}

// Monitor is something that watches the workload.
type Monitor struct {
	ID       cloud.ResourceID `json:"id"`
	Kind     cloud.Kind       `json:"kind"`
	Name     string           `json:"name"`
	Boundary graph.Boundary   `json:"boundary"`
	// Watches says what: "AWS/SQS ApproximateNumberOfMessagesVisible".
	Watches string             `json:"watches"`
	Of      []cloud.ResourceID `json:"of"`
}

// Client is someone outside who calls the workload.
type Client struct {
	ID   cloud.ResourceID `json:"id"`
	Name string           `json:"name"`
	// Calls are the resources of the workload that it calls.
	Calls    []cloud.ResourceID `json:"calls"`
	Evidence []string           `json:"evidence"`
	Bytes    int64              `json:"bytes,omitempty"`
	Requests int64              `json:"requests,omitempty"`
}

// Skill is what people have to learn.
type Skill struct {
	AWS       string         `json:"aws"`
	Area      string         `json:"area"`
	Azure     string         `json:"azure"`
	Fit       catalog.Fit    `json:"fit"`
	Course    catalog.Course `json:"course"`
	Resources int            `json:"resources"`
}

// State is how ready a resource is for the target.
type State string

// The states. Unknown is a state of its own: nobody has looked at the kind.
const (
	Ready      State = "ready"
	Conditions State = "ready-with-conditions"
	NotReady   State = "not-ready"
	Unknown    State = "unknown"
)

// Readiness of one resource of the workload.
type Readiness struct {
	ID    cloud.ResourceID `json:"id"`
	Kind  cloud.Kind       `json:"kind"`
	Name  string           `json:"name"`
	State State            `json:"state"`
	Azure string           `json:"azure"`
	Why   []string         `json:"why"`
}

// Complexity is how hard the workload is to move.
type Complexity struct {
	// Score is the sum of the parts' points.
	Score int    `json:"score"`
	Level string `json:"level"` // "simple", "moderate", "complex", "out-of-scope"
	Parts []Part `json:"parts"`
	// Warnings say what puts the workload out of the scope of a move in one go.
	Warnings []string `json:"warnings"`
}

// Part is one reason for the score.
type Part struct {
	Name   string `json:"name"`
	Count  int    `json:"count"`
	Points int    `json:"points"`
}

// Completeness is how much of the picture is there.
type Completeness struct {
	// Percent over all parts, 0 to 100.
	Percent int     `json:"percent"`
	Parts   []Cover `json:"parts"`
}

// Cover is one thing that each resource should have.
type Cover struct {
	Name    string             `json:"name"`
	Have    int                `json:"have"`
	Of      int                `json:"of"`
	Missing []cloud.ResourceID `json:"missing"`
}

// Sources are what the assessment is drawn from.
type Sources struct {
	Inventory inventory.Inventory
	Graph     graph.Graph
	Baseline  kpi.Baseline
	Services  catalog.Services
	// Inputs are the fingerprints of the artefacts, by their file names.
	Inputs map[string]string
}

// Make draws all conclusions.
func Make(s Sources) Assessment {
	w := newWorkload(s)
	readiness, clients := w.readiness(), w.clients()
	return Assessment{
		SchemaVersion: Version, Inputs: s.Inputs,
		Names: w.names(), Secrets: w.secrets(), Certificates: w.certificates(), Licences: w.licences(),
		Identities: w.identities(), Monitors: w.monitors(), Clients: clients, Skills: w.skills(),
		Readiness: readiness, Complexity: w.complexity(readiness, len(clients)), Completeness: w.completeness(),
	}
}
