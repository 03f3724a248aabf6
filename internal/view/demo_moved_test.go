package view_test

import (
	"testing"

	"example.com/landfall/internal/view"
)

// A refused name is no failure; all else that is not proved is one.
func TestDemoMovedIsProved(t *testing.T) {
	t.Parallel()
	count := func(name string, n int64) view.MoveCount { return view.MoveCount{Name: name, Objects: n} }
	for name, c := range map[string]struct {
		results, proofs []view.MoveCount
		want            bool
	}{
		"proved":    {[]view.MoveCount{count("same", 3)}, []view.MoveCount{count("read", 1), count("bound", 2)}, true},
		"refused":   {[]view.MoveCount{count("same", 3), count("refused", 1)}, []view.MoveCount{count("bound", 3)}, true},
		"recorded":  {[]view.MoveCount{count("same", 3)}, []view.MoveCount{count("bound", 2), count("recorded", 1)}, false},
		"missing":   {[]view.MoveCount{count("same", 3), count("missing", 1)}, []view.MoveCount{count("bound", 3)}, false},
		"different": {[]view.MoveCount{count("different", 3)}, nil, false},
		"nothing":   {nil, nil, false},
	} {
		if got := (view.DemoMoved{Verified: view.Moved{Results: c.results, Proofs: c.proofs}}).Proved(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
