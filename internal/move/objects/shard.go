package objects

import (
	"context"
	"errors"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// The bits of Mover.disorder.
const (
	disorderSource = 1 << iota
	disorderTarget
)

// Done is a finished shard.
type Done struct {
	Shard    listing.Shard   `json:"shard"`
	Segments []Segment       `json:"segments"`
	Counts   manifest.Counts `json:"counts"`
	// Unordered names the sides that listed out of order, and were sorted here.
	Unordered []string `json:"unordered,omitempty"`
	// Path is why objects were streamed although the other path was to be tried.
	Path string `json:"path,omitempty"`
	// Fingerprint is that of the settings.
	Fingerprint string `json:"fingerprint"`
}

// task is one object on its way.
type task struct {
	object  object.Object
	blob    *object.Blob
	name    string
	seq     uint64
	folder  bool
	renamed bool
	// misread says that a content was read that did not agree with a hash of the
	// source, otherETag that its ETag is no hash.
	misread, otherETag bool
	misreadCRC         uint64
	// versions are all of the key, the oldest first, when they are moved.
	versions []object.Object
	// left are older ones that are not.
	left surplus
	// before are the lines of all versions but the last.
	before []*manifest.Line
	// becomes is the line: it lives in the task, for there is one of each.
	becomes manifest.Line
}

// line begins the line of a task, and ends an earlier one.
func (t *task) line() *manifest.Line {
	t.becomes = manifest.Line{Key: t.object.Key, Version: t.object.Version, ETag: t.object.ETag, Size: t.object.Size}
	if t.name != t.object.Key {
		t.becomes.Name = t.name
	}
	return &t.becomes
}

// verb is what is done with the pairs of a shard.
type verb interface {
	// glance says at once what can be said from the listings; nil when there is
	// work to do.
	glance(t *task) (*manifest.Line, error)
	// work carries it out. An error ends the shard.
	work(ctx context.Context, r *run, t *task) (*manifest.Line, error)
	// extra is of a blob that no object answers to; held means that it is decided
	// when both listings are at their end.
	extra(ctx context.Context, b *object.Blob) (line *manifest.Line, held bool, err error)
	// last decides about one that was held.
	last(ctx context.Context, r *run, b *object.Blob) (*manifest.Line, error)
}

// run is one shard being worked on.
type run struct {
	m      *Mover
	verb   verb
	shard  listing.Shard
	ctx    context.Context
	cancel context.CancelCauseFunc
	lines  *lines
	out    *segments
	extras *listing.Sorter
	pool   *pool
	// objects counts those of the source's listing; listed may hear of it.
	objects int64
	listed  func(int64)
	// glanced is the task of the present pair, used again for each that the
	// listings decide.
	glanced *task
	groups  *groups
	nesting *nesting
}

// carry works on one shard to its end, or takes it from the journal.
func (m *Mover) carry(ctx context.Context, pass Pass, shard listing.Shard, v verb) (Done, error) {
	if err := pass.valid(); err != nil {
		return Done{}, err
	}
	if m.keeps(pass) {
		done, ok, err := pass.Kept(m.ports.Journal, shard)
		if err != nil {
			return Done{}, err
		}
		if ok && done.Fingerprint != m.settings.Fingerprint() {
			return Done{}, otherSettings(pass)
		}
		if ok {
			m.recall(done)
			return done, nil
		}
	}
	done, err := m.attempt(ctx, pass, shard, v)
	for range 2 {
		disorder, ok := errors.AsType[*listing.Disorder](err)
		if !ok {
			break
		}
		if disorder.Target {
			m.disorder.Or(disorderTarget)
		} else {
			m.disorder.Or(disorderSource)
		}
		done, err = m.attempt(ctx, pass, shard, v)
	}
	if err != nil {
		return Done{}, fault.Wrap(err, pass.verb()+" the objects below", shard.Prefix)
	}
	if !m.keeps(pass) {
		return done, nil
	}
	return done, pass.Keep(m.ports.Journal, done)
}

// keeps says whether a pass leaves notes.
func (m *Mover) keeps(pass Pass) bool { return m.ports.Journal != nil && !pass.fleeting }

func (m *Mover) kept(pass Pass, key string) ([]byte, bool) {
	if !m.keeps(pass) {
		return nil, false
	}
	return m.ports.Journal.Page(key)
}

func (m *Mover) keep(pass Pass, key string, page []byte) error {
	if !m.keeps(pass) {
		return nil
	}
	return fault.Wrap(m.ports.Journal.Keep(key, page), "keep what is done in the journal", key)
}

// recall counts a shard that an earlier process has finished.
func (m *Mover) recall(done Done) {
	for _, result := range manifest.Results() {
		n := done.Counts.Results[result]
		if result == manifest.Extra || result == manifest.Deleted {
			continue
		}
		m.meter.totalItems.Add(n.Objects)
		m.meter.totalBytes.Add(n.Bytes)
		m.meter.items.Add(n.Objects)
		m.meter.bytes.Add(n.Bytes)
	}
}

// attempt goes through both listings once.
func (m *Mover) attempt(ctx context.Context, pass Pass, shard listing.Shard, v verb) (Done, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{m: m, verb: v, shard: shard, ctx: ctx, cancel: cancel, listed: pass.Listed}
	r.out = &segments{folder: m.ports.Folder, stem: pass.stem(shard), shard: shard}
	r.lines = newLines(r.out, &m.meter)
	r.extras = listing.NewSorter(m.ports.Folder, 1<<20)
	defer r.extras.Close()
	r.pool = newPool(m.gate)
	stopped := context.AfterFunc(ctx, func() { r.lines.stop(context.Cause(ctx)) })
	defer stopped()
	if m.settings.Names.Account.Hierarchical {
		r.nesting = &nesting{mapper: m.mapper}
	}

	m.meter.open.Add(1)
	err := r.merge()
	m.meter.open.Add(-1)
	if err != nil {
		cancel(err)
	}
	r.pool.close()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = r.afterwards()
	}
	var done Done
	if err == nil {
		done.Segments, err = r.out.finish(ctx)
	}
	if err != nil {
		r.out.abandon()
		return Done{}, err
	}
	done.Shard, done.Fingerprint = shard, m.settings.Fingerprint()
	for _, s := range done.Segments {
		done.Counts.Add(s.File.Segment.Counts)
	}
	done.Unordered = m.unordered()
	done.Path = m.route.reason()
	return done, nil
}

func (m *Mover) unordered() []string {
	var sides []string
	if m.disorder.Load()&disorderSource != 0 {
		sides = append(sides, "source")
	}
	if m.disorder.Load()&disorderTarget != 0 {
		sides = append(sides, "target")
	}
	return sides
}

// merge reads both sides to their ends and gives out the work.
func (r *run) merge() error {
	source, target := r.sides()
	defer source.Close()
	defer target.Close()
	return listing.Merge(r.ctx, source, target, r.m.names, r.pair)
}

func (r *run) sides() (listing.Pages[object.Object], listing.Pages[object.Blob]) {
	m := r.m
	disorder := m.disorder.Load()
	var source listing.Pages[object.Object]
	switch {
	case m.settings.Versions:
		r.groups = &groups{pages: listing.Versions(m.source, r.shard), most: maxVersions}
		source = r.groups
	case disorder&disorderSource != 0:
		source = listing.SortObjects(listing.Whole(m.source, r.shard), m.names, m.ports.Folder)
	default:
		source = m.objects(r.shard)
	}
	mapped, ok := r.shard.Mapped(m.prefix)
	if !ok {
		return listing.Ahead(r.ctx, source, readAhead), listing.None[object.Blob]()
	}
	var target listing.Pages[object.Blob]
	if disorder&disorderTarget != 0 {
		target = listing.SortBlobs(listing.Blobs(m.target, mapped, true), m.ports.Folder)
	} else {
		target = listing.Blobs(m.target, mapped, false)
	}
	return listing.Ahead(r.ctx, source, readAhead), listing.Ahead(r.ctx, target, readAheadTarget)
}

// readAhead is how many pages are read before they are needed. One of the target
// is as long as five of the source, and its blobs have metadata besides.
const (
	readAhead       = 2
	readAheadTarget = 1
)

// pair is called for each name of the two listings, in their order.
func (r *run) pair(p listing.Pair) error {
	if p.Object == nil {
		return r.extra(p.Blob)
	}
	r.objects++
	m := r.m
	m.meter.listed(p.Object.Size)
	if r.objects&0xff == 0 && r.listed != nil {
		r.listed(r.objects)
	}
	if r.objects&0xff == 0 {
		if err := m.spent(); err != nil {
			return err
		}
	}
	if r.glanced == nil {
		r.glanced = &task{}
	}
	t := r.glanced
	*t = task{object: *p.Object, blob: p.Blob, name: p.Name}
	if r.groups != nil {
		t.versions, t.left = r.groups.take(p.Object.Key)
	}
	if p.Apart || r.nesting != nil {
		line, err := r.apart(t)
		if line != nil || err != nil {
			return r.written(line, err)
		}
	}
	if line, err := r.verb.glance(t); line != nil || err != nil {
		return r.written(line, err)
	}
	seq, err := r.lines.reserve()
	if err != nil {
		return err
	}
	t.seq, r.glanced = seq, nil
	return r.pool.submit(r.ctx, job{run: r, task: t})
}

func (r *run) written(line *manifest.Line, err error) error {
	if err != nil {
		return err
	}
	return r.lines.now(line)
}

// apart sees to names that are not simply the keys: what is refused, what is
// renamed, what is a folder.
func (r *run) apart(t *task) (*manifest.Line, error) {
	m := r.m
	blob, refusal := m.mapper.Blob(t.object.Key, t.object.Size)
	if refusal == nil && r.nesting != nil {
		refusal = r.nesting.add(t.object.Key)
	}
	if refusal != nil {
		if refusal.Fatal {
			return nil, refusal.Err()
		}
		t.name = ""
		line := t.line()
		line.Result, line.Reason, line.Name = manifest.Refused, string(refusal.Rule)+": "+refusal.Detail, ""
		return line, nil
	}
	t.name, t.renamed, t.folder = blob.Name, blob.Renamed, blob.Folder
	return nil, nil
}

// extra is a blob without an object.
func (r *run) extra(b *object.Blob) error {
	line, held, err := r.verb.extra(r.ctx, b)
	if held && err == nil {
		r.lines.mu.Lock()
		r.out.hold()
		r.lines.mu.Unlock()
		return r.extras.Add(b.Name, listing.AppendBlob(nil, b))
	}
	if err != nil || line == nil {
		return err
	}
	return r.lines.now(line)
}

// afterwards decides about the blobs that were held, now that both listings have
// been read to their ends, in order.
func (r *run) afterwards() error {
	sorted, err := r.extras.Sorted()
	if err != nil {
		return err
	}
	todo := make(chan object.Blob)
	var workers sync.WaitGroup
	for range r.m.gate.Limit() {
		workers.Go(func() {
			for b := range todo {
				if err := r.decide(&b); err != nil {
					r.cancel(err)
				}
			}
		})
	}
	err = r.held(sorted, todo)
	close(todo)
	workers.Wait()
	if err != nil {
		return err
	}
	return context.Cause(r.ctx)
}

// held gives out the blobs that were held.
func (r *run) held(sorted *listing.Sorted, to chan<- object.Blob) error {
	for {
		_, value, ok, err := sorted.Next()
		if err != nil || !ok {
			return err
		}
		b, err := listing.BlobOf(value)
		if err != nil {
			return err
		}
		select {
		case to <- b:
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		}
	}
}

// decide writes the line of a blob that was held.
func (r *run) decide(b *object.Blob) error {
	if err := r.m.gate.Enter(r.ctx); err != nil {
		return err
	}
	defer r.m.gate.Leave(0)
	line, err := r.verb.last(r.ctx, r, b)
	if line == nil || err != nil {
		return err
	}
	r.lines.mu.Lock()
	defer r.lines.mu.Unlock()
	r.m.meter.done(line)
	return r.out.add(line)
}

// prefix maps a prefix of keys to one of names.
func (m *Mover) prefix(prefix string) (string, bool) {
	names := m.settings.Names
	if len(prefix) < len(names.SourcePrefix) || prefix[:len(names.SourcePrefix)] != names.SourcePrefix {
		return "", false
	}
	return names.TargetPrefix + prefix[len(names.SourcePrefix):], true
}

// names maps a key for the merge.
func (m *Mover) names(o *object.Object) (string, bool) {
	blob, refusal := m.mapper.Blob(o.Key, o.Size)
	if refusal == nil && !blob.Renamed && !blob.Folder {
		return blob.Name, false
	}
	place, _ := m.prefix(o.Key)
	return place, true
}
