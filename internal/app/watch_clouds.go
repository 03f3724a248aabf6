package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/view"
)

// source looks for changes since the assessment.
func (x *watching) source(ctx context.Context) ([]view.WatchFinding, error) {
	changes, _, unread, err := sourceNow{x.App}.Changes(ctx)
	if err != nil {
		return nil, err
	}
	var out []view.WatchFinding
	for _, c := range changes {
		what := "it is " + c.What
		if len(c.Properties) > 0 {
			what += ": " + listing(c.Properties)
		}
		out = append(out, view.WatchFinding{Mark: view.Bad, Where: string(c.ID), What: what, Do: "settle it with who made it, then: landfall assess, landfall design, landfall plan"})
	}
	for _, u := range unread {
		out = append(out, view.WatchFinding{Mark: view.Unknown, Where: "source", What: "not read: " + u, Do: "landfall doctor"})
	}
	return out, nil
}

// targets are the environments that the runbook deploys to.
func (x *watching) targets() []string {
	out := []string{}
	for i := range x.plan.Steps {
		s := &x.plan.Steps[i]
		if name, ok := s.Inputs["environment"].(string); ok && s.Kind == action.KindDeploy && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		out = append(out, x.plan.Environment)
	}
	return out
}

// target looks at what a deployment needs: providers, quotas, names, rights.
func (x *watching) target(ctx context.Context, environment string) ([]view.WatchFinding, error) {
	l, err := landings{x.App}.Landing(ctx, environment)
	if err != nil {
		return nil, err
	}
	checks, err := l.Preflight(ctx)
	var out []view.WatchFinding
	for _, c := range checks {
		if c.Status == target.OK {
			continue
		}
		mark := view.Bad
		if c.Status != target.Fails {
			mark = view.Unknown
		}
		out = append(out, view.WatchFinding{Mark: mark, Where: c.Name, What: c.Detail, Do: c.Do})
	}
	return out, err
}

// certificates looks for those that the source serves with and that end before
// the cutover is over.
func (x *watching) certificates(context.Context) ([]view.WatchFinding, error) {
	var a assess.Assessment
	if err := x.w.Read(store.Assessment, &a); err != nil {
		return nil, err
	}
	until := x.cutoverEnds()
	var out []view.WatchFinding
	for _, c := range a.Certificates {
		f := view.WatchFinding{Where: string(c.ID), Do: "renew it, or put another in its place, then: landfall assess"}
		if len(c.Names) > 0 {
			f.Where = c.Names[0] + " (" + string(c.ID) + ")"
		}
		ends, err := time.Parse(time.RFC3339, c.NotAfter)
		switch {
		case c.NotAfter == "" || err != nil:
			f.Mark, f.What, f.Do = view.Warn, "nobody says when it ends", "landfall assess reads it from the account"
		case !ends.After(x.now):
			f.Mark, f.What = view.Bad, "it ended at "+ends.UTC().Format(time.RFC3339)
		case ends.Before(until):
			f.Mark, f.What = view.Bad, "it ends at "+ends.UTC().Format(time.RFC3339)+", before the cutover does ("+until.Format(time.RFC3339)+")"
		default:
			continue
		}
		out = append(out, f)
	}
	return out, nil
}

// cutoverEnds is when the source is needed no more: the end of the window and of
// the observation behind it, or the whole way where no time is agreed.
func (x *watching) cutoverEnds() time.Time {
	var execute, evaluate int64
	index := x.plan.Index()
	for _, s := range x.plan.Schedule(func(s *runbook.Step) bool {
		return s.Phase != runbook.Decommission
	}) {
		switch x.plan.Steps[index[s.ID]].Phase {
		case runbook.Execute:
			execute = max(execute, s.End)
		case runbook.Evaluate:
			evaluate = max(evaluate, s.End)
		}
	}
	if win := x.plan.Window; win != nil && win.Opens != nil {
		return win.Opens.UTC().Add(time.Duration(win.Seconds+max(evaluate-execute, 0)) * time.Second)
	}
	return x.now.Add(time.Duration(max(execute, evaluate)) * time.Second)
}

// names asks what name servers say of the names that will be switched: who has
// one for longer than the plan waits stays at the source.
func (x *watching) names(ctx context.Context) ([]view.WatchFinding, error) {
	act, err := x.Actions.Of(action.KindDNS)
	if err != nil {
		return nil, err
	}
	var out []view.WatchFinding
	for _, r := range x.plan.Routes {
		// A way in without a name of its own has an id that is none.
		if r.TTLSeconds <= 0 || strings.ContainsAny(r.ID, "/: ") {
			continue
		}
		call := &action.Call{Run: "watch", Plan: x.fingerprint, Attempt: 1, Rehearsal: 1, Log: x.setup.Log,
			Step: runbook.Step{ID: "watch", Kind: action.KindDNS, Inputs: map[string]any{"route": r.ID, "ttlSeconds": r.TTLSeconds}}}
		test, ok := act.(action.Test)
		if !ok {
			return nil, fault.Newf(fault.Internal, "asking for names is no test")
		}
		if _, err := test.Try(ctx, call); err != nil {
			f := view.WatchFinding{Mark: view.Unknown, Where: r.ID, What: "the plan counts on " + strconv.FormatInt(r.TTLSeconds, 10) + " s in caches: " + err.Error(), Do: fault.HintOf(err)}
			if fault.Is(err, fault.Found) {
				f.Mark, f.Do = view.Bad, "landfall assess, landfall design, landfall plan"
			}
			out = append(out, f)
		}
	}
	return out, nil
}
