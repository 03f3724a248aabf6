package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
)

// What is signed is read back as it was said, whatever a reason holds, and no
// other text is taken for it: a reason cannot play another clause.
func TestStatementsAreReadBack(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[a-z0-9.-]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		s := said{Verb: rapid.SampledFrom([]string{"approve", "rollback", "run"}).Draw(t, "verb")}
		for _, c := range s.clauses() {
			if rapid.Bool().Draw(t, c.word) {
				*c.value = word.Draw(t, "value")
			}
		}
		s.Reason = rapid.OneOf(rapid.String(), rapid.Just(`x" run other runbook sha256:1`), rapid.Just("a\nb")).Draw(t, "reason")
		if strings.Contains(s.Reason, "\ufffd") {
			s.Reason = ""
		}
		text := s.text()
		got, err := parseSaid(text)
		if err != nil || got != s {
			t.Fatalf("%q is read as %+v, %v", text, got, err)
		}
		if strings.ContainsAny(text, "\n\r") {
			t.Fatalf("%q is more than a line", text)
		}
		if other, err := parseSaid(text + " "); err == nil {
			t.Fatalf("a blank more is read as %+v", other)
		}
	})
	for _, no := range []string{"", "approve  step a", "approve number 1 step a", `approve because "x`, `approve step "a"`, "approve step a step b", "approve step"} {
		if got, err := parseSaid(no); err == nil {
			t.Errorf("%q is read as %+v", no, got)
		}
	}
}

// Two of the same words are two statements.
func TestStatementsHaveANumber(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	seen := map[string]bool{}
	for range 3 {
		me, err := a.speak(t.Context(), said{Verb: "approve", Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"})
		if err != nil || me.Proof[proofHow] != localUser {
			t.Fatalf("%+v, %v", me, err)
		}
		what, err := parseSaid(me.Proof[proofStatement])
		if err != nil || what.Step != "execute.go" || what.Run != "shop-1" || what.Runbook != "sha256:a" || len(what.Ledger) != 32 || len(what.Number) < 20 || seen[what.Number] {
			t.Errorf("%+v, %v", what, err)
		}
		seen[what.Number] = true
	}
	if _, err := a.speak(t.Context(), said{Verb: "pause", Reason: strings.Repeat("x", maxReasonRunes+1)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a reason that no entry holds: %v", err)
	}
}

// All that decides what an event does stands in its statement.
func TestEventsAreSaid(t *testing.T) {
	t.Parallel()
	gone := false
	got := saidOf(engine.Event{Kind: engine.Settle, Step: "a", Role: "lead", Until: "execute", Effect: &gone, Accept: true, Reason: "seen"}, store.Execution{Run: "r", Fingerprint: "f"})
	want := said{Verb: "settle", Step: "a", Role: "lead", Until: "execute", Effect: effectNotThere, Accepting: acceptsLoss, Reason: "seen", Run: "r", Runbook: "f"}
	if got != want {
		t.Errorf("%+v", got)
	}
}

// Where landfall.yaml gives people roles, only those say anything; approvals.may
// narrows a verb, or opens it.
func TestWhoMaySayWhat(t *testing.T) {
	t.Parallel()
	roles := map[string]string{"ann": "lead", "bob": "dba"}
	ann, bob, eve := Identity{By: "ann", Role: "lead"}, Identity{By: "bob", Role: "dba"}, Identity{By: "eve"}
	for name, c := range map[string]struct {
		roles, may map[string]string
		who        Identity
		verb       string
		ok         bool
	}{
		"no roles at all":        {nil, nil, eve, "rollback", true},
		"a role":                 {roles, nil, bob, "rollback", true},
		"no role":                {roles, nil, eve, "rollback", false},
		"no role, run":           {roles, nil, eve, "run", false},
		"no role, pause":         {roles, nil, eve, "pause", false},
		"opened":                 {roles, map[string]string{"pause": "*"}, eve, "pause", true},
		"opened, another":        {roles, map[string]string{"pause": "*"}, eve, "resume", false},
		"narrowed, in":           {roles, map[string]string{"abort": "operations, lead"}, ann, "abort", true},
		"narrowed, out":          {roles, map[string]string{"abort": "operations,lead"}, bob, "abort", false},
		"narrowed, nobody known": {nil, map[string]string{"abort": "lead"}, eve, "abort", false},
		"part of a role":         {roles, map[string]string{"abort": "team-lead"}, ann, "abort", false},
	} {
		a := &App{Parts: Parts{Config: &config.Config{Approvals: config.Approvals{Roles: c.roles, May: c.may}}}}
		if err := a.may(c.who, c.verb); (err == nil) != c.ok || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every verb asks for the role, and nothing reaches the engine without it.
func TestEveryVerbAsksForTheRole(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	heard := &hearing{oneEngine: runs}
	a.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return heard, func() {}, nil }
	a.setup.Now = func() time.Time { return time.Now().Add(time.Hour) }
	a.Config.Approvals.Roles = map[string]string{"somebody else": "lead"}
	there := true
	for _, o := range []Order{{Kind: "reject", Step: "plan.a"}, {Kind: "confirm", Step: "plan.a"}, {Kind: "pause"}, {Kind: "resume"}, {Kind: "skip", Step: "plan.a"}, {Kind: "retry", Step: "plan.a"},
		{Kind: "settle", Step: "plan.a", Effect: &there}, {Kind: "rollback"}, {Kind: "abort"}} {
		o.Reason = "because"
		if _, err := a.Command(t.Context(), o); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", o.Kind, err)
		}
	}
	if _, err := a.ApproveStep(t.Context(), "plan.a", "", ""); !fault.Is(err, fault.Denied) {
		t.Errorf("approve: %v", err)
	}
	if _, err := a.Drain(t.Context(), "because"); !fault.Is(err, fault.Denied) {
		t.Errorf("drain: %v", err)
	}
	if _, err := a.Run(t.Context(), RunOptions{Detach: true, Until: "plan"}, unheard); !fault.Is(err, fault.Denied) {
		t.Errorf("extend: %v", err)
	}
	if len(heard.sent) != 0 {
		t.Errorf("the engine was given %+v", heard.sent)
	}
	// Of what a person may say the reason goes along once.
	a.Config.Approvals.Roles = nil
	if _, err := a.Command(t.Context(), Order{Kind: "pause", Reason: "look"}); err != nil || len(heard.sent) != 1 || heard.sent[0].Reason != "look" || heard.sent[0].Detail != "" {
		t.Errorf("%+v, %v", heard.sent, err)
	}
}

// hearing is an engine that remembers what it was told.
type hearing struct {
	*oneEngine
	sent []engine.Event
}

func (h *hearing) Send(_ context.Context, _ string, e engine.Event) error {
	h.sent = append(h.sent, e)
	return nil
}
