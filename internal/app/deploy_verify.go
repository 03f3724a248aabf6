package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/view"
)

// verify asks again what the deployment would do: nothing, when all of it is
// there as designed.
func (r *deploying) verify(ctx context.Context) error {
	after, err := r.preview(ctx)
	if err != nil {
		return err
	}
	r.out.After = &after
	if after.Touched() > 0 {
		return fault.Newf(fault.Found, "verify %q: %s not as designed after the deployment", r.environment.Name, several(after.Touched(), "resource is", "resources are")).
			Hintf("landfall deploy --environment %s", r.environment.Name)
	}
	if path, err := r.approvedPath(); err == nil {
		_ = os.Remove(path) // what is done cannot be gone on with; a file that stays only repeats nothing
	}
	if err := r.verified(ctx); err != nil || r.out.Verified {
		return err
	}
	first := r.out.Unproved[0]
	return fault.Newf(fault.Found, "verify %q: %s not known to be as designed, first %s: %s", r.environment.Name, several(len(r.out.Unproved), "resource is", "resources are"), first.ID, first.Why).
		Hintf("compare them by hand (--json lists the properties); production stays shut for this design unless --override gives a reason")
}

// verified reads every resource back and records that the environment is as
// designed. Of a resource whose state what-if cannot tell, only the comparison
// of every deployed property with what is read proves anything: when one is
// not known to be equal the environment does not count as verified.
func (r *deploying) verified(ctx context.Context) error {
	last := r.out.Preview
	if r.out.After != nil {
		last = *r.out.After // what was unsure before the deployment is not what is unsure any more
	}
	compared, err := r.readBack(ctx, r.unsure(last))
	if err != nil {
		return err
	}
	kind, facts := entryVerified, map[string]any{
		"design": r.source, "stage": r.environment.Stage, "place": r.design.Place, "resources": len(r.design.Resources), "compared": compared,
	}
	if len(r.out.Unproved) > 0 {
		kind, facts["unproved"] = entryUnproved, idsOf(r.out.Unproved)
	}
	entry, err := r.record(ctx, kind, r.environment.Name, facts)
	if err != nil {
		return err
	}
	r.out.Verified = kind == entryVerified
	r.out.Evidence = append(r.out.Evidence, entry.Seq)
	return nil
}

// verifiedElsewhere reports whether a non-production environment was verified
// with this design and nothing that the ledger knows of has been done with the
// design there since: what was deployed again and is not verified is not known
// to be good.
func (r *deploying) verifiedElsewhere(ctx context.Context) (bool, error) {
	var entries []view.LedgerEntry
	for _, kind := range []string{"environment.", entryFailed} {
		list, err := r.LedgerList(ctx, LedgerOptions{}, kind)
		if err != nil {
			return false, err
		}
		entries = append(entries, list.Entries...)
	}
	slices.SortFunc(entries, func(a, b view.LedgerEntry) int { return cmp.Compare(a.Seq, b.Seq) })
	good := map[string]bool{}
	for _, e := range entries {
		var body struct{ Design, Stage string }
		if json.Unmarshal(e.Body, &body) == nil && body.Design == r.source {
			good[e.Subject] = e.Kind == entryVerified && body.Stage == config.NonProduction
		}
	}
	for _, yes := range good {
		if yes {
			return true, nil
		}
	}
	return false, nil
}

// unsure are the resources of which a preview tells nothing: those that the
// target cannot tell of, and those that it leaves out.
func (r *deploying) unsure(p view.Preview) []cloud.ResourceID {
	told := map[string]bool{}
	for _, c := range p.Changes {
		told[strings.ToLower(string(c.ID))] = true
	}
	out := p.Uncertain()
	for _, res := range r.design.Resources {
		if !told[strings.ToLower(string(res.ID))] {
			out = append(out, res.ID)
		}
	}
	return out
}

// readBack reads every resource and returns those of the uncertain ones that
// were compared and found equal; the others are listed as unproved.
func (r *deploying) readBack(ctx context.Context, uncertain []cloud.ResourceID) ([]cloud.ResourceID, error) {
	bar := r.progress.Begin("read back", int64(len(r.design.Resources)), "resources")
	defer bar.Done()
	open := map[string]cloud.ResourceID{}
	for _, id := range uncertain {
		open[strings.ToLower(string(id))] = id
	}
	equal := []cloud.ResourceID{}
	for i, res := range r.design.Resources {
		key := strings.ToLower(string(res.ID))
		_, asked := open[key]
		delete(open, key)
		body, err := r.deployer.Read(ctx, res)
		if asked && fault.Is(err, fault.NotFound) {
			r.unproved(target.Change{ID: res.ID, Action: target.Unsupported, Why: "it is not there"})
			continue
		}
		if err != nil {
			return nil, err
		}
		if state := design.Text(body, "properties.provisioningState"); state != "" && !strings.EqualFold(state, "Succeeded") {
			return nil, fault.Newf(fault.Found, "verify %q: %s is in state %q", r.environment.Name, res.ID, state).
				Hintf("landfall deploy --environment %s", r.environment.Name)
		}
		bar.Set(int64(i + 1))
		if !asked {
			continue
		}
		if found := target.Compare(res, r.design.Parameters, r.values, body); len(found) > 0 {
			r.unproved(target.Change{ID: res.ID, Action: target.Unsupported, Properties: found, Why: found[0].Path + " is not known to be what was deployed"})
			continue
		}
		equal = append(equal, res.ID)
	}
	for _, id := range open {
		r.unproved(target.Change{ID: id, Action: target.Unsupported, Why: "the design has no resource of that id to compare with"})
	}
	slices.SortFunc(r.out.Unproved, func(a, b target.Change) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return equal, nil
}

func (r *deploying) unproved(c target.Change) {
	list := []target.Change{c}
	r.hide(list)
	r.out.Unproved = append(r.out.Unproved, list...)
}

func idsOf(changes []target.Change) []cloud.ResourceID {
	out := []cloud.ResourceID{}
	for _, c := range changes {
		out = append(out, c.ID)
	}
	return out
}
