package assess

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// QuestionsVersion is the schemaVersion of questions.yaml.
const QuestionsVersion = 1

// maxQuestionsBytes bounds the file; a filled one has some kilobytes.
const maxQuestionsBytes = 1 << 20

// Questionnaire is questions.yaml: what no tool can see, asked of the people
// who run the workload. Empty answers are not known, and nothing follows from
// them.
type Questionnaire struct {
	SchemaVersion int            `yaml:"schemaVersion"`
	Flows         []FlowQuestion `yaml:"flows"`
	Things        []Thing        `yaml:"things"`
	Statements    []Statement    `yaml:"statements"`
}

// FlowQuestion asks how much depends on a flow.
type FlowQuestion struct {
	ID string `yaml:"id"`
	// Name may be changed; the report then uses the people's word.
	Name        string `yaml:"name"`
	Criticality string `yaml:"criticality"`
	// RTO and RPO are durations such as 15m, 4h or 2d.
	RTO string `yaml:"rto"`
	RPO string `yaml:"rpo"`
	// Owner is who decides about it.
	Owner string `yaml:"owner"`
	// Drop says that it is no critical flow.
	Drop bool `yaml:"drop,omitempty"`
}

// Thing is something that people know and no tool sees. It becomes a node of
// the graph, with edges to what it needs and from what needs it.
type Thing struct {
	Name string `yaml:"name"`
	// Kind is one of ThingKinds.
	Kind string `yaml:"kind"`
	// Needs and NeededBy name resources, by id or by a name that only one has.
	Needs    []string `yaml:"needs"`
	NeededBy []string `yaml:"neededBy"`
	Note     string   `yaml:"note"`
}

// Statement is a question with an answer in words, for the report and the
// runbook.
type Statement struct {
	ID       string `yaml:"id"`
	Question string `yaml:"question"`
	Answer   string `yaml:"answer"`
}

// ThingKinds are what the questionnaire asks for.
func ThingKinds() []string {
	return []string{"schedule", "script", "manual-step", "hidden-state", "licence", "hard-coded-name", "partner", "client"}
}

// Ask makes the questionnaire for a graph. What was answered before is kept,
// also for flows that are not found any more.
func Ask(g graph.Graph, before Questionnaire) Questionnaire {
	q := Questionnaire{SchemaVersion: QuestionsVersion, Flows: []FlowQuestion{}, Things: before.Things, Statements: []Statement{}}
	answered := map[string]FlowQuestion{}
	for _, f := range before.Flows {
		answered[f.ID] = f
	}
	asked := map[string]bool{}
	for _, f := range g.Flows {
		asked[f.ID] = true
		if old, ok := answered[f.ID]; ok {
			q.Flows = append(q.Flows, old)
			continue
		}
		q.Flows = append(q.Flows, FlowQuestion{ID: f.ID, Name: f.Name})
	}
	for _, f := range before.Flows {
		if !asked[f.ID] {
			q.Flows = append(q.Flows, f)
		}
	}
	said := map[string]string{}
	for _, s := range before.Statements {
		said[s.ID] = s.Answer
	}
	for _, s := range statementsAsked() {
		s.Answer = said[s.ID]
		q.Statements = append(q.Statements, s)
	}
	if q.Things == nil {
		q.Things = []Thing{}
	}
	return q
}

func statementsAsked() []Statement {
	return []Statement{
		{ID: "schedules", Question: "Which jobs run on a schedule that is not in EventBridge: cron, a CI server, a person's calendar?"},
		{ID: "scripts", Question: "Which scripts outside the repositories touch the workload?"},
		{ID: "manual-steps", Question: "What do people do by hand, each day, month or year?"},
		{ID: "hidden-state", Question: "Where is state that is not in a database or bucket: local disks, memory, sessions?"},
		{ID: "licences", Question: "Which licences are bound to a host, an address or a number of cores?"},
		{ID: "hard-coded-names", Question: "Which names, addresses, regions and account numbers are written into code?"},
		{ID: "partners", Question: "Which partners allow our addresses, and how long do they take to change that?"},
		{ID: "clients", Question: "Which clients cannot be changed quickly: mobile apps, devices, customers' servers?"},
		{ID: "windows", Question: "When must nothing change: month end, sales, audits?"},
		{ID: "data", Question: "Which data must stay in a country, and which is personal?"},
	}
}

const questionsHead = `# What no tool can see. Fill in what is known, leave the rest empty; the next
# "landfall assess" reads it, and keeps it when it writes this file again.
#
# flows: how much depends on each (criticality: low, medium or high; rto and rpo
#   such as 15m, 4h or 2d; drop: true for what is no critical flow).
# things: what the graph lacks, each {name, kind, needs: [], neededBy: [], note};
#   kinds: %s.
#   needs and neededBy name resources by id, or by a name that only one has.
# statements: answers in words, for the report and the runbook.
`

// Format writes the questionnaire with its comments.
func (q Questionnaire) Format() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, questionsHead, strings.Join(ThingKinds(), ", "))
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(q); err != nil {
		return nil, fault.Of(fault.Internal, "write questionnaire", "", err)
	}
	return b.Bytes(), nil
}

// ReadQuestions reads questions.yaml. path is for the texts of errors (kind
// fault.Invalid); an unknown key is one, since a misspelt one would be an
// answer that nobody hears.
func ReadQuestions(path string, data []byte) (Questionnaire, error) {
	var q Questionnaire
	bad := func(format string, args ...any) (Questionnaire, error) {
		return Questionnaire{}, fault.Newf(fault.Invalid, "read %q: "+format, append([]any{path}, args...)...).
			Hintf("correct it, or make a new one: landfall assess --questions")
	}
	if len(data) > maxQuestionsBytes {
		return bad("it is larger than %d bytes", maxQuestionsBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&q); err != nil && !errors.Is(err, io.EOF) {
		return bad("%s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if q.SchemaVersion != QuestionsVersion {
		return bad("schemaVersion is %d, want %d", q.SchemaVersion, QuestionsVersion)
	}
	for _, f := range q.Flows {
		if _, err := f.answer(); err != nil {
			return bad("flow %q: %s", f.ID, err)
		}
	}
	for i, t := range q.Things {
		if t.Name == "" || !slices.Contains(ThingKinds(), t.Kind) {
			return bad("thing %d wants a name and a kind out of %s", i+1, strings.Join(ThingKinds(), ", "))
		}
	}
	return q, nil
}

func (f FlowQuestion) answer() (graph.FlowAnswer, error) {
	a := graph.FlowAnswer{Name: f.Name, Criticality: graph.Criticality(f.Criticality), Drop: f.Drop}
	switch a.Criticality {
	case "", graph.CriticalityLow, graph.CriticalityMedium, graph.CriticalityHigh:
	default:
		return a, fmt.Errorf("criticality %q is not low, medium or high", f.Criticality)
	}
	var err error
	if a.RTO, err = duration(f.RTO); err != nil {
		return a, fmt.Errorf("rto %q is no duration such as 15m, 4h or 2d", f.RTO)
	}
	if a.RPO, err = duration(f.RPO); err != nil {
		return a, fmt.Errorf("rpo %q is no duration such as 15m, 4h or 2d", f.RPO)
	}
	return a, nil
}

// duration reads Go's form and whole days; "" is 0.
func duration(s string) (time.Duration, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	days, inDays := strings.CutSuffix(s, "d")
	if inDays {
		s = days + "h"
	}
	d, err := time.ParseDuration(s)
	switch {
	case err == nil && d < 0:
		err = errors.New("negative")
	case err == nil && inDays && d > math.MaxInt64/24:
		err = errors.New("too long")
	case inDays:
		d *= 24
	}
	return d, err
}

// FlowAnswers are the answers about flows, by flow id; flows without any
// answer are left out.
func (q Questionnaire) FlowAnswers() map[string]graph.FlowAnswer {
	out := map[string]graph.FlowAnswer{}
	for _, f := range q.Flows {
		if a, err := f.answer(); err == nil && (f.Criticality != "" || f.RTO != "" || f.RPO != "" || f.Drop) {
			out[f.ID] = a
		}
	}
	return out
}

// Asserted turns the things into nodes and edges. A name that no resource has,
// or more than one, is refused by name, and the others go on: resources go
// away between two assessments, and an answer must not be lost silently.
func (q Questionnaire) Asserted(inv inventory.Inventory) (graph.Asserted, []inventory.Refused) {
	var out graph.Asserted
	var refused []inventory.Refused
	if len(q.Things) == 0 {
		return out, nil
	}
	named := q.named(inv)
	for n, t := range q.Things {
		node := graph.Node{ID: thingID(t), Kind: graph.ExternalAsked, Name: t.Name, External: true}
		out.Nodes = append(out.Nodes, node)
		for _, side := range []struct {
			field string
			names []string
			edge  func(other cloud.ResourceID) (from, to cloud.ResourceID)
		}{
			{"needs", t.Needs, func(other cloud.ResourceID) (from, to cloud.ResourceID) { return node.ID, other }},
			{"neededBy", t.NeededBy, func(other cloud.ResourceID) (from, to cloud.ResourceID) { return other, node.ID }},
		} {
			for _, name := range side.names {
				ids := named[name]
				if len(ids) != 1 {
					refused = append(refused, inventory.Refused{File: fmt.Sprintf("questions.yaml#/things/%d/%s", n, side.field),
						Reason: fmt.Sprintf("%q names %q, which %s; use the id as inventory.json has it", t.Name, name, howMany(len(ids)))})
					continue
				}
				from, to := side.edge(ids[0])
				out.Edges = append(out.Edges, graph.Edge{From: from, To: to, Relation: "needs",
					Evidence: []graph.Evidence{{Source: "answers", At: "questions.yaml", Note: t.Note}}})
			}
		}
	}
	return out, refused
}

func howMany(n int) string {
	if n == 0 {
		return "no resource has"
	}
	return fmt.Sprintf("%d resources have", n)
}

// named are the ids of resources and things by every name they go by.
func (q Questionnaire) named(inv inventory.Inventory) map[string][]cloud.ResourceID {
	named := map[string][]cloud.ResourceID{}
	for _, r := range inv.Resources {
		once := map[string]bool{}
		for _, n := range append([]string{string(r.ID), r.Name, r.LogicalID}, r.Aliases...) {
			if n != "" && !once[n] {
				once[n] = true
				named[n] = append(named[n], r.ID)
			}
		}
	}
	for _, t := range q.Things {
		named[t.Name] = append(named[t.Name], thingID(t))
	}
	return named
}

func thingID(t Thing) cloud.ResourceID {
	return cloud.ResourceID("external:" + t.Kind + "/" + t.Name)
}
