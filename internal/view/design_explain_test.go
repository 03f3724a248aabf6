package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// said is what a result says to a person.
func said(r interface{ Text(*Paper) }) string {
	var out bytes.Buffer
	r.Text(NewPaper(&out, false))
	return out.String()
}

func TestExplainedSaysWhoOverruledWhat(t *testing.T) {
	t.Parallel()
	text := said(Explained{Environment: "test", Resources: []Story{{
		Decision: design.Decision{Source: "arn:q", Kind: "AWS::SQS::Queue", Name: "jobs", Action: design.Retain, Why: "next year", Rule: "landfall.yaml", Confidence: 1, Override: "next year", Targets: []cloud.ResourceID{"/t"},
			Ruled: &design.Ruled{Action: design.Migrate, Why: "a queue", Rule: "sqs/queue", Confidence: 0.7, Targets: []cloud.Kind{"Microsoft.ServiceBus/namespaces/queues"}, Gaps: []design.Gap{{Severity: design.High, Title: "no FIFO", At: "FifoQueue=true"}}}},
		Targets: []design.Resource{{Type: "Microsoft.Authorization/roleAssignments", Name: "0f1e"}}, Labels: []string{"Reader for id-web on kv"},
	}}})
	for _, want := range []string{"names at the target are those of environment test", "retain for the others, with a counterpart", "the rule had decided migrate: a queue (rule sqs/queue, confidence 70 %)", "it would have made Microsoft.ServiceBus/namespaces/queues",
		"high no FIFO (FifoQueue=true)", "-> Microsoft.Authorization/roleAssignments Reader for id-web on kv"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}

func TestExplainedListsTooMany(t *testing.T) {
	t.Parallel()
	var r Explained
	for i := range 9 {
		r.Candidates = append(r.Candidates, design.Decision{Source: cloud.ResourceID(fmt.Sprintf("arn:%d", i)), Name: "100", Kind: "AWS::EC2::NetworkAclEntry", Action: design.Replace})
	}
	text := said(r)
	if !strings.Contains(text, "9 resources are called so") || !strings.Contains(text, "  arn:8 (100, AWS::EC2::NetworkAclEntry): replace") {
		t.Error(text)
	}
	whole := said(Explained{Whole: []Whole{{Target: LabelledOf(design.Resource{ID: "/w", Type: "Microsoft.OperationalInsights/workspaces", Name: "log"}, func(r design.Resource) string { return r.Name }), Users: []Labelled{{Type: "a/b", Label: "c"}}}}})
	for _, want := range []string{"log (Microsoft.OperationalInsights/workspaces)", "stands for no single resource", "is needed by: 1", "a/b c"} {
		if !strings.Contains(whole, want) {
			t.Errorf("lacks %q:\n%s", want, whole)
		}
	}
}

func TestParametersAreAnnounced(t *testing.T) {
	t.Parallel()
	list := []Parameter{
		{Name: "password", Type: "string", Description: "of the server", Secure: true, Variable: "LANDFALL_PARAMETER_PASSWORD"},
		{Name: "days", Type: "int", Description: "to keep", Default: 7, Variable: "LANDFALL_PARAMETER_DAYS"},
		{Name: "tenantId", Type: "string", Description: "the tenant", Known: "target.tenant in landfall.yaml", Variable: "LANDFALL_PARAMETER_TENANTID"},
	}
	for name, text := range map[string]string{"iac": said(Printed{Files: 1, Parameters: list}), "design": said(Designed{Parameters: list})} {
		for _, want := range []string{"values that a deployment wants: 3", "password (string, secret): of the server\n          LANDFALL_PARAMETER_PASSWORD\n", "7, or LANDFALL_PARAMETER_DAYS", "taken from target.tenant in landfall.yaml", "--parameters FILE"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
	}
	if text := said(Printed{Files: 1}); strings.Contains(text, "values that") {
		t.Error(text)
	}
}
