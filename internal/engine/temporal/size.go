package temporal

import (
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

const (
	// maxInput is the size of an input that every engine takes: a server refuses
	// 2 MiB, and what is sealed is a little larger than it was.
	maxInput = 7 << 18
	// aside is kept for what goes along beside plan and state: commands that wait,
	// messages, names.
	aside = 256 << 10
)

// room is what is left for a packed value beside so many bytes. In the input it
// is text, which takes four bytes for three.
func room(other int) int { return (maxInput - other) / 4 * 3 }

// packState packs a state so that it fits, with as much of it as does.
func packState(s engine.State, room int) ([]byte, error) {
	for much := 0; ; much++ {
		packed, err := packed("the state of the run", s.Trim(much))
		if err != nil {
			return nil, err
		}
		if len(packed) <= room {
			return packed, nil
		}
		if much == engine.TrimMost {
			return nil, fault.Newf(fault.Invalid, "the state of the run takes %d bytes, and there is room for %d", len(packed), room)
		}
	}
}

// carries refuses a plan of which the engine could not carry the state along to
// the end of the run: better now than in the middle.
func carries(plan *runbook.Runbook, packedPlan int) error {
	s, err := engine.Start(plan, "run", "fingerprint")
	if err != nil {
		return err
	}
	state, err := packed("the state of the run", s.Largest())
	if err != nil {
		return err
	}
	if have := room(aside); packedPlan+len(state) > have {
		return fault.Newf(fault.Unsupported, "begin the run: the runbook of %d steps takes %d bytes and where it stands up to %d, an engine carries %d", len(plan.Steps), packedPlan, len(state), have).
			Hintf("split the workload, and plan its parts one by one")
	}
	return nil
}

// asFingerprinted refuses a plan that is not the one that was approved.
func asFingerprinted(plan *runbook.Runbook, fingerprint string) error {
	is, err := plan.Fingerprint()
	if err != nil {
		return err
	}
	if is != fingerprint {
		return fault.Newf(fault.Conflict, "begin the run: the runbook is %s, and %s was approved", is, fingerprint).
			Hintf("landfall approve runbook --fingerprint %s", is)
	}
	return nil
}
