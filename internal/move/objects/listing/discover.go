package listing

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

const (
	// folderPages bound the search for folders on one level, folderCount what is
	// still cut by folders: more of them are cut by their first characters.
	folderPages = 4
	folderCount = 256
	// charCount bounds the probes for next characters.
	charCount = 96
	// worthwhile is how many keys make a shard of their own.
	worthwhile = 250
)

// Cut says how a bucket is cut into shards.
type Cut struct {
	// Shards is about how many are wanted; 0 or 1 leaves it whole.
	Shards int
	// Flat allows to cut within a folder. It costs a target that cannot begin a
	// listing anywhere one reading of all that is below the folder.
	Flat bool
	// Parallel is how many requests are made at once.
	Parallel int
}

// Discover cuts all keys with the prefix into shards, in the order of their
// prefixes. Small ones stay one shard. Equal listings give equal shards.
func Discover(ctx context.Context, source object.Source, prefix string, cut Cut) ([]Shard, error) {
	d := discovery{source: source, cut: cut}
	var shards []Shard
	open := []string{prefix}
	if cut.Shards <= 1 {
		return []Shard{{Prefix: prefix}}, nil
	}
	for len(open) > 0 {
		if len(shards)+len(open) >= cut.Shards {
			for _, p := range open {
				shards = append(shards, Shard{Prefix: p})
			}
			break
		}
		found, err := parallel(ctx, cut.Parallel, open, d.split)
		if err != nil {
			return nil, err
		}
		open = nil
		for _, s := range found {
			shards = append(shards, s.Shard)
			for i, child := range s.Except {
				if s.whole[i] {
					shards = append(shards, Shard{Prefix: child})
				} else {
					open = append(open, child)
				}
			}
		}
	}
	slices.SortFunc(shards, func(a, b Shard) int { return strings.Compare(a.Prefix, b.Prefix) })
	return shards, nil
}

// parallel calls do for each of in, and returns the results in their order.
func parallel[I, O any](ctx context.Context, at int, in []I, do func(context.Context, I) (O, error)) ([]O, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, errs := make([]O, len(in)), make([]error, len(in))
	var workers sync.WaitGroup
	todo := make(chan int)
	for range min(max(at, 1), len(in)) {
		workers.Go(func() {
			for i := range todo {
				if out[i], errs[i] = do(ctx, in[i]); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	for i := range in {
		todo <- i
	}
	close(todo)
	workers.Wait()
	var failed error
	for _, err := range errs {
		// What the first trouble cancelled is not the trouble.
		if err != nil && (failed == nil || fault.Is(failed, fault.Canceled)) {
			failed = err
		}
	}
	return out, failed
}

type discovery struct {
	source object.Source
	cut    Cut
}

// part is a shard, and for each prefix that it leaves out whether that has been
// seen to its end.
type part struct {
	Shard
	whole []bool
}

// split cuts one prefix by folders, or by next characters.
func (d discovery) split(ctx context.Context, prefix string) (part, error) {
	undivided := part{Shard: Shard{Prefix: prefix}}
	first, err := d.source.Page(ctx, object.Range{Prefix: prefix}, "", "")
	if err != nil || first.Next == "" {
		return undivided, err
	}
	children, folders, err := d.folders(ctx, prefix)
	// A page may be empty although there are more: a filter has left all of it out.
	if err == nil && len(children) == 0 && d.cut.Flat && len(first.Items) > 0 {
		folders = false
		children, err = d.characters(ctx, prefix, first.Items)
	}
	if fault.Is(err, fault.Unsupported) {
		// The listing of such a bucket cannot begin in its middle.
		return undivided, nil
	}
	if err != nil || len(children) == 0 {
		return undivided, err
	}
	probed, err := parallel(ctx, d.cut.Parallel, children, d.probe)
	if err != nil {
		return undivided, err
	}
	p := part{Shard: Shard{Prefix: prefix, Folders: folders}}
	for i, child := range children {
		if probed[i].keys >= worthwhile || !probed[i].whole {
			p.Except = append(p.Except, child)
			p.whole = append(p.whole, probed[i].whole)
		}
	}
	if len(p.Except) == 0 {
		return undivided, nil
	}
	return p, nil
}

type probed struct {
	keys  int
	whole bool
}

func (d discovery) probe(ctx context.Context, prefix string) (probed, error) {
	page, err := d.source.Page(ctx, object.Range{Prefix: prefix}, "", "")
	return probed{len(page.Items), page.Next == ""}, err
}

// folders are the common prefixes right below, none when there are too many. A
// level with a single folder is gone through.
func (d discovery) folders(ctx context.Context, prefix string) ([]string, bool, error) {
	for {
		var found []string
		loose := false
		next := ""
		for range folderPages {
			page, err := d.source.Page(ctx, object.Range{Prefix: prefix}, delimiter, next)
			if err != nil {
				return nil, false, err
			}
			found = append(found, page.Prefixes...)
			loose = loose || len(page.Items) > 0
			if next = page.Next; next == "" {
				break
			}
		}
		if next != "" || len(found) > folderCount {
			return nil, false, nil
		}
		if len(found) != 1 || loose {
			slices.Sort(found)
			return slices.Compact(found), true, nil
		}
		prefix = found[0]
	}
}

// characters are the prefixes one character longer, after the longest prefix
// that all have in common, found by starting the listing after each.
func (d discovery) characters(ctx context.Context, prefix string, items []object.Object) ([]string, error) {
	common := commonPrefix(items[0].Key, items[len(items)-1].Key)
	if len(common) > len(prefix) {
		rest, err := d.source.Page(ctx, object.Range{Prefix: prefix, After: top(common)}, "", "")
		if err != nil {
			return nil, err
		}
		if len(rest.Items) == 0 {
			return d.nextCharacters(ctx, prefix, common)
		}
	}
	return d.nextCharacters(ctx, prefix, prefix)
}

// nextCharacters probes below common. Whatever is left out of the answer
// belongs to what is below prefix all the same.
func (d discovery) nextCharacters(ctx context.Context, prefix, common string) ([]string, error) {
	var found []string
	after := common
	for range charCount {
		page, err := d.source.Page(ctx, object.Range{Prefix: common, After: after}, "", "")
		if err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			break
		}
		key := page.Items[0].Key
		_, size := utf8.DecodeRuneInString(key[len(common):])
		child := key[:len(common)+size]
		if size == 0 || len(found) > 0 && child <= found[len(found)-1] {
			// The service does not start where it is told to, or keys go on after the
			// top of a prefix.
			break
		}
		found = append(found, child)
		after = top(child)
	}
	if len(found) == 1 && found[0] == prefix {
		return nil, nil
	}
	return found, nil
}

// commonPrefix ends at the boundary of a character.
func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return a[:n]
}
