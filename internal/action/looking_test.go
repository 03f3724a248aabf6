package action

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// counting counts what is asked of an action.
type counting struct{ checks, effects, tries int }

func (c *counting) Check(context.Context, *Call) (Seen, string, error) {
	c.checks++
	return NotThere, "", nil
}
func (c *counting) Apply(context.Context, *Call) error { c.effects++; return nil }
func (c *counting) Verify(context.Context, *Call) ([]Evidence, error) {
	return nil, nil
}
func (c *counting) Undo(context.Context, *Call) ([]Evidence, error) { c.effects++; return nil, nil }

// countingTest is one that only finds something out.
type countingTest struct{ counting }

func (c *countingTest) Try(context.Context, *Call) ([]Evidence, error) { c.tries++; return nil, nil }

// Whatever is asked of it, in any order and over Run and Probe too, a registry
// that looks makes no effect, and tries only what it was allowed to.
func TestLookingNeverActs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		act, read, other := &counting{}, &countingTest{}, &countingTest{}
		r := Registry{"act": act, "read": read, "other": other}.Looking("read")
		for range rapid.IntRange(1, 20).Draw(t, "calls") {
			kind := rapid.SampledFrom([]runbook.StepKind{"act", "read", "other"}).Draw(t, "kind")
			a, err := r.Of(kind)
			if err != nil {
				t.Fatal(err)
			}
			c := &Call{Step: runbook.Step{ID: "s", Kind: kind}, Rehearsal: 1}
			ctx := context.Background()
			switch rapid.IntRange(0, 5).Draw(t, "call") {
			case 0:
				refuses(t, a.Apply(ctx, c))
			case 1:
				_, err := a.Undo(ctx, c)
				refuses(t, err)
			case 2:
				_, err := a.Verify(ctx, c)
				refuses(t, err)
			case 3:
				Run(ctx, a, c, rapid.Bool().Draw(t, "undo"))
			case 4:
				Probe(ctx, a, c)
			case 5:
				if test, ok := a.(Test); ok != (kind != "act") {
					t.Fatalf("%s is a test: %v", kind, ok)
				} else if ok {
					if _, err := test.Try(ctx, c); kind == "other" {
						refuses(t, err)
					}
				}
			}
		}
		if act.effects+read.effects+other.effects+other.tries > 0 {
			t.Fatalf("effects %d, %d, %d, tries that were not allowed %d", act.effects, read.effects, other.effects, other.tries)
		}
	})
}

func refuses(t *rapid.T, err error) {
	if !fault.Is(err, fault.Refused) {
		t.Fatalf("it did not refuse: %v", err)
	}
}

// The kinds stay as they are, so that a runbook is told of all of them.
func TestLookingKeepsKinds(t *testing.T) {
	t.Parallel()
	r := Registry{"a": &counting{}, "b": &countingTest{}}
	if got := r.Looking().Kinds(); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("kinds %v", got)
	}
}
