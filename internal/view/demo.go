package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Latency holds percentiles in milliseconds, measured from when a request was
// due, so that a slow answer does not hide behind the next request.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// LoadRun is what the load generator measured.
type LoadRun struct {
	Run           string           `json:"run"`
	Seconds       float64          `json:"seconds"`
	RatePerSecond float64          `json:"ratePerSecond"`
	Sent          int64            `json:"sent"`
	OK            int64            `json:"ok"`
	Failed        map[string]int64 `json:"failed"`
	Latency       Latency          `json:"latency"`
}

// Audit is what became of the orders of a load run.
type Audit struct {
	OK         bool             `json:"ok"`
	Tried      int64            `json:"tried"`
	Accepted   int64            `json:"accepted"`
	Refused    int64            `json:"refused"`
	Unknown    int64            `json:"unknown"`
	Found      int64            `json:"found"`
	Confirmed  int64            `json:"confirmed"`
	Fulfilled  int64            `json:"fulfilled"`
	Queued     int64            `json:"queued"`
	Customers  int64            `json:"customers"`
	Violations []AuditViolation `json:"violations"`
}

// AuditViolation is one order that is not as it must be.
type AuditViolation struct {
	Kind   string `json:"kind"`
	Order  string `json:"order,omitempty"`
	Detail string `json:"detail"`
}

// Census is what stands on the AWS side of the sandbox.
type Census struct {
	// Services are in order. They are a list because names of services
	// ("SecretsManager") make poor field names: the ledger refuses a field
	// that is called like a secret.
	Services     []ServiceCount `json:"services"`
	Resources    int            `json:"resources"`
	Buckets      int            `json:"buckets"`
	Objects      int            `json:"objects"`
	ObjectBytes  int64          `json:"objectBytes"`
	Tables       int            `json:"tables"`
	Rows         int64          `json:"rows"`
	LogLines     int            `json:"logLines"`
	MetricSeries int            `json:"metricSeries"`
	TrailEvents  int            `json:"trailEvents"`
}

// ServiceCount is the number of resources of one service.
type ServiceCount struct {
	Service   string `json:"service"`
	Resources int    `json:"resources"`
}

// Demo is the result of "landfall demo". Every number was measured in the run.
type Demo struct {
	Workspace    string            `json:"workspace"`
	Kept         bool              `json:"kept"`
	UpSeconds    float64           `json:"upSeconds"`
	TotalSeconds float64           `json:"totalSeconds"`
	Stages       []SandboxStage    `json:"stages"`
	Endpoints    map[string]string `json:"endpoints"`
	Census       Census            `json:"census"`
	Load         LoadRun           `json:"load"`
	Audit        Audit             `json:"audit"`
	Assessed     Assessed          `json:"assessed"`
	Designed     Designed          `json:"designed"`
	Printed      Printed           `json:"printed"`
	Deployed     Deployed          `json:"deployed"`
	// Again is what a second deployment would do.
	Again Deployed `json:"again"`
	// Moved are the buckets that were carried over.
	Moved []DemoMoved `json:"moved"`
	// Planned is the runbook, Dry what a dry run of it found.
	Planned       Planned     `json:"planned"`
	Dry           DryRun      `json:"dryRun"`
	Down          SandboxDown `json:"down"`
	LedgerEntries int64       `json:"ledgerEntries"`
	LedgerHead    string      `json:"ledgerHead"`
	LedgerIntact  bool        `json:"ledgerIntact"`
	// Evidence is the ledger entry behind each part of the result.
	Evidence map[string]int64 `json:"evidence"`
}

// assessed sums up what the assessment found.
func (r Demo) assessed(p *Paper) {
	a := r.Assessed
	p.Title("What the assessment found%s", r.entry("assessment"))
	p.Line("  %s: %d in the workload, %d shared with another, %d out", plural(int64(a.Resources), "resource", "resources"), a.Boundary["in"], a.Boundary["shared"], a.Boundary["out"])
	p.Line("  %s, %d of them seen in logs; %s; %s", plural(int64(a.Edges), "dependency", "dependencies"), a.Observed,
		plural(int64(len(a.Flows)), "critical flow", "critical flows"), plural(int64(a.KPIs), "KPI", "KPIs"))
	p.Line("  %s; %s that the stand-in for AWS does not answer", plural(int64(len(a.Questions)), "question to settle", "questions to settle"), plural(int64(len(a.Unread)), "thing not read", "things not read, listed in the inventory: most are calls"))
	p.Line("  the page for people: %s/assessment.html", r.Workspace)
}

// designed sums up the design and its deployment; nothing when the demo did
// not come to it.
func (r Demo) designed(p *Paper) {
	if r.Designed.Fingerprint == "" {
		return
	}
	d := r.Designed
	p.Title("What it becomes at the target%s", r.entry("design"))
	p.Line("  %s: %s; %s that no rule maps", plural(int64(d.Decisions), "decision", "decisions"), d.actions(), plural(int64(len(d.Unmapped)), "kind", "kinds"))
	p.Line("  %s as ARM bodies, printed as Bicep, Terraform and a template (%s); the documents for people: %s/design/README.md", plural(int64(d.Resources), "target resource", "target resources"), plural(int64(r.Printed.Files), "file", "files"), r.Workspace)
	d.proofs(p)
	if r.Deployed.Environment == "" {
		return
	}
	p.Title("What was deployed to the sandbox's Azure%s", r.entry("deployment"))
	mark := Good
	if !r.Deployed.Verified {
		mark = Bad
	}
	p.Line("  %s %d resources created and read back in %s, resource group %s", p.Mark(mark), r.Deployed.Preview.Touched(), r.Deployed.Location, r.Deployed.Group)
	mark = Good
	if r.Again.Preview.Touched() > 0 || !r.Again.Verified {
		mark = Bad
	}
	p.Line("  %s a second run would change %s", p.Mark(mark), plural(int64(r.Again.Preview.Touched()), "resource", "resources"))
}

// planned sums up the runbook and its dry run; nothing when the demo did not
// come to it.
func (r Demo) planned(p *Paper) {
	if r.Planned.Fingerprint == "" {
		return
	}
	b := r.Planned
	p.Title("How it would be carried over%s", r.entry("runbook"))
	p.Line("  %s to %s, %s; %s that people carry out and confirm today", plural(int64(b.Total), "step", "steps"), b.Environment, b.Strategy, plural(int64(b.Manual), "step", "steps"))
	mark := Good
	if b.Blocking > 0 {
		mark = Bad
	}
	p.Line("  %s no way to two writers, lost writes or users without a side: every order and failure of the cutover was explored, %s", p.Mark(mark), plural(int64(b.Blocking), "finding blocks", "findings block"))
	if b.PointOfNoReturn != "" {
		p.Line("  point of no return: %s", b.PointOfNoReturn)
	}
	p.Line("  the page for those who approve: %s/runbook.md", r.Workspace)
	if r.Dry.Fingerprint == "" {
		return
	}
	p.Line("  dry run%s: all steps in simulated time, %s from begin to end; %s where a person would have to look, %s to be mended until then", r.entry("dry-run"), Lasts(int64(r.Dry.Ends.Sub(r.Dry.Begins).Seconds())),
		plural(int64(r.Dry.Stops), "stop", "stops"), plural(int64(r.Dry.Wrong), "thing", "things"))
}

// Text writes the result for a person.
func (r Demo) Text(p *Paper) {
	p.Title("What stands on the AWS side%s", r.entry("census"))
	r.services(p)
	p.Line("  %d resources, %d objects in %d buckets (%d MiB), %d rows in %d tables", r.Census.Resources, r.Census.Objects, r.Census.Buckets, r.Census.ObjectBytes>>20, r.Census.Rows, r.Census.Tables)
	p.Line("  history: %d log lines, %d metric series, %d trail events", r.Census.LogLines, r.Census.MetricSeries, r.Census.TrailEvents)
	p.Title("What it did under load%s", r.entry("load"))
	p.Line("  %d requests in %.0f s (%.0f a second wanted), %d answered well, %d not", r.Load.Sent, r.Load.Seconds, r.Load.RatePerSecond, r.Load.OK, r.Load.Sent-r.Load.OK)
	for _, class := range slices.Sorted(maps.Keys(r.Load.Failed)) {
		p.Line("    %s: %d", class, r.Load.Failed[class])
	}
	p.Line("  p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, slowest %.1f ms", r.Load.Latency.P50, r.Load.Latency.P95, r.Load.Latency.P99, r.Load.Latency.Max)
	r.assessed(p)
	r.designed(p)
	r.planned(p)
	r.moved(p)
	p.Title("What was proved%s", r.entry("audit"))
	r.proved(p)
	p.Title("Where it is recorded")
	if r.LedgerIntact {
		p.Line("  %s ledger: %s, unbroken chain, head %s", p.Mark(Good), plural(r.LedgerEntries, "entry", "entries"), r.LedgerHead)
	} else {
		p.Line("  %s ledger: not shown to be unbroken; see: landfall ledger verify --workspace %s", p.Mark(Bad), r.Workspace)
	}
	p.Line("")
	if r.Kept {
		p.Line("The sandbox is still up. next: landfall sandbox status --workspace %s; end it with: landfall sandbox down --workspace %s", r.Workspace, r.Workspace)
		return
	}
	p.Line("%d servers stopped, nothing of it runs any more. Sandbox up after %.0f s, everything after %.0f s.", len(r.Down.Stopped), r.UpSeconds, r.TotalSeconds)
	p.Line("next: landfall ledger list --workspace %s; or keep the sandbox: landfall demo --keep", r.Workspace)
}

func (r Demo) entry(name string) string {
	if seq, ok := r.Evidence[name]; ok {
		return fmt.Sprintf("  (ledger entry %d)", seq)
	}
	return ""
}

// services lists resources by service, several to a line.
func (r Demo) services(p *Paper) {
	line := " "
	for _, s := range r.Census.Services {
		cell := fmt.Sprintf(" %s %d,", s.Service, s.Resources)
		if len(line)+len(cell) > 96 {
			p.Line("%s", line)
			line = " "
		}
		line += cell
	}
	p.Line("%s", strings.TrimSuffix(line, ","))
}

func (r Demo) proved(p *Paper) {
	mark := Good
	switch {
	case !r.Audit.OK:
		mark = Bad
	case r.Audit.Accepted == 0:
		mark = Unknown
	}
	p.Line("  %s %d of %d accepted orders stand in the database exactly once, with the content that was sent", p.Mark(mark), r.Audit.Confirmed, r.Audit.Accepted)
	p.Line("          %d refused, %d with unknown outcome; %d fulfilled, %d still queued; order of orders compared for %d customers", r.Audit.Refused, r.Audit.Unknown, r.Audit.Fulfilled, r.Audit.Queued, r.Audit.Customers)
	const shown = 20
	for i, v := range r.Audit.Violations {
		if i == shown {
			p.Line("          and %d more", len(r.Audit.Violations)-shown)
			break
		}
		p.Line("  %s %s %s: %s", p.Mark(Bad), v.Kind, v.Order, v.Detail)
	}
	switch mark {
	case Good:
		p.Line("  %s no order was lost, doubled, changed or reordered", p.Mark(Good))
	case Unknown:
		p.Line("  %s no order was accepted, so nothing is proved", p.Mark(Unknown))
	}
}
