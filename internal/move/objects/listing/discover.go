package listing

import (
	"cmp"
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
	// fewPages are not worth cutting, probePages not worth a shard of their own:
	// a page of the target takes five of the source.
	fewPages   = 8
	probePages = 2
	// flatTimes as many pages are read before a flat folder is cut: its shards
	// take requests besides those of its pages.
	flatTimes = 8
	// enough is which part of the shards wanted does without flat folders cut.
	enough = 8
)

// Cut says how a bucket is cut into shards.
type Cut struct {
	// Shards is about how many are wanted; 0 or 1 leaves it whole.
	Shards int
	// Flat says whether to cut within a folder; nil is no. It costs a target that
	// cannot begin a listing anywhere one reading of all that is below the folder.
	// It is asked only when there is such a folder.
	Flat func(context.Context) (bool, error)
	// Parallel is how many requests are made at once.
	Parallel int
	// Few is how many pages are not worth cutting, 0 for a default.
	Few int
	// Seen, when given, keeps what is read for the listings of the shards.
	Seen *Seen
}

// Discover cuts all keys with the prefix into shards, in the order of their
// prefixes. Small ones stay one shard. Equal listings give equal shards.
func Discover(ctx context.Context, source object.Source, prefix string, cut Cut) ([]Shard, error) {
	if cut.Shards <= 1 {
		return []Shard{{Prefix: prefix}}, nil
	}
	d := discovery{source: source, cut: cut}
	d.cut.Few = cmp.Or(cut.Few, fewPages)
	if cut.Flat != nil {
		// However many folders are cut at once, it is asked once.
		d.flat = sync.OnceValues(func() (bool, error) { return cut.Flat(ctx) })
	}
	var shards []Shard
	open := []*walked{{prefix: prefix}}
	for len(open) > 0 {
		if len(shards)+len(open) >= cut.Shards {
			for _, w := range open {
				cut.Seen.keep(w)
				shards = append(shards, Shard{Prefix: w.prefix})
			}
			break
		}
		round := d.round(len(shards), len(open))
		found, err := parallel(ctx, cut.Parallel, open, round.split)
		if err != nil {
			return nil, err
		}
		open = nil
		for _, p := range found {
			shards = append(shards, p.Shard)
			open = append(open, p.open...)
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
	// flat is nil when nothing is cut within a folder.
	flat func() (bool, error)
	// few and deep are how many pages of a prefix are read before it is cut, by
	// folders and within one.
	few, deep int
}

// round shares what is read out between the prefixes that are cut at the same
// time. Within a folder nothing is cut when there are many shards already.
func (d discovery) round(shards, open int) discovery {
	d.few = min(d.cut.Few, max(folderPages, d.cut.Few/open))
	d.deep = max(d.few, d.cut.Few*flatTimes/open)
	if shards+open >= max(2, d.cut.Shards/enough) {
		d.flat = nil
	}
	return d
}

// part is a shard, and the beginnings of those that it leaves out.
type part struct {
	Shard
	open []*walked
}

// split cuts one prefix by folders, or by next characters.
func (d discovery) split(ctx context.Context, w *walked) (part, error) {
	undivided := part{Shard: Shard{Prefix: w.prefix}}
	if err := d.walk(ctx, w, d.few); err != nil {
		return undivided, err
	}
	// What has been read is of use however the prefix is cut.
	defer d.cut.Seen.keep(w)
	if w.whole {
		return undivided, nil
	}
	var level tier
	folders := false
	// Of a level with that many objects before the first folder, the search would
	// see no more.
	if w.folders || w.read < folderPages {
		var err error
		if level, folders, err = d.folders(ctx, w.prefix); err != nil {
			return undivided, err
		}
	}
	children := level.folders
	// A page may be empty although there are more: a filter has left all of it out.
	if len(children) == 0 && w.first != "" {
		folders = false
		var err error
		if children, err = d.characters(ctx, w); fault.Is(err, fault.Unsupported) {
			// The listing of such a bucket cannot begin in its middle.
			return undivided, nil
		} else if err != nil {
			return undivided, err
		}
	}
	if len(children) == 0 {
		return undivided, nil
	}
	return d.divide(ctx, w, children, folders, level)
}

// divide makes shards of those children that are worth it.
func (d discovery) divide(ctx context.Context, w *walked, children []string, folders bool, level tier) (part, error) {
	p := part{Shard: Shard{Prefix: w.prefix}}
	probed, err := parallel(ctx, d.cut.Parallel, children, func(ctx context.Context, child string) (*walked, error) {
		if w.covers(child) {
			return nil, nil
		}
		begun := &walked{prefix: child}
		return begun, d.walk(ctx, begun, min(probePages, d.cut.Few))
	})
	if err != nil {
		return p, err
	}
	if folders {
		d.cut.Seen.keepTier(w.prefix, level)
	}
	for i, begun := range probed {
		switch {
		case begun == nil:
		case !begun.whole:
			p.Except = append(p.Except, children[i])
			p.open = append(p.open, begun)
		case folders:
			d.cut.Seen.keep(begun)
		}
	}
	p.Folders = folders && len(p.Except) > 0
	return p, nil
}

// folders are the level right below, none when there are too many of them. A
// level with a single folder is gone through.
func (d discovery) folders(ctx context.Context, prefix string) (tier, bool, error) {
	for {
		var found tier
		next := ""
		for range folderPages {
			page, err := d.source.Page(ctx, object.Range{Prefix: prefix}, delimiter, next)
			if err != nil {
				return tier{}, false, err
			}
			found.folders = append(found.folders, page.Prefixes...)
			found.loose = append(found.loose, page.Items...)
			if next = page.Next; next == "" {
				break
			}
		}
		if next != "" || len(found.folders) > folderCount {
			return tier{}, false, nil
		}
		if len(found.folders) != 1 || len(found.loose) > 0 {
			slices.Sort(found.folders)
			found.folders = slices.Compact(found.folders)
			slices.SortStableFunc(found.loose, func(a, b object.Object) int { return strings.Compare(a.Key, b.Key) })
			return found, true, nil
		}
		prefix = found.folders[0]
	}
}

// characters are the prefixes one character longer, after the longest prefix
// that all have in common, found by starting the listing after each. None are
// those of a folder that shall not be cut, or that has turned out to be small.
func (d discovery) characters(ctx context.Context, w *walked) ([]string, error) {
	if d.flat == nil {
		return nil, nil
	}
	if flat, err := d.flat(); err != nil || !flat {
		return nil, err
	}
	if err := d.walk(ctx, w, d.deep); err != nil || w.whole {
		return nil, err
	}
	common := commonPrefix(w.first, w.last)
	if len(common) > len(w.prefix) {
		rest, err := d.source.Page(ctx, object.Range{Prefix: w.prefix, After: top(common)}, "", "")
		if err != nil {
			return nil, err
		}
		if len(rest.Items) == 0 {
			return d.nextCharacters(ctx, w.prefix, common)
		}
	}
	return d.nextCharacters(ctx, w.prefix, w.prefix)
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
