package assess_test

import (
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
)

func TestQuestionnaireRoundTrip(t *testing.T) {
	t.Parallel()
	s := world(t)
	q := assess.Ask(s.Graph, assess.Questionnaire{})
	if len(q.FlowAnswers()) != 0 {
		t.Error("an empty questionnaire has answers")
	}
	q.Flows[0].Criticality, q.Flows[0].RTO, q.Flows[0].RPO = "high", "4h", "2d"
	q.Things = []assess.Thing{{Name: "nightly export", Kind: "schedule", Needs: []string{"db"}, NeededBy: []string{"web"}, Note: "cron on a desktop"}}
	q.Statements[0].Answer = "one"
	written, err := q.Format()
	if err != nil {
		t.Fatal(err)
	}
	back, err := assess.ReadQuestions("questions.yaml", written)
	if err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	answer := back.FlowAnswers()["flow:web"]
	if answer.Criticality != graph.CriticalityHigh || answer.RTO != 4*time.Hour || answer.RPO != 48*time.Hour {
		t.Errorf("answer %+v", answer)
	}
	asserted, refused := back.Asserted(s.Inventory)
	if refused != nil || len(asserted.Nodes) != 1 || len(asserted.Edges) != 2 {
		t.Fatalf("asserted %+v, %v", asserted, refused)
	}
	if e := asserted.Edges[0]; e.From != "external:schedule/nightly export" || e.To != "db" || e.Evidence[0].Source != "answers" {
		t.Errorf("edge %+v", e)
	}
	if e := asserted.Edges[1]; e.From != "web" || e.To != "external:schedule/nightly export" {
		t.Errorf("edge %+v", e)
	}

	// Asking again keeps what was said, also of a flow that is gone.
	s.Graph.Flows = []graph.Flow{{ID: "flow:other", Name: "other"}}
	again := assess.Ask(s.Graph, back)
	if len(again.Flows) != 2 || again.Flows[1].RTO != "4h" || again.Things[0].Name != "nightly export" || again.Statements[0].Answer != "one" {
		t.Errorf("asked again: %+v", again)
	}
}

func TestBrokenQuestionnaires(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no version":     {"flows: []\n", "schemaVersion is 0"},
		"empty":          {"", "schemaVersion is 0"},
		"no yaml":        {"\t{", "yaml"},
		"misspelt key":   {"schemaVersion: 1\nflow: []\n", "flow"},
		"criticality":    {"schemaVersion: 1\nflows: [{id: a, criticality: vital}]\n", `criticality "vital"`},
		"rto":            {"schemaVersion: 1\nflows: [{id: a, rto: soon}]\n", `rto "soon"`},
		"negative rpo":   {"schemaVersion: 1\nflows: [{id: a, rpo: -1h}]\n", `rpo "-1h"`},
		"negative days":  {"schemaVersion: 1\nflows: [{id: a, rto: -2d}]\n", `rto "-2d"`},
		"endless days":   {"schemaVersion: 1\nflows: [{id: a, rto: 200000d}]\n", `rto "200000d"`},
		"nameless thing": {"schemaVersion: 1\nthings: [{kind: script}]\n", "thing 1"},
		"unknown kind":   {"schemaVersion: 1\nthings: [{name: a, kind: ghost}]\n", "thing 1"},
		"huge":           {"schemaVersion: 1\n#" + strings.Repeat("x", 1<<20), "larger"},
	} {
		_, err := assess.ReadQuestions("q.yaml", []byte(c.text))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "q.yaml") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// An answer that names what is not there, or what two things are called, must
// not be lost silently.
func TestAssertedNamesMustBeClear(t *testing.T) {
	t.Parallel()
	s := world(t)
	s.Inventory.Resources[1].Name = "twin"
	s.Inventory.Resources[2].Name = "twin"
	for name, want := range map[string]string{"nothing": "no resource has", "twin": "2 resources have"} {
		q := assess.Questionnaire{Things: []assess.Thing{{Name: "x", Kind: "script", Needs: []string{name, "web"}}}}
		got, refused := q.Asserted(s.Inventory)
		if len(refused) != 1 || !strings.Contains(refused[0].Reason, want) || refused[0].File != "questions.yaml#/things/0/needs" {
			t.Errorf("%s: %v", name, refused)
		}
		if len(got.Edges) != 1 { // and the other answer counts
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzReadQuestions(f *testing.F) {
	q, err := assess.Ask(graph.Graph{Flows: []graph.Flow{{ID: "a", Name: "b"}}}, assess.Questionnaire{}).Format()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	f.Add([]byte("schemaVersion: 1\nthings: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := assess.ReadQuestions("q", data)
		if err != nil {
			return
		}
		if _, err := read.Format(); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
