package runbook

import "slices"

// Slot is when a step takes place at the earliest, in seconds from the begin
// of the steps that were asked about.
type Slot struct {
	ID string
	// Ready is when all that it needs is done; Begin adds its wait and the time
	// that its gates have to hold.
	Ready, Begin, End int64
	// After is the id of the step that decides when it is ready, "" for none.
	After string
}

// Lead is how long a step waits by itself before it is carried out: its own
// wait, and the longest time that one of its gates has to hold.
func (s *Step) Lead() int64 {
	var hold int64
	for _, g := range s.Gates {
		hold = max(hold, g.HoldSeconds)
	}
	return s.WaitSeconds + hold
}

// Schedule returns the earliest slots of the steps that take says, in their
// order. What the others take is not counted, but what they need is.
func (r *Runbook) Schedule(take func(*Step) bool) []Slot {
	order, _ := Order(r.Steps)
	index := r.Index()
	all := make([]Slot, len(r.Steps))
	taken := make([]bool, len(r.Steps))
	for _, i := range order {
		s := &r.Steps[i]
		slot := Slot{ID: s.ID}
		for _, need := range s.Needs {
			n, known := index[need]
			if !known {
				continue
			}
			before := all[n]
			if before.End > slot.Ready || slot.After == "" && taken[n] {
				slot.Ready, slot.After = max(slot.Ready, before.End), before.ID
				if !taken[n] {
					slot.After = before.After
				}
			}
		}
		slot.Begin, slot.End = slot.Ready, slot.Ready
		if taken[i] = take(s); taken[i] {
			slot.Begin += s.Lead()
			slot.End = slot.Begin + s.ExpectedSeconds
		}
		all[i] = slot
	}
	out := make([]Slot, 0, len(all))
	for _, i := range order {
		if taken[i] {
			out = append(out, all[i])
		}
	}
	return out
}

// InCutover reports whether the step belongs to the stretch from the freeze of
// changes to the end of the cutover.
func InCutover(s *Step) bool { return s.Phase == Execute }

// InWindow reports whether the step begins in the maintenance window only.
func InWindow(s *Step) bool { return s.InWindow }

// Longest returns the ids of the longest chain of the slots, first to last,
// and its length in seconds.
func Longest(slots []Slot) (ids []string, seconds int64) {
	byID := make(map[string]*Slot, len(slots))
	var last *Slot
	for i := range slots {
		byID[slots[i].ID] = &slots[i]
		if last == nil || slots[i].End > last.End {
			last = &slots[i]
		}
	}
	if last == nil {
		return []string{}, 0
	}
	seconds = last.End
	for range slots { // a bound, should slots point around a ring
		ids = append(ids, last.ID)
		next := byID[last.After]
		if next == nil {
			break
		}
		last = next
	}
	slices.Reverse(ids)
	return ids, seconds
}

// UndoSeconds returns how long it takes to undo all steps that take says,
// one after the other as a run does.
func (r *Runbook) UndoSeconds(take func(*Step) bool) int64 {
	var sum int64
	for i := range r.Steps {
		if s := &r.Steps[i]; take(s) && s.Undo != nil {
			sum += s.Undo.ExpectedSeconds
		}
	}
	return sum
}

// BackSeconds returns how long a rollback from the end of the cutover takes
// until the source takes all users and all writes again; what is undone after
// that only tidies up.
func (r *Runbook) BackSeconds() int64 {
	order, _ := Order(r.Steps)
	slices.Reverse(order)
	var sum, back int64
	for _, i := range order {
		s := &r.Steps[i]
		if s.Phase != Execute || s.Undo == nil {
			continue
		}
		sum += s.Undo.ExpectedSeconds
		if len(s.After.Writers)+len(s.After.Weights) > 0 {
			back = sum
		}
	}
	return back
}

// NoReturn returns the id of the first step, in the order of the runbook, after
// which the source cannot be returned to service without a loss: its undo loses
// something, or it changes who serves, writes or replicates and cannot be
// undone. It is "" when there is none.
func (r *Runbook) NoReturn() string {
	order, _ := Order(r.Steps)
	for _, i := range order {
		s := &r.Steps[i]
		if s.Undo != nil && s.Undo.Loses != "" || s.Undo == nil && s.After.Binds() {
			return s.ID
		}
	}
	return ""
}

// Binds reports whether the change concerns who serves, writes, replicates or
// exists.
func (a *After) Binds() bool {
	return a.Gone || len(a.Writers) > 0 || len(a.Weights) > 0 || len(a.Replicates) > 0 || len(a.Serves) > 0
}
