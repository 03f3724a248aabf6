package objects

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/object"
)

// pagesOf yields items in pages of a size.
type pagesOf struct {
	items []object.Object
	size  int
}

func (p *pagesOf) Next(context.Context) ([]object.Object, error) {
	n := min(p.size, len(p.items))
	page := p.items[:n:n]
	p.items = p.items[n:]
	return page, nil
}

func (*pagesOf) Close() {}

// Every version of every key is in its group, the oldest first, or counted as one
// of the oldest that are left out, wherever the pages end.
func TestVersionsAreGrouped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const most = 4
		counts := rapid.SliceOfN(rapid.IntRange(1, 12), 0, 6).Draw(t, "versions")
		var all []object.Object
		for key, n := range counts {
			for v := n; v > 0; v-- {
				all = append(all, object.Object{Key: fmt.Sprint(key), Version: fmt.Sprint(v)})
			}
		}
		g := &groups{pages: &pagesOf{all, rapid.IntRange(1, 7).Draw(t, "page")}, most: most}
		key := 0
		for {
			heads, err := g.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(heads) == 0 {
				break
			}
			for _, head := range heads {
				n := counts[key]
				versions, over := g.take(head.Key)
				if head.Key != fmt.Sprint(key) || head.Version != fmt.Sprint(n) || len(versions) != min(n, most) || over.count != int64(max(0, n-most)) {
					t.Fatalf("key %d of %d versions: head %+v, %d held, %d left out", key, n, head, len(versions), over.count)
				}
				for i, v := range versions {
					if v.Key != head.Key || v.Version != fmt.Sprint(n-len(versions)+1+i) {
						t.Fatalf("version %d of key %d is %+v", i, key, v)
					}
				}
				if over.count > 0 && (over.newest.Key != head.Key || over.newest.Version != fmt.Sprint(n-most)) {
					t.Fatalf("the newest that is left out is %+v", over.newest)
				}
				key++
			}
		}
		if key != len(counts) || len(g.held) != 0 {
			t.Fatalf("%d keys of %d, %d held", key, len(counts), len(g.held))
		}
	})
}

// The line of what is left out says how many versions that is.
func TestVersionsThatAreTooManyAreNamed(t *testing.T) {
	t.Parallel()
	task := &task{
		name: "k", versions: []object.Object{{Key: "k", Version: "9", Marker: true}},
		left: surplus{7, object.Object{Key: "k", Version: "8"}},
	}
	m := &Mover{}
	m.keeping.is.Store(keepsNone)
	line, err := m.copyVersions(t.Context(), nil, task)
	if err != nil || line.Version != "9" || len(task.before) != 1 {
		t.Fatalf("%+v, %v", line, err)
	}
	if over := task.before[0]; over.Version != "8" || over.Result != "refused" || over.Reason == "" {
		t.Errorf("%+v", over)
	}
}
