package kpi

import (
	"slices"

	"example.com/landfall/internal/cloud"
)

// Changes are the differences between two baselines, in order. None changed
// means equal in everything but inputs and evidence.
type Changes struct {
	Added   []Name   `json:"added"`
	Removed []Name   `json:"removed"`
	Changed []Change `json:"changed"`
}

// Name tells one KPI from all others of a baseline.
type Name struct {
	Kind    SubjectKind      `json:"kind"`
	Subject cloud.ResourceID `json:"subject"`
	Metric  Metric           `json:"metric"`
	Detail  string           `json:"detail,omitempty"`
	Source  Source           `json:"source"`
}

// Change is one statistic that differs. Old or New is nil where it is unknown.
type Change struct {
	Name
	Statistic Statistic `json:"statistic"`
	Old       *Value    `json:"old"`
	New       *Value    `json:"new"`
	// Verdict is "better", "worse", "different" (no direction is better),
	// "within" when the bounds of both overlap, and "unknown" when one side has
	// no value. It states the difference, and not whether chance explains it.
	Verdict string `json:"verdict"`
}

// NameOf returns the name of the KPI.
func NameOf(k *KPI) Name {
	return Name{k.Subject.Kind, k.Subject.ID, k.Metric, k.Detail, k.Source}
}

// Compare lists what differs between two baselines.
func Compare(old, new Baseline) Changes {
	c := Changes{Added: []Name{}, Removed: []Name{}, Changed: []Change{}}
	before, after := byName(old), byName(new)
	for i := range old.KPIs {
		if name := NameOf(&old.KPIs[i]); after[name] == nil {
			c.Removed = append(c.Removed, name)
		}
	}
	seen := map[Name]bool{}
	for i := range new.KPIs {
		name := NameOf(&new.KPIs[i])
		switch earlier := before[name]; {
		case seen[name]:
		case earlier == nil:
			c.Added = append(c.Added, name)
		default:
			c.Changed = append(c.Changed, changes(name, earlier, after[name])...)
		}
		seen[name] = true
	}
	c.Removed = slices.Compact(c.Removed)
	return c
}

// byName takes the last of equal names: the one with the latest window.
func byName(b Baseline) map[Name]*KPI {
	names := make(map[Name]*KPI, len(b.KPIs))
	for i := range b.KPIs {
		names[NameOf(&b.KPIs[i])] = &b.KPIs[i]
	}
	return names
}

func changes(name Name, old, new *KPI) []Change {
	var out []Change
	for _, s := range []Statistic{Mean, Min, P50, P90, P95, P99, Max, Total, Last} {
		a, hadIt := old.Value(s)
		b, hasIt := new.Value(s)
		if !hadIt && !hasIt || hadIt && hasIt && a.Value == b.Value {
			continue
		}
		change := Change{Name: name, Statistic: s, Verdict: "unknown"}
		if hadIt {
			change.Old = &a
		}
		if hasIt {
			change.New = &b
		}
		if hadIt && hasIt {
			change.Verdict = verdict(new.Better, a, b)
		}
		out = append(out, change)
	}
	return out
}

func verdict(better Better, old, new Value) string {
	oldLow, oldHigh := old.bounds()
	newLow, newHigh := new.bounds()
	switch {
	case newLow <= oldHigh && oldLow <= newHigh:
		return "within"
	case better == Neither:
		return "different"
	case (better == Lower) == (new.Value < old.Value):
		return "better"
	}
	return "worse"
}

func (v Value) bounds() (low, high float64) {
	if v.Low == nil || v.High == nil {
		return v.Value, v.Value
	}
	return *v.Low, *v.High
}
