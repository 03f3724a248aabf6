package residual

import (
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
)

// Version is the schemaVersion of residual.json.
const Version = 1

// Report is residual.json. All lists are ordered, so that the same logs in any
// order give the same bytes.
type Report struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of what was read, by name.
	Inputs map[string]string `json:"inputs"`
	// Since is the cutover; Until the end of the window: as asked, or else the
	// last record of any log.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Total counts the records of all logs, each once; After those in the window.
	Total int64 `json:"total"`
	After int64 `json:"after"`
	// Used counts those of After that are use; Apart those that a rule tells
	// apart. Records that name no resource are use of their principal.
	Used  int64 `json:"used"`
	Apart int64 `json:"apart"`
	// Duplicates counts the events that were delivered more than once.
	Duplicates int64 `json:"duplicates"`
	// Counts says how many resources have which status.
	Counts      map[Status]int `json:"counts"`
	Logs        []Log          `json:"logs"`
	Rules       []RuleCount    `json:"rules"`
	ByPrincipal []Principal    `json:"byPrincipal"`
	ByResource  []Resource     `json:"byResource"`
	// Leftover is what was created in the window and not deleted again.
	Leftover []Leftover `json:"leftover"`
	// Unread and Refused are what was not read, or not understood.
	Unread  []inventory.Unread  `json:"unread"`
	Refused []inventory.Refused `json:"refused"`
	// Notes say what limits the result.
	Notes []string `json:"notes"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Report) ArtefactVersion() int { return Version }

// Open counts the resources of the workload that are not proved unused: all
// where no graph says what belongs to it. Those without a use of their own do
// not count.
func (r *Report) Open() (open, all int) {
	bounded := false
	for i := range r.ByResource {
		bounded = bounded || r.ByResource[i].Boundary != ""
	}
	for i := range r.ByResource {
		one := &r.ByResource[i]
		if bounded && one.Boundary != "in" || one.Follows && one.Status == Unobservable {
			continue
		}
		all++
		if one.Status != Unused {
			open++
		}
	}
	return open, all
}

// Status says whether a resource is still used.
type Status string

// The statuses. Unobservable is a result of its own: nothing may take it for
// unused.
const (
	Used         Status = "used"
	Unused       Status = "unused"
	Unobservable Status = "unobservable"
)

// Log is what was read of one kind of log.
type Log struct {
	Log   string `json:"log"`
	Files int    `json:"files"`
	// Total counts its records, After those in the window.
	Total int64 `json:"total"`
	After int64 `json:"after"`
	// From and To are its first and last record.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Gaps are the stretches of the window in which an account's region is
	// silent for longer than tolerated.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Gap is a stretch of the window without a record, or a file that could not be
// read.
type Gap struct {
	Where string    `json:"where,omitempty"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Why   string    `json:"why"`
}

// RuleCount is a rule that tells records apart, with what it told.
type RuleCount struct {
	Name string `json:"name"`
	// About says what the rule goes by.
	About  string `json:"about"`
	Events int64  `json:"events"`
}

// Principal is who used something in the window.
type Principal struct {
	Principal string `json:"principal"`
	// Component is the resource whose identity it is, where that is known.
	Component cloud.ResourceID `json:"component,omitempty"`
	// Events counts what it did; Apart is the part that rules tell apart.
	Events int64 `json:"events"`
	Reads  int64 `json:"reads"`
	Writes int64 `json:"writes"`
	Denied int64 `json:"denied"`
	Apart  int64 `json:"apart"`
	// Rules are those that told some of it apart.
	Rules []string  `json:"rules,omitempty"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Resource is one resource and its use in the window.
type Resource struct {
	// ID is the inventory's where it has the resource, else as the log names it.
	ID       string     `json:"id"`
	Kind     cloud.Kind `json:"kind,omitempty"`
	Name     string     `json:"name,omitempty"`
	Boundary string     `json:"boundary,omitempty"`
	Status   Status     `json:"status"`
	// Why says on what the status rests, one sentence.
	Why string `json:"why"`
	// Follows says that it has no use of its own and goes with what it serves.
	Follows bool `json:"follows,omitempty"`
	// Events counts its uses, each read, write or denied attempt; Apart counts
	// what rules tell apart.
	Events int64 `json:"events"`
	Reads  int64 `json:"reads"`
	Writes int64 `json:"writes"`
	Denied int64 `json:"denied"`
	Apart  int64 `json:"apart"`
	// First and Last are of its uses; Before is the last one before the window.
	First  *time.Time `json:"first,omitempty"`
	Last   *time.Time `json:"last,omitempty"`
	Before *time.Time `json:"before,omitempty"`
	// By are its users, those with the most uses first; More counts the others.
	By   []User `json:"by,omitempty"`
	More int    `json:"more,omitempty"`
}

// User is one caller of a resource.
type User struct {
	Principal string           `json:"principal,omitempty"`
	Component cloud.ResourceID `json:"component,omitempty"`
	Session   string           `json:"session,omitempty"`
	Address   string           `json:"address,omitempty"`
	Agent     string           `json:"agent,omitempty"`
	// Via is the AWS service that called for the principal.
	Via string `json:"via,omitempty"`
	// Rule tells it apart; empty for use.
	Rule    string   `json:"rule,omitempty"`
	Log     string   `json:"log"`
	Actions []string `json:"actions"`
	// Events is the sum of the three.
	Events int64     `json:"events"`
	Reads  int64     `json:"reads"`
	Writes int64     `json:"writes"`
	Denied int64     `json:"denied"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// Leftover is something that was created in the window.
type Leftover struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Service string    `json:"service"`
	Action  string    `json:"action"`
	By      string    `json:"by"`
	Account string    `json:"account,omitempty"`
	Region  string    `json:"region,omitempty"`
	At      time.Time `json:"at"`
	// Rule tells its maker apart, as for uses.
	Rule string `json:"rule,omitempty"`
	// Seen says that a scan after its creation still shows it; otherwise no
	// record of its deletion is known.
	Seen bool `json:"seen"`
}

// Options say what is asked.
type Options struct {
	// Since is the cutover; Until may be zero.
	Since, Until time.Time
	// Expect are the users whose doings are no residual use.
	Expect []Rule
	// Tolerated is how long a log may be silent without that being a gap; 0
	// means DefaultTolerated.
	Tolerated time.Duration
	// Workers, Limit and Known are caps; 0 means the defaults.
	Workers, Limit, Known int
	// Scanned is when the inventory was read, zero when that is not known.
	Scanned time.Time
}

// DefaultTolerated is how long an account's region may be silent: in any that
// is in use, AWS's own upkeep alone is logged several times a day.
const DefaultTolerated = 12 * time.Hour

// window is [Since, Until).
func (o Options) window(at int64) bool {
	return at >= o.Since.Unix() && (o.Until.IsZero() || at < o.Until.Unix())
}

func span(h *records.Hours, o Options, until time.Time) []records.Silence {
	return h.Silences(o.Since, until, o.Tolerated)
}
