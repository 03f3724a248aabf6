package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/ledger"
)

// given is a person's yes, or another word, as it is kept.
type given struct {
	By, Role, How string
	At            time.Time
	Proof         map[string]string
	// Word is what it is called, "" for a yes.
	Word string
}

// name is what an error calls it.
func (g given) name() string { return "the " + cmp.Or(g.Word, "yes") + " of " + g.By }

// counts says why a yes does not count: it has to be proved in the way that
// landfall.yaml asks for, with the signers of today, so that a key that is taken
// out of the file opens nothing more; it has to be a yes to just this; and the
// person has to have the role in which it was said.
func (a *App) counts(g given, want said) error {
	what, err := parseSaid(g.Proof[proofStatement])
	if err != nil {
		return fault.Newf(fault.Denied, "the yes of %s does not say to what", g.By)
	}
	if want.Ledger == "" {
		want.Ledger = what.Ledger // a worker elsewhere has no ledger
	}
	switch {
	case what.Verb != string(engine.Approve) || what.Step != want.Step || what.Run != want.Run || what.Runbook != want.Runbook || what.Ledger != want.Ledger || what.Number == "":
		return fault.Newf(fault.Denied, "the yes of %s is one to something else: %s", g.By, g.Proof[proofStatement])
	case what.Role != g.Role && (what.Role != "" || !a.rolesGiven()):
		// A role that nobody said is one that landfall.yaml gives.
		return fault.Newf(fault.Denied, "the yes of %s was said as %q, and is kept as %q", g.By, what.Role, g.Role)
	}
	if role := a.roleToday(g.By); a.rolesGiven() && (role == "" || g.Role != role) {
		return fault.Newf(fault.Denied, "the yes of %s was said as %q, and landfall.yaml gives them the role %q", g.By, g.Role, role).Hintf("approvals.roles in landfall.yaml")
	}
	if err := a.may(Identity{By: g.By, Role: a.roleToday(g.By)}, what.Verb); err != nil {
		return err
	}
	return a.provedAsAsked(g)
}

// roleToday is the role that landfall.yaml gives a person, "" for none.
func (a *App) roleToday(by string) string {
	if !a.rolesGiven() || a.RoleOf == nil {
		return ""
	}
	return a.RoleOf(by)
}

// rolesGiven says whether landfall.yaml gives people their roles.
func (a *App) rolesGiven() bool { return a.Config != nil && len(a.Config.Approvals.Roles) > 0 }

// provedAsAsked says whether a word is proved as approvals.identity wants it.
func (a *App) provedAsAsked(g given) error {
	wanted := ""
	if a.Config != nil {
		wanted = a.Config.Approvals.Identity
	}
	least := map[string]string{"ssh": worthSigned, "oidc": worthReported}[wanted]
	if g.How == localUser {
		if least == "" {
			return nil
		}
		return fault.Newf(fault.Denied, "%s is proved by nothing, and landfall.yaml asks for %s", g.name(), wanted)
	}
	if a.Judge == nil {
		return fault.Newf(fault.Internal, "check %s: nothing here can", g.name())
	}
	var signers []byte
	if g.Proof[proofSigners] != "" {
		var err error
		if signers, err = readSigners(a.Config.Approvals.SignersFile); err != nil {
			return err
		}
	}
	worth, err := a.Judge(Claim{By: g.By, How: g.How, Statement: g.Proof[proofStatement], At: g.At, Proof: g.Proof}, signers)
	switch {
	case err != nil:
		return fault.Newf(fault.Denied, "%s does not hold: %v", g.name(), err)
	case least != "" && worth != least:
		return fault.Newf(fault.Denied, "%s is %s, and landfall.yaml asks for %s", g.name(), worth, wanted)
	case wanted == "oidc" && (g.Proof["iss"] != a.Config.Approvals.Issuer || !slices.Contains(strings.Fields(g.Proof["aud"]), a.Config.Approvals.Audience)):
		return fault.Newf(fault.Denied, "%s is of another provider or audience than landfall.yaml names", g.name())
	}
	return nil
}

// approvalsThatCount returns who has approved a runbook, each person once, and
// why others do not count.
func (a *App) approvalsThatCount(ctx context.Context, w *store.Workspace, fingerprint string) (people []string, refused []error, err error) {
	err = ledger.Read(ctx, w.LedgerPath(), func(l *ledger.Ledger) error {
		people, refused, err = a.approvalsIn(ctx, l, fingerprint)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil, nil, nil
	}
	return people, refused, err
}

func (a *App) approvalsIn(ctx context.Context, l *ledger.Ledger, fingerprint string) (people []string, refused []error, err error) {
	head, err := l.Head(ctx)
	if err != nil {
		return nil, nil, err
	}
	numbers := map[string]bool{}
	for entry, err := range l.Entries(ctx, 1, ledger.Filter{Kind: entryRunbookApproved, Subject: fingerprint}) {
		if err != nil {
			return nil, nil, err
		}
		number, err := a.runbookYes(entry, said{Runbook: fingerprint, Ledger: head.Ledger})
		switch {
		case err != nil:
			refused = append(refused, err)
		case numbers[number]:
			refused = append(refused, fault.Newf(fault.Denied, "the yes of %s is the same as one before", entry.Actor))
		case !slices.ContainsFunc(people, func(one string) bool { return strings.EqualFold(one, entry.Actor) }):
			people = append(people, entry.Actor)
		}
		numbers[number] = true
	}
	return people, refused, nil
}

// runbookYes reads an approval of a runbook and returns the number with which it
// was said.
func (a *App) runbookYes(e ledger.Entry, want said) (string, error) {
	var s spoken
	if err := json.Unmarshal(e.Body, &s); err != nil {
		return "", fault.Of(fault.Invalid, "read the approval in entry", strconv.FormatInt(e.Seq, 10), err)
	}
	if err := a.counts(given{By: e.Actor, Role: s.Role, How: s.How, At: e.When(), Proof: s.Proof}, want); err != nil {
		return "", fault.Of(fault.KindOf(err), "count the approval in entry", strconv.FormatInt(e.Seq, 10), err).Hintf("%s", fault.HintOf(err))
	}
	what, err := parseSaid(s.Proof[proofStatement])
	return what.Number, err
}

// approvedBy says why a step must not be done: not as many different persons as
// the runbook asks for have said a yes to it that counts.
func (a *App) approvedBy(ctx context.Context, words *ledgerWords, call *engine.StepCall, all []given) error {
	need := call.Step.Approvals
	if need.Count == 0 || call.Kind != engine.DoStep {
		return nil
	}
	// A worker that has no ledger knows of no use.
	used, id, err := words.usedBefore(ctx, call.Step.ID)
	if err != nil {
		return err
	}
	want := said{Step: call.Step.ID, Run: call.Run, Runbook: call.Plan, Ledger: id}
	var people []string
	var why error
	for _, g := range all {
		err := a.counts(g, want)
		what, _ := parseSaid(g.Proof[proofStatement]) // one that cannot be read does not count
		switch {
		case err != nil:
			why = err
		case used[what.Number] > 1:
			why = fault.Newf(fault.Denied, "the yes of %s is one that was used before", g.By)
		case len(need.Roles) > 0 && !slices.Contains(need.Roles, g.Role):
			why = fault.Newf(fault.Denied, "the yes of %s was said as %q, and it takes one of %s", g.By, g.Role, strings.Join(need.Roles, ", "))
		case !slices.ContainsFunc(people, func(one string) bool { return strings.EqualFold(one, g.By) }):
			people = append(people, g.By)
		}
	}
	if len(people) >= need.Count {
		return nil
	}
	refusal := fault.Newf(fault.Denied, "carry out %q: it has %d of %s that count", call.Step.ID, len(people), several(need.Count, "approval", "approvals"))
	if why != nil {
		refusal = fault.Of(fault.Denied, "carry out "+strconv.Quote(call.Step.ID)+": it has "+strconv.Itoa(len(people))+" of "+several(need.Count, "approval", "approvals")+" that count", "", why)
	}
	return refusal.Hintf("mend that, then: landfall retry %s; or have it approved anew: landfall reject %s --reason TEXT, then retry it", call.Step.ID, call.Step.ID)
}

// notCounted says why an approval that is there does not count, "" for none.
func notCounted(refused []error) string {
	if len(refused) == 0 {
		return ""
	}
	return "; " + several(len(refused), "does", "do") + " not count: " + refused[0].Error()
}
