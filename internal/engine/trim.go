package engine

import (
	"slices"
	"time"
)

// TrimMost is how often a state can be trimmed further.
const TrimMost = 4

const (
	// shortText and longText are what is left of a text when a state is trimmed.
	shortText = 80
	longText  = 200
	// smallCursor is a cursor that stays in any case.
	smallCursor = 4 << 10
)

// Trim returns the state without what a run can do without, so that it fits where
// there is a limit: 0 leaves it as it is, and each number up to TrimMost takes
// more away. The ledger has what is taken: evidence and texts of steps that are
// settled at first, then of all others. The last also drops cursors that are
// large; such an attempt looks at what is there and begins its work anew.
func (s State) Trim(much int) State {
	if much <= 0 {
		return s
	}
	s.Steps = slices.Clone(s.Steps)
	for i, st := range s.Steps {
		c := *st
		c.trim(much)
		s.Steps[i] = &c
	}
	s.Triggers = slices.Clone(s.Triggers)
	for k := range s.Triggers {
		s.Triggers[k].Detail = within(s.Triggers[k].Detail, much > 2, longText)
	}
	return s
}

func (st *StepState) trim(much int) {
	still := st.settled() || st.Status == Pending || st.Status == Undone || st.Status == Kept
	if still || much > 2 {
		st.Evidence = nil
	}
	if still {
		// Nobody acts on them any more.
		st.Approvals = slices.Clone(st.Approvals)
		for k := range st.Approvals {
			st.Approvals[k].Proof = nil
		}
	}
	if still && much > 1 {
		st.Gates = nil
	}
	st.Detail = within(st.Detail, much > 2, longText)
	st.Detail = within(st.Detail, still && much > 1, shortText)
	if much > 2 {
		st.Gates = slices.Clone(st.Gates)
		for k := range st.Gates {
			st.Gates[k].Detail = within(st.Gates[k].Detail, true, shortText)
		}
	}
	if much > 3 {
		st.Detail = within(st.Detail, true, map[bool]int{true: 0, false: shortText}[still])
		if len(st.Cursor) > smallCursor {
			st.Cursor = nil
		}
	}
}

// within cuts a text, where that is wanted, to so many runes.
func within(text string, cutIt bool, most int) string {
	runes := []rune(text)
	if !cutIt || len(runes) <= most {
		return text
	}
	return string(runes[:most])
}

// Largest returns a state of the run as large as one can get after all trimming:
// every step done, by as many persons as it takes, at a time of its own. Whether
// a plan can be carried to its end is known by it before it begins.
func (s State) Largest() State {
	s.Steps, s.Order = slices.Clone(s.Steps), slices.Clone(s.Order)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range s.Steps {
		st := &StepState{Status: Done, Attempt: i%7 + 1, Tries: 1, Outcome: "succeeded", Effect: true}
		// Times as they come differ in every digit and do not get smaller by packing.
		at = at.Add(time.Duration(uint64(i+1)*0x9E3779B97F4A7C15>>34) * 999)
		st.Begun, st.Since, st.Ended = at, at.Add(time.Duration(uint64(i+1)*0xBF58476D1CE4E5B9>>36)), at.Add(time.Duration(uint64(i+1)*0x94D049BB133111EB>>36))
		if s.compiled != nil {
			for n := range s.compiled.plan.Steps[i].Approvals.Count {
				st.Approvals = append(st.Approvals, Approval{By: "person " + number(n), Role: "approver", How: "ssh signature", At: st.Begun})
			}
		}
		s.Steps[i] = st
		s.Order = append(s.Order, i)
	}
	return s
}
