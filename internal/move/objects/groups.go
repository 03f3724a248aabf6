package objects

import (
	"context"
	"sync"

	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
)

// maxVersions of one key are held in memory: a listing has the newest first, and
// they are written the oldest first.
const maxVersions = 100_000

// groups makes one entry of all versions of a key, and keeps the others for the
// moment at which it comes up.
type groups struct {
	pages listing.Pages[object.Object]
	most  int
	rest  []object.Object // of the key that the last page ended with
	over  surplus         // of that key
	ended bool

	mu   sync.Mutex
	held map[string]group
}

// group is all of one key, the oldest first.
type group struct {
	versions []object.Object
	left     surplus
}

// surplus counts versions that are too old to be held, and has the newest of them.
type surplus struct {
	count  int64
	newest object.Object
}

func (g *groups) Next(ctx context.Context) ([]object.Object, error) {
	for !g.ended {
		page, err := g.pages.Next(ctx)
		if err != nil {
			return nil, err
		}
		g.ended = len(page) == 0
		all := append(g.rest, page...)
		cut := len(all)
		for !g.ended && cut > 0 && all[cut-1].Key == all[len(all)-1].Key {
			cut--
		}
		heads := g.group(all[:cut])
		g.rest = all[cut:]
		if cut > 0 {
			g.rest = append([]object.Object(nil), g.rest...)
		}
		g.shorten()
		if len(heads) > 0 {
			return heads, nil
		}
	}
	return nil, nil
}

// shorten drops what is too old of the key that goes on.
func (g *groups) shorten() {
	if len(g.rest) <= g.most {
		return
	}
	if g.over.count == 0 {
		g.over.newest = g.rest[g.most]
	}
	g.over.count += int64(len(g.rest) - g.most)
	g.rest = g.rest[:g.most]
}

// group returns the newest version of each key.
func (g *groups) group(all []object.Object) []object.Object {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = map[string]group{}
	}
	var heads []object.Object
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].Key == all[i].Key {
			end++
		}
		one := group{left: g.over}
		g.over = surplus{}
		if older := end - i - g.most; older > 0 {
			if one.left.count == 0 {
				one.left.newest = all[i+g.most]
			}
			one.left.count += int64(older)
		}
		for j := min(end, i+g.most) - 1; j >= i; j-- {
			one.versions = append(one.versions, all[j])
		}
		g.held[all[i].Key] = one
		heads = append(heads, all[i])
		i = end
	}
	return heads
}

func (g *groups) take(key string) ([]object.Object, surplus) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.held[key]
	delete(g.held, key)
	return one.versions, one.left
}

func (g *groups) Close() { g.pages.Close() }
