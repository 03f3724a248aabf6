package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// RefreshCatalog asks both clouds for sizes, limits and prices and writes
// catalog.json, which the next design lays over the embedded facts. What one
// API does not answer is listed; the error is only for when none does.
func (a *App) RefreshCatalog(ctx context.Context, progress *view.Progress) (view.Refreshed, error) {
	w, err := a.need()
	if err != nil {
		return view.Refreshed{}, err
	}
	at := a.setup.Now().UTC().Format(time.RFC3339)
	over := catalog.Overlay{SchemaVersion: catalog.OverlayVersion, Inputs: map[string]string{}, ReadAt: at, Offered: map[string][]string{}, Usages: map[string][]catalog.Usage{}, VMPrices: map[string]map[string]float64{}}
	out := view.Refreshed{ReadAt: at}
	steps := a.refreshSteps(&over)
	bar := progress.Begin("ask both clouds", int64(len(steps)), "questions")
	defer bar.Done()
	for i, step := range steps {
		n, err := step.do(ctx)
		if ctx.Err() != nil {
			return out, fault.Wrap(ctx.Err(), "refresh catalogue", "")
		}
		part := view.RefreshedPart{Name: step.name, Count: n}
		if err != nil {
			part.Unread = err.Error()
		}
		out.Parts = append(out.Parts, part)
		bar.Set(int64(i + 1))
	}
	if !slices.ContainsFunc(out.Parts, func(p view.RefreshedPart) bool { return p.Unread == "" }) {
		return out, fault.Newf(fault.Unavailable, "refresh catalogue: nothing could be read; first: %s", out.Parts[0].Unread).Hintf("landfall doctor")
	}
	return out, w.Write(store.Catalog, over)
}

// refreshStep is one question.
type refreshStep struct {
	name string
	do   func(context.Context) (int, error)
}

func (a *App) refreshSteps(over *catalog.Overlay) []refreshStep {
	regions := a.Config.Source.Regions
	if len(regions) == 0 {
		regions = []cloud.Region{""}
	}
	var steps []refreshStep
	for _, region := range regions {
		steps = append(steps, refreshStep{"EC2 types " + string(region), func(ctx context.Context) (int, error) {
			facts, err := a.Readers.SourceFacts(ctx, region)
			if err != nil {
				return 0, err
			}
			types, err := facts.InstanceTypes(ctx)
			over.EC2 = append(over.EC2, types...)
			slices.SortStableFunc(over.EC2, func(x, y catalog.EC2Type) int { return cmp.Compare(x.Name, y.Name) })
			over.EC2 = slices.CompactFunc(over.EC2, func(x, y catalog.EC2Type) bool { return x.Name == y.Name })
			return len(types), err
		}})
	}
	target := a.Config.Target.Region
	if target == "" {
		return steps
	}
	return append(steps, a.targetSteps(over, target)...)
}

func (a *App) targetSteps(over *catalog.Overlay, region cloud.Region) []refreshStep {
	return []refreshStep{
		{"machine sizes " + string(region), func(ctx context.Context) (int, error) {
			facts, err := a.Readers.TargetFacts()
			if err != nil {
				return 0, err
			}
			sizes, err := facts.Sizes(ctx, region)
			if err != nil {
				return 0, err
			}
			over.VMs, over.Offered[string(region)] = sizes, []string{}
			for _, s := range sizes {
				over.Offered[string(region)] = append(over.Offered[string(region)], s.Name)
			}
			return len(sizes), nil
		}},
		{"limits " + string(region), func(ctx context.Context) (int, error) {
			facts, err := a.Readers.TargetFacts()
			if err != nil {
				return 0, err
			}
			usages, err := facts.Usages(ctx, region)
			if err == nil {
				over.Usages[string(region)] = usages
			}
			return len(usages), err
		}},
		{"prices " + string(region), func(ctx context.Context) (int, error) {
			facts, err := a.Readers.TargetFacts()
			if err != nil {
				return 0, err
			}
			prices, err := facts.Prices(ctx, region)
			if err == nil {
				over.VMPrices[string(region)] = prices
			}
			return len(prices), err
		}},
	}
}

// catalogue is the embedded one with what catalog.json lays over it, and the
// fingerprint of that file, "" without one.
func (a *App) catalogue(w *store.Workspace) (*catalog.Catalog, string, error) {
	var over catalog.Overlay
	switch err := w.Read(store.Catalog, &over); {
	case fault.Is(err, fault.NotFound):
		c, err := catalog.Load()
		return c, "", fault.Wrap(err, "load catalogue", "")
	case err != nil:
		return nil, "", err
	}
	c, err := catalog.LoadWith(&over)
	if err != nil {
		return nil, "", fault.Of(fault.Invalid, "load catalogue", string(store.Catalog), err)
	}
	fingerprint, err := w.Fingerprint(store.Catalog)
	return c, fingerprint, err
}
