package app

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// yes is a person's yes to a step, as the engine keeps it.
func (s *signing) yes(by string, what said) given {
	s.t.Helper()
	s.by = by
	me, err := s.speak(s.t.Context(), what)
	if err != nil {
		s.t.Fatal(err)
	}
	return given{By: me.By, Role: me.Role, How: me.How, At: time.Now(), Proof: me.Proof}
}

// A worker acts on as many yeses as it takes, of different persons, to just this
// step of this run of this runbook, proved as landfall.yaml asks for, and used
// once; on no other.
func TestAWorkerActsOnProof(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	roles := s.Config.Approvals.Roles
	call := engine.StepCall{Run: "shop-1", Plan: "sha256:a", Kind: engine.DoStep, Step: runbook.Step{ID: "execute.go", Approvals: runbook.Approvals{Count: 2, Roles: []string{"lead", "dba"}}}}
	this := said{Verb: "approve", Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"}
	ann, bob := s.yes("ann", this), s.yes("bob", this)
	// changed is a copy with something else in it.
	changed := func(g given, change func(*given)) given {
		g.Proof = maps.Clone(g.Proof)
		change(&g)
		return g
	}
	step, run, plan := this, this, this
	step.Step, run.Run, plan.Runbook = "execute.stop", "shop-2", "sha256:b"
	for name, c := range map[string]struct {
		all []given
		why string
	}{
		"both":             {[]given{ann, bob}, ""},
		"one":              {[]given{ann}, "1 of 2"},
		"one, twice":       {[]given{ann, s.yes("ann", this)}, "1 of 2"},
		"none":             {nil, "0 of 2"},
		"another step":     {[]given{ann, s.yes("bob", step)}, "something else"},
		"another run":      {[]given{ann, s.yes("bob", run)}, "something else"},
		"another runbook":  {[]given{ann, s.yes("bob", plan)}, "something else"},
		"a no":             {[]given{ann, s.yes("bob", said{Verb: "reject", Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"})}, "something else"},
		"a bent statement": {[]given{ann, changed(s.yes("bob", run), func(g *given) { g.Proof[proofStatement] = ann.Proof[proofStatement] })}, "not hold"},
		"a forged name":    {[]given{ann, changed(ann, func(g *given) { g.By, g.Role = "bob", "dba" })}, "not hold"},
		"no proof":         {[]given{ann, {By: "bob", Role: "dba", How: bob.How}}, "does not say to what"},
		"by name only":     {[]given{ann, changed(bob, func(g *given) { g.How = localUser })}, "proved by nothing"},
		"another role":     {[]given{ann, changed(bob, func(g *given) { g.Role = "lead" })}, `gives them the role "dba"`},
	} {
		err := s.approvedBy(t.Context(), newLedgerWords(s.App), &call, c.all)
		if (err == nil) != (c.why == "") || err != nil && (!fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	undo, none := call, call
	undo.Kind, none.Step.Approvals = engine.UndoStep, runbook.Approvals{}
	for name, c := range map[string]*engine.StepCall{"taking it back": &undo, "no approval": &none} {
		if err := s.approvedBy(t.Context(), newLedgerWords(s.App), c, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Where landfall.yaml gives no roles, one counts that was said.
	s.Config.Approvals.Roles = nil
	if err := s.approvedBy(t.Context(), newLedgerWords(s.App), &call, []given{ann, bob}); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "is kept as") {
		t.Errorf("a role that nobody said: %v", err)
	}
	s.Config.Approvals.Roles = roles
	// The same words in two entries: somebody has used them again.
	for range 2 {
		s.append("shop-1", engine.Entry{Kind: "approval.given", Step: "execute.go", By: "bob", Text: "no reason given", Proof: bob.Proof})
	}
	if err := s.approvedBy(t.Context(), newLedgerWords(s.App), &call, []given{ann, bob}); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "used before") {
		t.Errorf("replayed: %v", err)
	}
}

// A key that is taken out of the signers opens nothing more, and a worker without
// a ledger of its own still checks signatures.
func TestAKeyThatIsTakenOut(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	this := said{Verb: "approve", Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"}
	call := engine.StepCall{Run: "shop-1", Plan: "sha256:a", Kind: engine.DoStep, Step: runbook.Step{ID: "execute.go", Approvals: runbook.Approvals{Count: 1}}}
	ann := s.yes("ann", this)
	files, err := filepath.Glob(filepath.Join(s.Workspace.Root(), store.PrivateFolder, "ledger.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.approvedBy(t.Context(), newLedgerWords(s.App), &call, []given{ann}); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
	s.signers(s.person("carl"))
	if err := s.approvedBy(t.Context(), newLedgerWords(s.App), &call, []given{ann}); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "not among the signers") {
		t.Errorf("after the key was taken out: %v", err)
	}
}

// A runbook is approved by those whose yes counts today.
func TestApprovalsOfARunbookCount(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	print := "sha256:" + strings.Repeat("a", 64)
	say := func(by string, what said, print string) {
		g := s.yes(by, what)
		if _, err := s.recordAs(t.Context(), by, entryRunbookApproved, print, map[string]any{"runbook": print, "how": g.How, "role": g.Role, "proof": g.Proof}); err != nil {
			t.Fatal(err)
		}
	}
	say("ann", said{Verb: "approve", Runbook: print}, print)
	say("bob", said{Verb: "approve", Runbook: "sha256:b"}, print) // signed for another
	if _, err := s.recordAs(t.Context(), "eve", entryRunbookApproved, print, map[string]any{"runbook": print, "how": localUser}); err != nil {
		t.Fatal(err)
	}
	people, refused, err := s.approvalsThatCount(t.Context(), s.Workspace, print)
	if err != nil || len(people) != 1 || people[0] != "ann" || len(refused) != 2 || !strings.Contains(notCounted(refused), "2 do not count") {
		t.Errorf("%v, %v, %v", people, refused, err)
	}
	s.Config.Approvals.Roles = map[string]string{"bob": "dba"}
	s.RoleOf = func(by string) string { return s.Config.Approvals.Roles[by] }
	if people, _, err := s.approvalsThatCount(t.Context(), s.Workspace, print); err != nil || len(people) != 0 {
		t.Errorf("without a role: %v, %v", people, err)
	}
}

// Of a token the ledger can tell as much as was kept: what does not fit is found,
// what fits is reported, and counts where landfall.yaml asks for that provider.
func TestTokensAreReported(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	s.Identify = nil
	s.Config.Approvals = config.Approvals{Identity: "oidc", Issuer: "https://id.example.com", Audience: "landfall"}
	token := func(change map[string]string) given {
		g := s.yes("", said{Verb: "approve", Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"})
		now := time.Now().UTC()
		maps.Copy(g.Proof, map[string]string{"iss": "https://id.example.com", "sub": "u1", "email": "ann@example.com", "aud": "landfall other", "tokenSha256": "ab",
			"iat": now.Add(-time.Minute).Format(time.RFC3339), "exp": now.Add(time.Minute).Format(time.RFC3339)})
		maps.Copy(g.Proof, change)
		g.By, g.How = "ann@example.com", "OIDC "+g.Proof["iss"]
		g.Proof[proofHow] = g.How
		return g
	}
	if _, err := s.record(t.Context(), entryRunBegun, "shop-1", map[string]any{"runbook": "sha256:a"}); err != nil {
		t.Fatal(err)
	}
	this := said{Step: "execute.go", Run: "shop-1", Runbook: "sha256:a"}
	for name, c := range map[string]struct {
		change map[string]string
		counts bool
		wrong  int
	}{
		"as it was shown":  {nil, true, 0},
		"another provider": {map[string]string{"iss": "https://evil.example.com"}, false, 0},
		"another audience": {map[string]string{"aud": "payroll"}, false, 0},
		"another person":   {map[string]string{"email": "bob@example.com"}, false, 1},
		"over by then":     {map[string]string{"exp": "2020-01-01T00:00:00Z"}, false, 1},
	} {
		g := token(c.change)
		if err := s.counts(g, this); (err == nil) != c.counts {
			t.Errorf("%s: %v", name, err)
		}
		before, _ := s.checked(LedgerOptions{})
		s.append("shop-1", engine.Entry{Kind: "approval.given", Step: "execute.go", By: g.By, Text: "no reason given", Data: map[string]string{"how": g.How}, Proof: g.Proof})
		if after, _ := s.checked(LedgerOptions{}); after.Reported != before.Reported+1-c.wrong || len(after.Wrong) != len(before.Wrong)+c.wrong {
			t.Errorf("%s: %+v", name, after)
		}
	}
}
