package app

import (
	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
)

// askedOf is what the engine asks about the parts of an attempt, as actions know
// it.
func askedOf(f *engine.Fan) action.Asked {
	verb := action.AskParts
	switch f.Do {
	case engine.FanSplit:
		verb = action.SplitParts
	case engine.FanPart:
		verb = action.CarryPart
	case engine.FanKeep:
		verb = action.KeepPart
	case engine.FanClose:
		verb = action.CloseParts
	}
	return action.Asked{Verb: verb, Work: f.Work, Part: f.Part.Work, Left: f.Left, Ended: action.Ended(f.Ended)}
}

// partsOf are parts as the engine knows them.
func partsOf(p *action.Parts) *engine.Parts {
	if p == nil {
		return nil
	}
	out := &engine.Parts{Work: p.Work, Done: p.Done}
	for _, part := range p.All {
		out.All = append(out.All, engine.Part(part))
	}
	return out
}
