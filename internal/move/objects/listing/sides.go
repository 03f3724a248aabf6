package listing

import (
	"context"
	"slices"
	"sort"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

const delimiter = "/"

// Objects lists the current objects of a shard.
func Objects(source object.Source, shard Shard) Pages[object.Object] {
	return ofGaps(shard, func(ctx context.Context, within object.Range, next string) (object.Listed[object.Object], error) {
		return source.Page(ctx, within, "", next)
	})
}

// Versions lists all versions and delete markers of a shard.
func Versions(source object.Source, shard Shard) Pages[object.Object] {
	return ofGaps(shard, source.Versions)
}

// Whole lists the current objects of a shard without starting anywhere within
// its prefix: for a service that cannot start there, as one that lists out of
// order cannot.
func Whole(source object.Source, shard Shard) Pages[object.Object] {
	within := object.Range{Prefix: shard.Prefix}
	return &pager[object.Object]{ranges: []fetch[object.Object]{func(ctx context.Context, next string) ([]object.Object, string, error) {
		page, err := source.Page(ctx, within, "", next)
		return held(page.Items, shard), page.Next, err
	}}}
}

func ofGaps(shard Shard, list func(context.Context, object.Range, string) (object.Listed[object.Object], error)) Pages[object.Object] {
	p := &pager[object.Object]{}
	for _, gap := range shard.gaps() {
		p.ranges = append(p.ranges, func(ctx context.Context, next string) ([]object.Object, string, error) {
			page, err := list(ctx, gap, next)
			return held(page.Items, shard), page.Next, err
		})
	}
	return p
}

func held(items []object.Object, shard Shard) []object.Object {
	if len(shard.Except) == 0 {
		return items
	}
	return slices.DeleteFunc(items, func(o object.Object) bool { return shard.excepts(o.Key) })
}

// Blobs lists the blobs that stand for a shard. shard is the target's: its
// prefixes are those of names. whole reads all below its prefix in one go.
func Blobs(target object.Target, shard Shard, whole bool) Pages[object.Blob] {
	if len(shard.Except) > 0 && !whole {
		seeker, seeks := target.(object.Seeker)
		seeks = seeks && sameOrder(shard.Except)
		if shard.Folders {
			f := &folders{target: target, shard: shard, todo: []level{{prefix: shard.Prefix, open: true}}}
			if seeks {
				f.seek = seeker
			}
			return f
		}
		if seeks {
			return seekBlobs(target, seeker, shard)
		}
	}
	return &pager[object.Blob]{ranges: []fetch[object.Blob]{wholeBlobs(target, shard, "")}}
}

// wholeBlobs reads all below the prefix, and leaves out what does not come after
// a name.
func wholeBlobs(target object.Target, shard Shard, after string) fetch[object.Blob] {
	return func(ctx context.Context, next string) ([]object.Blob, string, error) {
		page, err := target.Page(ctx, shard.Prefix, "", next)
		return heldBlobs(behind(page.Items, after), shard), page.Next, err
	}
}

func behind(items []object.Blob, after string) []object.Blob {
	return slices.DeleteFunc(items, func(b object.Blob) bool { return after != "" && b.Name <= after })
}

// sameOrder reports whether all names compare with these the same way by bytes
// and by UTF-16, which is how some services sort: an order that shows only
// beyond such a bound would not be noticed.
func sameOrder(bounds []string) bool {
	const surrogates = 0xD800
	return !slices.ContainsFunc(bounds, func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= surrogates })
	})
}

func heldBlobs(items []object.Blob, shard Shard) []object.Blob {
	return slices.DeleteFunc(items, func(b object.Blob) bool { return b.Directory || shard.excepts(b.Name) })
}

// seekBlobs starts the listing anew after each prefix that the shard leaves out,
// or reads all once more from its beginning where that cannot be done.
func seekBlobs(target object.Target, seeker object.Seeker, shard Shard) Pages[object.Blob] {
	p := &pager[object.Blob]{}
	for i, gap := range shard.gaps() {
		p.ranges = append(p.ranges, func(ctx context.Context, next string) ([]object.Blob, string, error) {
			page, err := seeker.PageFrom(ctx, gap.Prefix, gap.After, next)
			if i > 0 && next == "" && fault.Is(err, fault.Unsupported) {
				p.ranges = []fetch[object.Blob]{wholeBlobs(target, shard, gap.After)}
				return p.ranges[0](ctx, "")
			}
			if err != nil {
				return nil, "", err
			}
			return cutBlobs(page, gap, shard)
		})
	}
	return p
}

// cutBlobs ends a page where its range does. What lies behind the end is not
// seen by anybody else, its order included.
func cutBlobs(page object.Listed[object.Blob], gap object.Range, shard Shard) ([]object.Blob, string, error) {
	items, after := page.Items, page.Next
	for i := 1; i < len(items); i++ {
		if items[i].Name < items[i-1].Name {
			return nil, "", &Disorder{Target: true, Before: items[i-1].Name, After: items[i].Name}
		}
	}
	if gap.To != "" {
		end := sort.Search(len(items), func(i int) bool { return items[i].Name > gap.To })
		if end < len(items) {
			items, after = items[:end], ""
		}
	}
	return heldBlobs(behind(items, gap.After), shard), after, nil
}

// level is a prefix that is still to be listed: open ones by the delimiter.
type level struct {
	prefix, next string
	open         bool
	// ready are blobs that a page named between the prefixes below.
	ready []object.Blob
}

// folders lists by the delimiter, and goes down into what the shard does not
// leave out, so that the other shards' blobs are never listed.
type folders struct {
	target object.Target
	shard  Shard
	// todo is a stack: the last is listed first.
	todo []level
	// seek is nil when the listing cannot begin anywhere, or has gone too far to
	// be begun anew by instead.
	seek    object.Seeker
	instead Pages[object.Blob]
}

func (f *folders) Close() { f.todo, f.instead = nil, nil }

// manyFolders reports whether beginning the listing after each prefix of another
// shard takes fewer requests than listing each of the folders.
func (f *folders) manyFolders(prefixes []string) bool {
	n := 0
	for _, p := range prefixes {
		if !f.shard.excepts(p) && !f.shard.above(p) {
			n++
		}
	}
	return n > len(f.shard.Except)+1
}

func (f *folders) Next(ctx context.Context) ([]object.Blob, error) {
	if f.instead != nil {
		return f.instead.Next(ctx)
	}
	for len(f.todo) > 0 {
		at := f.todo[len(f.todo)-1]
		f.todo = f.todo[:len(f.todo)-1]
		if at.ready != nil {
			return at.ready, nil
		}
		by := ""
		if at.open {
			by = delimiter
		}
		page, err := f.target.Page(ctx, at.prefix, by, at.next)
		if err != nil {
			return nil, err
		}
		if page.Next != "" {
			f.todo = append(f.todo, level{prefix: at.prefix, next: page.Next, open: at.open})
		}
		if f.seek != nil && f.manyFolders(page.Prefixes) {
			f.instead, f.todo = seekBlobs(f.target, f.seek, f.shard), nil
			return f.instead.Next(ctx)
		}
		items := heldBlobs(page.Items, f.shard)
		if len(items) > 0 {
			f.seek = nil
		}
		if len(page.Prefixes) == 0 {
			if len(items) > 0 {
				return items, nil
			}
			continue
		}
		f.push(items, page.Prefixes)
	}
	return nil, nil
}

// push puts what one page named onto the stack, so that it comes off in order.
func (f *folders) push(items []object.Blob, prefixes []string) {
	var todo []level
	for _, p := range prefixes {
		n := sort.Search(len(items), func(i int) bool { return items[i].Name >= p })
		if n > 0 {
			todo = append(todo, level{ready: items[:n:n]})
			items = items[n:]
		}
		if !f.shard.excepts(p) {
			todo = append(todo, level{prefix: p, open: f.shard.above(p)})
		}
	}
	if len(items) > 0 {
		todo = append(todo, level{ready: items})
	}
	slices.Reverse(todo)
	f.todo = append(f.todo, todo...)
}

// Mapped is the shard in the names of the target, given how a prefix of keys
// maps. ok is false where no name can begin so.
func (s Shard) Mapped(prefix func(string) (string, bool)) (mapped Shard, ok bool) {
	mapped = Shard{Folders: s.Folders}
	if mapped.Prefix, ok = prefix(s.Prefix); !ok {
		return Shard{}, false
	}
	for _, e := range s.Except {
		if name, ok := prefix(e); ok && strings.HasPrefix(name, mapped.Prefix) {
			mapped.Except = append(mapped.Except, name)
		}
	}
	return mapped, true
}

// None is a side without an entry.
func None[T any]() Pages[T] { return &pager[T]{} }
