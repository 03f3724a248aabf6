package compile

import (
	"fmt"
	"math"
	"slices"

	"example.com/landfall/internal/runbook"
)

// Advice compares the strategies for one workload.
type Advice struct {
	Recommended runbook.Strategy `json:"recommended"`
	// Why is one or two sentences with the facts that decided.
	Why     string   `json:"why"`
	Options []Option `json:"options"`
	Sources []Source `json:"sources"`
}

// Option is one strategy with what it means here.
type Option struct {
	Strategy runbook.Strategy `json:"strategy"`
	// DowntimeSeconds is how long nothing can be written at most, as one stretch.
	DowntimeSeconds int64 `json:"downtimeSeconds"`
	// WindowSeconds is the window that it needs, 0 for none; Fits says whether
	// that is within the one that was agreed on.
	WindowSeconds int64 `json:"windowSeconds"`
	Fits          bool  `json:"fits"`
	// Risk is "low", "medium" or "high".
	Risk    string `json:"risk"`
	RiskWhy string `json:"riskWhy"`
	// DoubleRunSeconds is how long both sides run for users or beside each
	// other until the sign-off, DoubleRunUSD what that costs, nil without prices.
	DoubleRunSeconds int64    `json:"doubleRunSeconds"`
	DoubleRunUSD     *float64 `json:"doubleRunUSD,omitempty"`
	// RollbackSeconds is how long going back takes from the end of the cutover;
	// Loses names what is lost then.
	RollbackSeconds int64    `json:"rollbackSeconds"`
	Loses           []string `json:"loses"`
	// Rollback is "easy", "moderate" or "hard".
	Rollback string `json:"rollback"`
	Steps    int    `json:"steps"`
}

// Source says what a published guide recommends.
type Source struct {
	Title      string           `json:"title"`
	Recommends runbook.Strategy `json:"recommends"`
	Says       string           `json:"says"`
}

// sources are the guides that name a strategy; they do not agree.
func sources() []Source {
	return []Source{
		{`Microsoft Learn, "Migrate a workload from AWS" (2025-11)`, runbook.Canary, "incremental, active-active: traffic shifts by region, kind of user or feature; a window only when all goes at one time"},
		{`Microsoft Learn, "Plan your workload migration from Amazon Web Services (AWS) to Azure" (2026-01)`, runbook.BlueGreen, "all traffic at one time in a generous window that is negotiated and not taken from the outage budget; canary only to lower the risk further, because live state then exists twice; compares big bang, phased and blue-green"},
		{`Cloud Adoption Framework, "Execute migration" (2025-08)`, runbook.Canary, "near zero downtime: replicate until the lag is stable, pause writes, final sync, a small share that grows, 24 to 48 hours of watching; stop, copy, test, redirect where downtime is allowed"},
		{`Azure Architecture Center, "Migrate from Amazon EKS to Azure Kubernetes Service"`, runbook.Canary, "canary for what keeps no state (5, 50, 100 %), blue-green with replicate and promote for databases, draining queues for workers"},
		{`Microsoft Learn, "Migrate from AWS Application Load Balancer to Azure Application Gateway" and "Migrate from AWS Network Load Balancer to Azure Load Balancer"`, runbook.BlueGreen, "names with a short time to live, a window of one to two hours with half an hour of buffer, 15 to 30 minutes for going back"},
	}
}

// Advise compiles the runbook of every strategy and compares what comes out.
func Advise(in Input) (Advice, error) {
	a, _, err := advise(in)
	return a, err
}

// advise returns the runbooks that were compared as well.
func advise(in Input) (Advice, map[runbook.Strategy]*runbook.Runbook, error) {
	a := Advice{Sources: sources()}
	books := map[runbook.Strategy]*runbook.Runbook{}
	for _, s := range runbook.Strategies() {
		r, err := compile(in, s, "")
		if err != nil {
			return a, nil, err
		}
		books[s] = r
		a.Options = append(a.Options, option(in, r))
	}
	a.Recommended, a.Why = recommend(in, a.Options, books[runbook.BlueGreen])
	return a, books, nil
}

func option(in Input, r *runbook.Runbook) Option {
	o := Option{Strategy: r.Strategy, Loses: []string{}, Steps: len(r.Steps), Fits: true}
	if r.Window != nil {
		// The window that the steps need, whatever was agreed on.
		needed := window(r, Window{})
		o.WindowSeconds = needed.Seconds
		o.Fits = in.Choices.Window.Seconds == 0 || needed.Seconds <= in.Choices.Window.Seconds
	}
	slots := r.Schedule(func(*runbook.Step) bool { return true })
	at := map[string]runbook.Slot{}
	for _, s := range slots {
		at[s.ID] = s
	}
	o.DowntimeSeconds = downtime(r, at)
	from, until := int64(0), at[idSignOff].End
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.ID == "prepare.deploy."+r.Environment {
			from = at[s.ID].End
		}
		if s.Phase == runbook.Execute && s.Undo != nil && s.Undo.Loses != "" {
			o.Loses = append(o.Loses, s.Undo.Loses)
		}
	}
	slices.Sort(o.Loses)
	o.RollbackSeconds = r.BackSeconds()
	o.DoubleRunSeconds = max(until-from, 0)
	if in.Design.Cost.DoubleRun > 0 {
		usd := math.Round(in.Design.Cost.DoubleRun * float64(o.DoubleRunSeconds) / (730 * hour))
		o.DoubleRunUSD = &usd
	}
	o.judge()
	return o
}

// downtime is the longest time for which one set of data takes writes nowhere,
// or from the first fence to the last name where all goes at one time.
func downtime(r *runbook.Runbook, at map[string]runbook.Slot) int64 {
	fenced, longest := map[string]int64{}, int64(0)
	first, last := int64(math.MaxInt64), int64(0)
	for i := range r.Steps {
		s := &r.Steps[i]
		for data, side := range s.After.Writers {
			switch side {
			case runbook.Nowhere:
				fenced[data] = at[s.ID].Begin
				first = min(first, at[s.ID].Begin)
			case runbook.AtTarget:
				longest = max(longest, at[s.ID].End-fenced[data])
			}
		}
		if len(s.After.Weights) > 0 {
			last = max(last, at[s.ID].End)
		}
	}
	if r.Strategy == runbook.BigBang || r.Strategy == runbook.BlueGreen {
		if first == math.MaxInt64 {
			return 0
		}
		return max(longest, last-first)
	}
	return longest
}

// judge puts words to the numbers, after the table of the plan guide.
func (o *Option) judge() {
	switch o.Strategy {
	case runbook.BigBang:
		o.Risk, o.RiskWhy, o.Rollback = "high", "the target meets its first users all at one time, and was not run beside the source", "hard"
	case runbook.Phased:
		o.Risk, o.RiskWhy, o.Rollback = "medium", "parts work across the clouds for as long as the phases last", "moderate"
	case runbook.BlueGreen:
		o.Risk, o.RiskWhy, o.Rollback = "low", "the target runs and is tested beside the source before all users come at one time", "easy"
	case runbook.Canary:
		o.Risk, o.RiskWhy, o.Rollback = "low", "few users meet the target first, but they reach their data across the clouds until it changes hands", "easy"
	}
	if len(o.Loses) > 0 {
		o.Rollback = "hard"
	}
}

// recommend chooses by what the workload is.
func recommend(in Input, options []Option, blueGreen *runbook.Runbook) (runbook.Strategy, string) {
	get := func(s runbook.Strategy) Option {
		return options[slices.IndexFunc(options, func(o Option) bool { return o.Strategy == s })]
	}
	written, named := 0, 0
	for _, d := range blueGreen.Data {
		if !d.ReadOnly {
			written++
		}
	}
	for _, r := range blueGreen.Routes {
		if r.By != "person" {
			named++
		}
	}
	blue, canary, bang := get(runbook.BlueGreen), get(runbook.Canary), get(runbook.BigBang)
	switch {
	case written == 0 && named > 0:
		return runbook.Canary, fmt.Sprintf("nothing of what moves is written by the workload, so users can go in shares without a window; a share that fares badly goes back within %s", lasts(canary.RollbackSeconds))
	case !blue.Fits && canary.Fits:
		return runbook.Canary, fmt.Sprintf("blue-green needs a window of %s, which is longer than the agreed one; canary needs %s", lasts(blue.WindowSeconds), lasts(canary.WindowSeconds))
	case len(blueGreen.Routes) == 0 && bang.Fits:
		return runbook.BigBang, fmt.Sprintf("no users reach it by a name, so there is nothing to shift: it stops for %s and starts at the target", lasts(bang.DowntimeSeconds))
	}
	return runbook.BlueGreen, fmt.Sprintf("%s in one window of %s, of which %s are without writes; until then nothing is written across the clouds, and going back takes %s", plural(written, "set of data that the workload writes changes hands", "sets of data that the workload writes change hands"), lasts(blue.WindowSeconds), lasts(blue.DowntimeSeconds), lasts(blue.RollbackSeconds))
}

// lasts writes a length of time for people.
func lasts(seconds int64) string {
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%.1f days", float64(seconds)/day)
	case seconds >= hour:
		return fmt.Sprintf("%d h %02d min", seconds/hour, seconds%hour/minute)
	case seconds >= 2*minute, seconds == minute:
		return fmt.Sprintf("%d min", (seconds+minute-1)/minute)
	}
	return fmt.Sprintf("%d s", seconds)
}
