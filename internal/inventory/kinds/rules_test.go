package kinds

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
)

// Each kind has one rule, a kind that CloudFormation knows is spelled as it
// does, and what a rule writes exists in the schema.
func TestRulesAreCoherent(t *testing.T) {
	t.Parallel()
	c := New()
	seen := map[cloud.Kind]bool{}
	for _, family := range families() {
		for _, rule := range family {
			if seen[rule.Kind] {
				t.Errorf("%s has two rules: the later one would win", rule.Kind)
			}
			seen[rule.Kind] = true
			schema, known := c.schemas.Kind(rule.Kind)
			if !known {
				if spelled, elsewhere := c.Kind(rule.Kind); elsewhere {
					t.Errorf("%s is another name of %s", rule.Kind, spelled)
				}
				continue
			}
			if schema.Kind != rule.Kind {
				t.Errorf("%s is spelled %s", rule.Kind, schema.Kind)
			}
			for from, to := range rule.Move {
				if !inService(c, rule.Kind, to) {
					t.Errorf("%s: moves %q to %q, which is no property", rule.Kind, from, to)
				}
			}
			for _, path := range rule.Unordered {
				if !inService(c, rule.Kind, path) {
					t.Errorf("%s: %q is no property", rule.Kind, path)
				}
			}
		}
	}
}

// inService reports whether a path is a property of the kind or of another of
// its service: kinds that are alike share a rule.
func inService(c *Converter, kind cloud.Kind, path string) bool {
	for _, other := range c.schemas.Kinds() {
		if other.Service() != kind.Service() {
			continue
		}
		if schema, ok := c.schemas.Kind(other); ok {
			if _, ok := schema.At(path); ok {
				return true
			}
		}
	}
	return false
}

func TestARNFormsNameKindsOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for line := range strings.Lines(arnForms) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		kind, form, ok := strings.Cut(line, " ")
		if !ok || seen[kind] || strings.Count(form, ":") < 3 {
			t.Errorf("%q: twice, or not a form", line)
		}
		seen[kind] = true
	}
	if len(seen) < 300 {
		t.Errorf("only %d kinds have a form", len(seen))
	}
}

// The table of Terraform's types is large, names kinds that exist (or those
// that AWS Config has and CloudFormation has not), and writes properties that
// exist where it writes nested ones.
func TestTerraformTable(t *testing.T) {
	t.Parallel()
	c := New()
	if len(c.terraform) < 250 {
		t.Fatalf("only %d types", len(c.terraform))
	}
	for typ, entry := range c.terraform {
		if _, known := c.schemas.Kind(entry.kind); !known && !strings.HasPrefix(string(entry.kind), "AWS::") {
			t.Errorf("%s: no kind %s", typ, entry.kind)
		}
	}
	lines := 0
	for line := range strings.Lines(terraformTypes) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] != "#" && strings.HasPrefix(fields[0], "aws_") {
			lines++
		}
	}
	if lines != len(c.terraform) {
		t.Errorf("%d lines for %d types: one is there twice", lines, len(c.terraform))
	}
}
