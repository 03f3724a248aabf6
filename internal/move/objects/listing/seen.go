package listing

import (
	"context"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// seenPages bound what is kept of a discovery: a page of 1,000 objects takes
// about 90 KiB. What does not fit is listed again.
const seenPages = 160

// Seen keeps what a discovery has read, so that the listings of its shards do
// not ask for it again. Each part is given out once. The zero value is empty, nil
// keeps nothing. It is safe for concurrent use.
type Seen struct {
	mu     sync.Mutex
	walks  map[string]*walked
	levels map[string]tier
	pages  int
}

// tier is all below a prefix: the objects between the folders, and the folders.
type tier struct {
	loose   []object.Object
	folders []string
}

// reserve reports whether one page more may be kept.
func (s *Seen) reserve() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	return s.pages <= seenPages
}

func (s *Seen) keep(w *walked) {
	if s == nil || len(w.pages) == 0 && !w.whole || w.lost || w.disorder {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.walks == nil {
		s.walks = map[string]*walked{}
	}
	s.walks[w.prefix] = w
}

func (s *Seen) keepTier(prefix string, t tier) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.levels == nil {
		s.levels = map[string]tier{}
	}
	s.levels[prefix] = t
}

// take gives out what is known of a prefix; an empty walk for nothing.
func (s *Seen) take(prefix string) (w *walked, t tier, leveled bool) {
	w = &walked{prefix: prefix}
	if s == nil {
		return w, t, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.walks[prefix]; ok {
		w = known
	}
	t, leveled = s.levels[prefix]
	delete(s.walks, prefix)
	delete(s.levels, prefix)
	return w, t, leveled
}

// Objects is the listing of a shard of that discovery, as the function of this
// name makes it, without the requests whose answers are kept.
func (s *Seen) Objects(source object.Source, shard Shard) Pages[object.Object] {
	w, level, leveled := s.take(shard.Prefix)
	p := &pager[object.Object]{}
	for _, page := range w.pages {
		p.ranges = append(p.ranges, func(context.Context, string) ([]object.Object, string, error) {
			items, err := unpack(page)
			return held(items, shard), "", err
		})
	}
	switch {
	case w.whole:
	case leveled:
		p.ranges = append(p.ranges, s.below(source, shard, level, w.last)...)
	default:
		for _, gap := range shard.gaps() {
			if gap.To != "" && gap.To <= w.last {
				continue
			}
			gap.After = max(gap.After, w.last)
			p.ranges = append(p.ranges, listGap(source, shard, gap))
		}
	}
	return p
}

// below goes through a level behind a key: its objects and its folders in the
// order of bytes.
func (s *Seen) below(source object.Source, shard Shard, t tier, after string) []fetch[object.Object] {
	var all []fetch[object.Object]
	loose := t.loose
	for i := 0; i <= len(t.folders); i++ {
		n := len(loose)
		if i < len(t.folders) {
			n, _ = slices.BinarySearchFunc(loose, t.folders[i], func(o object.Object, p string) int { return strings.Compare(o.Key, p) })
		}
		if items := beyond(slices.Clone(loose[:n]), after); len(items) > 0 {
			all = append(all, func(context.Context, string) ([]object.Object, string, error) { return held(items, shard), "", nil })
		}
		loose = loose[n:]
		if i < len(t.folders) && !shard.excepts(t.folders[i]) && (after <= t.folders[i] || strings.HasPrefix(after, t.folders[i])) {
			all = append(all, s.folder(source, shard, listedFrom{t.folders[i], after}))
		}
	}
	return all
}

// listedFrom is what begins with a prefix and comes after a key.
type listedFrom struct{ prefix, after string }

func (s *Seen) folder(source object.Source, shard Shard, part listedFrom) fetch[object.Object] {
	return func(ctx context.Context, next string) ([]object.Object, string, error) {
		if next == "" {
			if w, _, _ := s.take(part.prefix); w.whole {
				items, err := w.items()
				return held(beyond(items, part.after), shard), "", err
			}
		}
		page, err := source.Page(ctx, object.Range{Prefix: part.prefix}, "", next)
		return held(beyond(page.Items, part.after), shard), page.Next, err
	}
}

// listGap lists a range, or all once more from the beginning where the listing
// cannot begin in the middle.
func listGap(source object.Source, shard Shard, gap object.Range) fetch[object.Object] {
	within := gap
	return func(ctx context.Context, next string) ([]object.Object, string, error) {
		page, err := source.Page(ctx, within, "", next)
		if next == "" && gap.After != "" && fault.Is(err, fault.Unsupported) {
			within.After = ""
			page, err = source.Page(ctx, within, "", "")
		}
		return held(beyond(page.Items, gap.After), shard), page.Next, err
	}
}

// beyond leaves out what does not come after a key.
func beyond(items []object.Object, after string) []object.Object {
	return slices.DeleteFunc(items, func(o object.Object) bool { return after != "" && o.Key <= after })
}

// walked is the beginning of the listing of a prefix.
type walked struct {
	prefix string
	// pages are encoded: a tenth of the pieces of memory, and half of it.
	pages       [][]byte
	read        int
	next        string
	first, last string
	// whole says that the listing is at its end, lost that pages are missing.
	whole, lost bool
	// folders says that a key goes on below a folder, disorder that the listing is
	// not in the order of bytes.
	folders, disorder bool
}

// walk reads on until so many pages have been read.
func (d discovery) walk(ctx context.Context, w *walked, pages int) error {
	for !w.whole && w.read < pages {
		page, err := d.source.Page(ctx, object.Range{Prefix: w.prefix}, "", w.next)
		if err != nil {
			return err
		}
		if len(page.Items) > 0 && w.first == "" {
			w.first = page.Items[0].Key
		}
		for i := range page.Items {
			key := page.Items[i].Key
			w.disorder = w.disorder || key < w.last
			w.folders = w.folders || strings.Contains(strings.TrimPrefix(key, w.prefix), delimiter)
			w.last = key
		}
		w.read++
		w.next, w.whole = page.Next, page.Next == ""
		if w.lost = w.lost || len(page.Items) > 0 && !d.cut.Seen.reserve(); w.lost {
			w.pages = nil
		} else if len(page.Items) > 0 {
			w.pages = append(w.pages, pack(page.Items))
		}
	}
	return nil
}

// covers reports whether all that begins with the prefix has been seen.
func (w *walked) covers(prefix string) bool {
	return !w.disorder && w.last > prefix && !strings.HasPrefix(w.last, prefix)
}

func (w *walked) items() ([]object.Object, error) {
	var all []object.Object
	for _, page := range w.pages {
		items, err := unpack(page)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

// pack encodes a page.
func pack(items []object.Object) []byte {
	var page []byte
	for i := range items {
		page = AppendObject(page, &items[i])
	}
	return slices.Clip(page)
}

func unpack(page []byte) ([]object.Object, error) {
	var items []object.Object
	d := decoder{from: page}
	for len(d.from) > 0 && d.err == nil {
		items = append(items, d.object())
	}
	return items, d.err
}
