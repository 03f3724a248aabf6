package manifest

import (
	"context"
	"fmt"
	"io"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
)

// Change is how two manifests differ about an object.
type Change string

// The changes. A pair of lines has the first one that holds.
const (
	// Added and Removed stand in one manifest only.
	Added   Change = "added"
	Removed Change = "removed"
	// Content is certainly another one, Rewritten is what was written anew with no
	// hash that says whether it is the same.
	Content   Change = "content"
	Rewritten Change = "rewritten"
	Renamed   Change = "renamed"
	// Outcome is another result, Weaker a proof that is weaker than before.
	Outcome Change = "outcome"
	Weaker  Change = "weaker"
)

// Difference is one object about which two manifests differ. Of one that was
// added, Before is the zero value; of one that was removed, After.
type Difference struct {
	Change        Change
	Before, After Line
	Reason        string
}

// maxVersions of one key are held in memory.
const maxVersions = 1 << 20

// Compare gives report each difference between two manifests, in the order of
// the keys, and returns how many objects both have. It holds the versions of one
// key in memory. Both must be in order (Reader.Ordered): otherwise it ends with
// fault.Unsupported. An error of report ends it.
func Compare(ctx context.Context, before, after *Reader, report func(Difference) error) (int64, error) {
	a, b := &group{from: before, which: "first"}, &group{from: after, which: "second"}
	if err := a.next(); err != nil {
		return 0, err
	}
	if err := b.next(); err != nil {
		return 0, err
	}
	var both int64
	for a.more() || b.more() {
		if err := ctx.Err(); err != nil {
			return both, fault.Wrap(err, "compare the manifests", "")
		}
		var left, right []Line
		useLeft := a.more() && (!b.more() || a.key() <= b.key())
		useRight := b.more() && (!a.more() || b.key() <= a.key())
		if useLeft {
			left = a.lines
		}
		if useRight {
			right = b.lines
		}
		n, err := compareVersions(left, right, report)
		if both += n; err != nil {
			return both, err
		}
		if useLeft {
			err = a.next()
		}
		if useRight && err == nil {
			err = b.next()
		}
		if err != nil {
			return both, err
		}
	}
	return both, nil
}

// group is the lines of one key.
type group struct {
	from  *Reader
	which string
	lines []Line
	ahead *Line
	ended bool
}

func (g *group) more() bool  { return len(g.lines) > 0 }
func (g *group) key() string { return g.lines[0].Key }

// next reads the lines of the next key.
func (g *group) next() error {
	g.lines = nil
	if g.ahead != nil {
		g.lines, g.ahead = []Line{*g.ahead}, nil
	}
	for !g.ended {
		l, err := g.from.Next()
		if err == io.EOF {
			g.ended = true
			break
		}
		if err != nil {
			return err
		}
		if !g.from.Ordered() {
			return fault.Newf(fault.Unsupported, "compare the manifests: the keys of the %s one are not in order", g.which).Hintf("landfall verify objects")
		}
		if len(g.lines) > 0 && l.Key != g.lines[0].Key {
			g.ahead = &l
			break
		}
		if g.lines = append(g.lines, l); len(g.lines) > maxVersions {
			return fault.Newf(fault.Unsupported, "compare the manifests: %q has more than %d versions", cut(l.Key, 100), maxVersions)
		}
	}
	return nil
}

func compareVersions(before, after []Line, report func(Difference) error) (int64, error) {
	known := make(map[string]int, len(after))
	for i, l := range after {
		known[l.Version] = i
	}
	matched := make([]bool, len(after))
	var both int64
	for _, old := range before {
		i, ok := known[old.Version]
		if !ok || matched[i] {
			if err := report(Difference{Change: Removed, Before: old}); err != nil {
				return both, err
			}
			continue
		}
		matched[i] = true
		both++
		if change, reason := changeOf(&old, &after[i]); change != "" {
			if err := report(Difference{change, old, after[i], reason}); err != nil {
				return both, err
			}
		}
	}
	for i, l := range after {
		if matched[i] {
			continue
		}
		if err := report(Difference{Change: Added, After: l}); err != nil {
			return both, err
		}
	}
	return both, nil
}

func changeOf(before, after *Line) (Change, string) {
	side := func(l *Line) checksum.Side { return checksum.Side{Size: l.Size, Sums: l.Sums, Parts: l.Parts} }
	verdict := checksum.Compare(side(before), side(after))
	switch {
	case verdict.Differ:
		return Content, verdict.Reason
	case before.ETag != after.ETag && verdict.Kind == "":
		return Rewritten, fmt.Sprintf("etag %q, then %q", before.ETag, after.ETag)
	case before.Name != after.Name:
		return Renamed, fmt.Sprintf("name %q, then %q", before.Name, after.Name)
	case before.Result.Good() != after.Result.Good(), !after.Result.Good() && before.Result != after.Result:
		return Outcome, fmt.Sprintf("%s, then %s", before.Result, after.Result)
	case after.Proof < before.Proof:
		return Weaker, fmt.Sprintf("proof %q, then %q", proofName(before.Proof), proofName(after.Proof))
	}
	return "", ""
}
