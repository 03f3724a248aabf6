package compile_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/runbook/page"
	"example.com/landfall/internal/testkit"
)

// -update rewrites the golden files.
var _ = flag.Bool("update", false, "rewrite the golden files")

// What people read of the bookshop's runbook is as it was.
func TestBookshopPages(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	opens := time.Date(2027, 3, 6, 21, 0, 0, 0, time.UTC)
	in.Choices.Window = compile.Window{Opens: &opens, Zone: "Europe/Berlin"}
	in.Choices.Contacts = []runbook.Contact{{Role: "lead", Name: "A. Miller", Reach: "+1 555 0100", Does: "decides to go on or back"}}
	in.Choices.Data = []compile.DataChoice{{Of: "bookshop-cache", Method: compile.Rebuild}, {Of: "bookshop-db", Bytes: 40 << 30}}
	r := compiled(t, in, "")
	r.Findings = append(r.Findings, check.Runbook(r)...)
	compile.SortFindings(r.Findings)
	testkit.Golden(t, "testdata/golden/bookshop.json", append(encoded(t, r), '\n'))
	fingerprint, err := r.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range page.Files(r, fingerprint) {
		testkit.Golden(t, "testdata/golden/"+f.Path, f.Content)
	}
}

// The picture of every runbook is well-formed XML without a number that is
// none, and the document names every step.
func TestPagesOfEveryArchitecture(t *testing.T) {
	t.Parallel()
	for name := range everything(t) {
		in := named(t, name)
		for _, s := range runbook.Strategies() {
			r := compiled(t, in, s)
			r.Workload = `<shop> & "co" | x`
			files := page.Files(r, "sha256:0")
			document, picture := string(files[0].Content), string(files[1].Content)
			decoder := xml.NewDecoder(strings.NewReader(picture))
			for {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s, %s: %v", name, s, err)
				}
			}
			if strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") || strings.Contains(document, "%!") || strings.Contains(picture, "%!") {
				t.Errorf("%s, %s: a page holds what is no number", name, s)
			}
			for _, step := range r.Steps {
				if !strings.Contains(document, "<code>"+step.ID+"</code>") {
					t.Errorf("%s, %s: the document lacks %s", name, s, step.ID)
				}
			}
		}
	}
}

// The advice compares all strategies with numbers, and recommends one of them.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for name := range everything(t) {
		a, err := compile.Advise(named(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Options) != 4 || a.Why == "" || len(a.Sources) < 4 {
			t.Errorf("%s: %+v", name, a)
		}
		for _, o := range a.Options {
			if o.Steps == 0 || o.Risk == "" || o.RiskWhy == "" || o.Rollback == "" || o.DoubleRunSeconds <= 0 || o.DowntimeSeconds < 0 || o.DoubleRunUSD != nil && math.IsNaN(*o.DoubleRunUSD) {
				t.Errorf("%s: %+v", name, o)
			}
		}
	}
	// A window that holds a canary's switch and no whole blue-green one.
	in := named(t, "bookshop")
	a, err := compile.Advise(in)
	if err != nil || a.Recommended != runbook.BlueGreen {
		t.Fatalf("%s %v", a.Recommended, err)
	}
	in.Choices.Window.Seconds = a.Options[3].WindowSeconds
	if a.Options[3].WindowSeconds < a.Options[2].WindowSeconds {
		if a, err = compile.Advise(in); err != nil || a.Recommended != runbook.Canary {
			t.Errorf("%s: %s %v", a.Recommended, a.Why, err)
		}
	}
	// Without data that is written, users can go in shares.
	in = own(t, named(t, "static-site"))
	for i := range in.Design.Decisions {
		if in.Design.Decisions[i].Kind == "AWS::S3::Bucket" {
			in.Design.Decisions[i].Action = "retain"
		}
	}
	if a, err = compile.Advise(in); err != nil || a.Recommended != runbook.Canary {
		t.Errorf("%s: %s %v", a.Recommended, a.Why, err)
	}
}

// Gates follow the baseline with the tolerance of the guide; without one they
// say what is taken.
func TestGatesFollowTheBaseline(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	gate := func() runbook.Gate {
		return step(t, compiled(t, in, runbook.BlueGreen), "execute.settle").Gates[0]
	}
	if g := gate(); g.Expr != "error_rate <= 0.01 && p95_seconds <= 1.0" || !strings.Contains(g.Why, "baseline is silent") {
		t.Errorf("%+v", g)
	}
	front := kpi.Subject{Kind: kpi.Component, ID: compiled(t, in, runbook.BlueGreen).Routes[0].Front}
	in.Baseline = &kpi.Baseline{KPIs: []kpi.KPI{
		{Subject: front, Metric: kpi.ErrorRate, Values: []kpi.Value{{Statistic: kpi.Mean, Value: 0.02}}},
		{Subject: front, Metric: kpi.Latency, Values: []kpi.Value{{Statistic: kpi.P95, Value: 0.3}}},
	}}
	if g := gate(); g.Expr != "error_rate <= 0.022 && p95_seconds <= 0.33" || !strings.Contains(g.Why, "Application Load Balancer") {
		t.Errorf("%+v", g)
	}
	in.Choices.TolerancePercent = 50
	if g := gate(); g.Expr != "error_rate <= 0.03 && p95_seconds <= 0.45" || !strings.Contains(g.Why, "landfall.yaml") {
		t.Errorf("%+v", g)
	}
}

// What people choose is followed, or refused with a finding that blocks.
func TestChoices(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	in.Measured = map[string]int64{"execute.copy.db-bookshop-db": 77}
	in.Choices.Owners = map[string]string{"database": "team-data"}
	in.Choices.Shares = []int{20, 100}
	in.Choices.TTLSeconds, in.Choices.ObservationHours = 60, 24
	in.Choices.HTTP = []compile.HTTPCheck{{Name: "front", URL: "https://shop.example/", Status: 200}}
	in.Choices.Commands = []compile.Command{{Name: "load", Run: "make load", For: "load"}}
	r := compiled(t, in, runbook.Canary)
	copying := step(t, r, "execute.copy.db-bookshop-db")
	if copying.ExpectedSeconds != 77 || copying.ExpectedBasis != "measured in the rehearsal" || copying.Owner != "team-data" {
		t.Errorf("%+v", copying)
	}
	if s := step(t, r, "execute.traffic.20.shop-bookshop-example"); s.After.Weights["shop.bookshop.example"] != (runbook.Weights{Source: 80, Target: 20}) {
		t.Errorf("%+v", s.After)
	}
	if s := step(t, r, "evaluate.observe"); s.WaitSeconds != 24*3600 {
		t.Errorf("observes for %d s", s.WaitSeconds)
	}
	if s := step(t, r, "execute.ttl.www-bookshop-example"); s.After.TTLSeconds["www.bookshop.example"] != 60 {
		t.Errorf("%+v", s.After)
	}
	if s := step(t, r, "execute.test-load"); s.Inputs["kind"] != "checks" || !strings.Contains(fmt.Sprint(s.Inputs["commands"]), "make load") {
		t.Errorf("%+v", s.Inputs)
	}
	for _, c := range []compile.DataChoice{{Of: "bookshop-cache", Method: "online"}, {Of: "bookshop-db", Method: compile.Rebuild}} {
		in.Choices.Data = []compile.DataChoice{c}
		blocked := false
		for _, f := range compiled(t, in, runbook.Canary).Findings {
			blocked = blocked || f.Blocks && strings.HasPrefix(f.ID, "method:")
		}
		if !blocked {
			t.Errorf("%+v is let pass", c)
		}
	}
	in.Choices.Strategy = "waterfall"
	if _, err := compile.Compile(in); err == nil {
		t.Error("a strategy that there is not is let pass")
	}
	in.Choices.Strategy, in.Choices.Environments = runbook.Canary, []compile.Environment{{Name: "test"}}
	if _, err := compile.Compile(in); err == nil {
		t.Error("no environment is production, and nobody says so")
	}
}

// A window that is too short blocks the runbook.
func TestShortWindowBlocks(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	in.Choices.Window = compile.Window{Seconds: 3600, RollbackSeconds: 1800}
	var ids []string
	for _, f := range check.Runbook(compiled(t, in, runbook.BlueGreen)) {
		ids = append(ids, f.ID)
	}
	if fmt.Sprint(ids) != "[window.back]" {
		t.Errorf("%v", ids)
	}
}

// Whatever is taken out of a compiled runbook that keeps it safe is missed.
func TestMutantsOfCompiledRunbooks(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	// One set of data of each sort, and one name, stand for all of them.
	some := regexp.MustCompile(`\.(db-bookshop-db|cache-bookshop-cache|queue-bookshop-orders|shop-bookshop-example|start|release|cross)$`)
	for _, strategy := range runbook.Strategies() {
		whole := compiled(t, in, strategy)
		for i := range whole.Steps {
			s := &whole.Steps[i]
			if !some.MatchString(s.ID) {
				continue
			}
			for name, mutate := range mutations(s) {
				r := compiled(t, in, strategy)
				mutate(r, &r.Steps[i])
				blocked := false
				for _, f := range check.Runbook(r) {
					blocked = blocked || f.Blocks
				}
				if !blocked {
					t.Errorf("%s: nobody notices %s of %s", strategy, name, s.ID)
				}
			}
		}
	}
}

// mutations are changes of one step that make a runbook unsafe.
func mutations(s *runbook.Step) map[string]func(*runbook.Runbook, *runbook.Step) {
	out := map[string]func(*runbook.Runbook, *runbook.Step){}
	if len(s.After.Writers) > 0 || len(s.After.Weights) > 0 {
		out["no undo"] = func(_ *runbook.Runbook, s *runbook.Step) { s.Undo = nil }
		out["an undo that became a reason"] = func(_ *runbook.Runbook, s *runbook.Step) { s.Undo, s.UndoReason = nil, "no" }
		out["no needs"] = func(_ *runbook.Runbook, s *runbook.Step) { s.Needs = nil }
	}
	if len(s.After.Writers) > 0 || strings.HasPrefix(s.ID, "execute.traffic.100.") {
		out["no effect"] = func(_ *runbook.Runbook, s *runbook.Step) { s.After = runbook.After{} }
	}
	if strings.HasPrefix(s.ID, "execute.switch.") {
		out["no gate"] = func(_ *runbook.Runbook, s *runbook.Step) { s.Gates = nil }
	}
	if len(s.After.TTLSeconds) > 0 || len(s.After.Serves) > 0 && s.Phase == runbook.Execute || strings.HasPrefix(s.ID, "execute.return.") {
		out["no effect"] = func(_ *runbook.Runbook, s *runbook.Step) { s.After = runbook.After{} }
	}
	if s.WaitSeconds > 0 && strings.HasPrefix(s.ID, "execute.expired.") {
		out["no wait"] = func(_ *runbook.Runbook, s *runbook.Step) { s.WaitSeconds = 0 }
	}
	return out
}

// A workload without anything still gets a runbook that may be approved, and
// names that nobody would give do not break its pages.
func TestNothingAndHostileNames(t *testing.T) {
	t.Parallel()
	hostile := "a|b\n<script>`x`\x00*_[\u202e" + strings.Repeat("long ", 100)
	inv := *own(t, named(t, "wordpress")).Inventory
	for i := range inv.Resources {
		inv.Resources[i].Name = hostile
	}
	for name, in := range map[string]compile.Input{"nothing": inputOf(t, "nothing", inventory.Inventory{}), "hostile": inputOf(t, "hostile", inv)} {
		for i := range in.Design.Decisions {
			in.Design.Decisions[i].Name = hostile
		}
		for _, s := range runbook.Strategies() {
			r := compiled(t, in, s)
			for _, f := range check.Runbook(r) {
				if f.Blocks {
					t.Errorf("%s, %s: %s %s", name, s, f.ID, f.Text)
				}
			}
			for _, f := range page.Files(r, "sha256:0") {
				if strings.Contains(string(f.Content), "<script>") || strings.Contains(string(f.Content), "\x00") {
					t.Errorf("%s: %s carries what a name holds", name, f.Path)
				}
			}
		}
	}
}
