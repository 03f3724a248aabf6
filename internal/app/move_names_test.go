package app

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit/objectworld"
)

// oddNames are two keys that Azure cannot hold, one that only looks like the name
// that the first gets, and metadata that it cannot hold.
func oddNames() *objectworld.World {
	w := &objectworld.World{}
	for _, key := range []string{"plain", "ends.", "ends~x2E", `back\slash`} {
		w.Add(key, []byte(key))
	}
	w.Add("dressed", []byte("x")).Metadata = map[string]string{"a-b": "c"}
	return w
}

func namedSet(names, metadata string) action.ObjectSet {
	s := shardSet("copy")
	s.Names, s.Metadata = names, metadata
	return s
}

// inParts makes a pass in shards, as a step with workers does.
func inParts(t *testing.T, m objectShards, s action.ObjectSet, p action.ObjectPass) action.ObjectsDone {
	t.Helper()
	parts := must[action.Parts](t)(m.Split(t.Context(), s, p))
	carry(t, parts, s, m)
	return must[action.ObjectsDone](t)(m.Close(t.Context(), s, parts.Work, wholly(parts), quietly))
}

// What nobody has declared fails, names all keys and what to write, and copies the
// rest; each policy does what it says, in one process and in parts, and the
// comparison goes by it.
func TestPoliciesForNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names, metadata string
		keys, parts     int64
		found           bool
		there           []string
	}{
		{"", "", 2, 1, true, []string{"ends~x2E", "plain"}},
		{"fail", "exclude", 2, 0, true, []string{"dressed", "ends~x2E", "plain"}},
		{"exclude", "rename", 2, 0, false, []string{"dressed", "ends~x2E", "plain"}},
		{"rename", "exclude", 0, 0, false, []string{"back~x5Cslash", "dressed", "ends~x2E", "ends~x7Ex2E", "plain"}},
		{"rename", "fail", 0, 1, true, []string{"back~x5Cslash", "ends~x2E", "ends~x7Ex2E", "plain"}},
	} {
		t.Run(c.names+" "+c.metadata, func(t *testing.T) {
			t.Parallel()
			set := namedSet(c.names, c.metadata)
			for _, parted := range []bool{false, true} {
				w := oddNames()
				m := moverOver(t, w)
				var done, compared action.ObjectsDone
				if parted {
					done = inParts(t, m, set, action.ObjectPass{Key: "k"})
					compared = inParts(t, m, set, action.ObjectPass{Key: "k", Compare: true})
				} else {
					done = must[action.ObjectsDone](t)(m.Copy(t.Context(), set, quietly))
					compared = must[action.ObjectsDone](t)(m.Compare(t.Context(), set, false, quietly))
				}
				if got := w.Names(); !slices.Equal(got, c.there) {
					t.Errorf("the target has %q", got)
				}
				if done.Unheld.Keys != c.keys || done.Unheld.Parts != c.parts || (done.Found != "") != c.found || int64(len(done.Unheld.First)) != c.keys+c.parts {
					t.Errorf("parted %t: %+v", parted, done)
				}
				if (compared.Found != "") != c.found || compared.Unheld.Keys != c.keys {
					t.Errorf("parted %t: the comparison came to %+v", parted, compared)
				}
			}
		})
	}
	if _, err := namesOf(namedSet("perhaps", "")); !fault.Is(err, fault.Usage) {
		t.Errorf("a policy that is none: %v", err)
	}
}

// A step fails with the keys and the setting, and with that setting it goes on:
// what another policy has copied is no whole copy by this one.
func TestAStepSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	w := oddNames()
	m := moverOver(t, w)
	run := func(names, metadata string) action.Result {
		step := runbook.Step{ID: "copy", Kind: action.KindMoveObjects, Undo: &runbook.Undo{}, Inputs: map[string]any{
			"data": "bucket:covers", "source": "arn:aws:s3:::covers", "target": shardSet("").Target, "what": "copy", "names": names, "metadata": metadata}}
		return action.Run(t.Context(), action.MoveObjects{Mover: m.objectMover}, &action.Call{Run: "shop-1", Step: step, Key: names, Stop: make(chan struct{})}, false)
	}
	failed := run("fail", "fail")
	for _, want := range []string{`"ends." (key-dot-end)`, `"back\\slash" (key-backslash)`, `"dressed" (metadata-name)`, `at of: "bucket:covers": names: rename, or names: exclude, metadata: rename, or metadata: exclude; then landfall plan`} {
		if failed.Outcome != runbook.BadEffect || !strings.Contains(failed.Detail, want) {
			t.Errorf("%+v\ndoes not say %s", failed, want)
		}
	}
	if r := run("rename", "rename"); r.Outcome != runbook.Succeeded || len(w.Names()) != 5 {
		t.Errorf("%+v, %q", r, w.Names())
	}
	seen := must[action.ObjectsSeen](t)(m.Look(t.Context(), namedSet("rename", "rename")))
	other := must[action.ObjectsSeen](t)(m.Look(t.Context(), namedSet("exclude", "rename")))
	if !seen.Copied || seen.Left != 0 || other.Copied {
		t.Errorf("%+v, by another policy %+v", seen, other)
	}
}

// The policies of a set are those of the step that copies it.
func TestDeclaredNames(t *testing.T) {
	t.Parallel()
	book := &runbook.Runbook{Steps: []runbook.Step{
		{Kind: action.KindVerifyObjects, Inputs: map[string]any{"data": "bucket:covers", "names": "exclude"}},
		{Kind: action.KindMoveObjects, Inputs: map[string]any{"data": "bucket:logs", "names": "exclude", "metadata": "rename"}},
		{Kind: action.KindMoveObjects, Inputs: map[string]any{"data": "bucket:covers", "names": "rename", "metadata": "fail"}},
	}}
	for data, want := range map[string][2]string{"bucket:covers": {"rename", "fail"}, "bucket:logs": {"exclude", "rename"}, "bucket:none": {}} {
		if names, metadata := declaredFor(book, data); names != want[0] || metadata != want[1] {
			t.Errorf("%s: %q %q", data, names, metadata)
		}
	}
	var o MoveOptions
	stepNames{name.Fail, name.Fail}.into(&o)
	if o.Names != "exclude" || o.Metadata != "fail" {
		t.Errorf("%+v", o)
	}
	if long := shortKey(strings.Repeat("k", 1024)); len(long) > 130 {
		t.Errorf("%d characters", len(long))
	}
}
