package runbook

// Index returns the places of the steps by id; of equal ids the first counts.
func (r *Runbook) Index() map[string]int {
	index := make(map[string]int, len(r.Steps))
	for i := range r.Steps {
		if _, twice := index[r.Steps[i].ID]; !twice {
			index[r.Steps[i].ID] = i
		}
	}
	return index
}

// Order returns the places of the steps in an order in which each comes after
// those that it needs. Among those that could come next the one that stands
// first in the list is taken, so that a list in a good order stays as it is.
// Needs that name no step are passed over. ok is false when steps need each
// other around a ring; those stand at the end, as they were.
func Order(steps []Step) (order []int, ok bool) {
	place := make(map[string]int, len(steps))
	for i := range steps {
		if _, twice := place[steps[i].ID]; !twice {
			place[steps[i].ID] = i
		}
	}
	open := make([]int, len(steps)) // needs that are not placed yet
	users := make([][]int, len(steps))
	for i := range steps {
		for _, need := range distinct(steps[i].Needs) {
			if n, known := place[need]; known {
				open[i]++
				users[n] = append(users[n], i)
			}
		}
	}
	ready := make([]bool, len(steps))
	for i := range steps {
		ready[i] = open[i] == 0
	}
	placed := make([]bool, len(steps))
	for at := 0; at < len(steps); {
		if !ready[at] || placed[at] {
			at++
			continue
		}
		placed[at] = true
		order = append(order, at)
		next := at + 1
		for _, user := range users[at] {
			open[user]--
			if open[user] == 0 {
				ready[user] = true
				next = min(next, user)
			}
		}
		at = next
	}
	if len(order) == len(steps) {
		return order, true
	}
	for i := range steps {
		if !placed[i] {
			order = append(order, i)
		}
	}
	return order, false
}

func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// Behind returns for each step the set of the steps that it needs, directly
// or through others, by place. Steps on a ring are behind themselves.
func (r *Runbook) Behind() []Set {
	index := r.Index()
	order, _ := Order(r.Steps)
	behind := make([]Set, len(r.Steps))
	// A second round follows what a ring hides from the first.
	for range 2 {
		for _, i := range order {
			if behind[i] == nil {
				behind[i] = NewSet(len(r.Steps))
			}
			for _, need := range r.Steps[i].Needs {
				n, known := index[need]
				if !known {
					continue
				}
				behind[i].Add(n)
				behind[i].Join(behind[n])
			}
		}
	}
	return behind
}

// Set is a set of places of steps.
type Set []uint64

// NewSet returns an empty set for places below n.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Has reports whether the place is in the set.
func (s Set) Has(i int) bool { return i>>6 < len(s) && s[i>>6]&(1<<(i&63)) != 0 }

// Meets reports whether the sets have a place in common.
func (s Set) Meets(other Set) bool {
	for i := range min(len(s), len(other)) {
		if s[i]&other[i] != 0 {
			return true
		}
	}
	return false
}

// Add puts a place into the set.
func (s Set) Add(i int) { s[i>>6] |= 1 << (i & 63) }

// Join puts all places of another set of the same size into the set.
func (s Set) Join(other Set) {
	for i := range other {
		s[i] |= other[i]
	}
}
