package kpi

import "slices"

// Join puts the KPIs of several baselines into one that is not frozen. Inputs
// of one name must not differ between them; the first counts.
func Join(list ...Baseline) Baseline {
	out := Build(nil, nil, nil)
	for i := range list {
		b := &list[i]
		for name, print := range b.Inputs {
			if _, ok := out.Inputs[name]; !ok {
				out.Inputs[name] = print
			}
		}
		out.KPIs = append(out.KPIs, b.KPIs...)
		out.Unmeasured = append(out.Unmeasured, b.Unmeasured...)
		if b.Window == nil {
			continue
		}
		if out.Window == nil {
			out.Window = &Window{b.Window.From, b.Window.To}
		}
		out.Window.From, out.Window.To = earlier(out.Window.From, b.Window.From), later(out.Window.To, b.Window.To)
	}
	out.KPIs = order(out.KPIs)
	slices.SortFunc(out.Unmeasured, Unmeasured.compare)
	out.Unmeasured = slices.Compact(out.Unmeasured)
	return out
}
