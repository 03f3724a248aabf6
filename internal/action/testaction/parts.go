package testaction

import (
	"context"
	"encoding/json"
	"strings"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
)

// InParts is the action for steps with parts: each part is a line of its own.
type InParts struct{ Action }

var _ action.Parted = InParts{}

// part and kept are the words of parts, and of what they leave.
const (
	part = "part"
	kept = "kept"
)

// Of is the action for a step with these inputs.
func Of(inputs map[string]any) action.Action {
	if _, ok := inputs["parts"]; ok {
		return InParts{}
	}
	return Action{}
}

func partKey(key, id string) string { return key + "#" + id }

// Split says which parts have no line.
func (InParts) Split(_ context.Context, c *action.Call) (action.Parts, error) {
	in, key, _, err := of(c)
	if err != nil {
		return action.Parts{}, err
	}
	var out action.Parts
	if out.Work, err = json.Marshal(key); err != nil {
		return out, err
	}
	for n := range in.Parts {
		id := number(n)
		all, err := lines(in.File, partKey(key, id))
		if err != nil {
			return out, err
		}
		if count(all, part) > 0 {
			out.Done++
			continue
		}
		work, err := json.Marshal(id)
		if err != nil {
			return out, err
		}
		out.All = append(out.All, action.Part{ID: id, Work: work})
	}
	return out, nil
}

// Part writes the line of a part that has none.
func (InParts) Part(ctx context.Context, c *action.Call, _, work json.RawMessage) ([]byte, error) {
	in, key, _, err := of(c)
	if err != nil {
		return nil, err
	}
	var id string
	if err := json.Unmarshal(work, &id); err != nil {
		return nil, err
	}
	if err := rest(ctx, c, in.SlowMillis, 0); err != nil {
		return nil, err
	}
	all, err := lines(in.File, partKey(key, id))
	if err == nil && count(all, part) == 0 {
		err = write(in.File, part, partKey(key, id))
	}
	if !in.Leaves {
		return nil, err
	}
	return []byte(id), err
}

// Keep writes a line for what a part left.
func (InParts) Keep(_ context.Context, c *action.Call, _ json.RawMessage, left []byte) error {
	in, key, _, err := of(c)
	if err != nil {
		return err
	}
	return write(in.File, kept, partKey(key, string(left)))
}

// Close writes the line of the whole when all parts have theirs.
func (InParts) Close(_ context.Context, c *action.Call, _ json.RawMessage, e action.Ended) (*action.Parts, []action.Evidence, error) {
	in, key, _, err := of(c)
	if err != nil {
		return nil, nil, err
	}
	if !e.Whole() {
		if !e.Stopped || e.Late {
			return nil, nil, nil
		}
		cursor, err := json.Marshal(e.Done)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, &action.Yield{Cursor: cursor, At: e.At()}
	}
	for n := range in.Parts {
		all, err := lines(in.File, partKey(key, number(n)))
		if err != nil {
			return nil, nil, err
		}
		if count(all, part) == 0 || in.Leaves && count(all, kept) == 0 {
			return nil, nil, fault.Newf(fault.Internal, "close the parts: part %d is not there", n)
		}
	}
	return nil, nil, write(in.File, did, key)
}

// PartsDone counts the lines of each part.
func PartsDone(path string) (map[string]int, error) {
	all, err := lines(path, "")
	out := map[string]int{}
	for _, line := range all {
		word, key, _ := strings.Cut(line, "\t")
		if word == part {
			out[key]++
		}
	}
	return out, err
}
