package objects

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
)

// The verbs of passes.
const (
	verbCopy   = "copy"
	verbVerify = "verify"
)

const (
	// together is how many shards are worked on at once.
	together = 8
	// probes is how many requests the search for shards makes at once.
	probes = 16
)

// Pass is one going through of both sides. It is resumed by calling the same
// with the same pass, journal, folder and settings.
type Pass struct {
	// ID tells passes of one journal and folder apart: letters, digits, "-", "_".
	ID string
	// Level of a verification, "" for a copy.
	Level Level
	// Run is for the head of the manifest.
	Run string
	// By tells apart what two workers write of one shard, of which the first is
	// thought dead; "" where there is but one.
	By string
	// Listed, when set, hears of a shard how many objects of its listing it has
	// come to.
	Listed func(objects int64)

	// fleeting passes leave no note: one that is broken off is begun anew.
	fleeting bool
}

func (p Pass) verb() string {
	if p.Level != "" {
		return verbVerify
	}
	return verbCopy
}

func (p Pass) valid() error {
	for _, r := range p.ID {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return fault.Newf(fault.Usage, "call a pass %q: want letters, digits, - and _", p.ID)
		}
	}
	if p.ID == "" {
		return fault.Newf(fault.Usage, "begin a pass: it has no id")
	}
	return nil
}

// stem begins the names of the files of a shard.
func (p Pass) stem(shard Shard) string {
	stem := p.ID + "-" + p.verb() + string(p.Level) + "-" + shard.ID()
	if p.By != "" {
		stem += "-" + p.By
	}
	return stem
}

func (p Pass) key(what string) string {
	return "objects/" + p.ID + "/" + p.verb() + string(p.Level) + "/" + what
}

// Shard is one unit of a pass: some of the keys. The shards of a pass hold every
// key once.
type Shard = listing.Shard

// Kept returns a finished shard of the pass out of a journal.
func (p Pass) Kept(j move.Journal, shard Shard) (Done, bool, error) {
	key := p.key("shard/" + shard.ID())
	page, ok := j.Page(key)
	if !ok {
		return Done{}, false, nil
	}
	var done Done
	if err := json.Unmarshal(page, &done); err != nil {
		return Done{}, false, fault.Of(fault.Internal, "read the journal", key, err)
	}
	return done, true, nil
}

// Keep notes a finished shard in the journal of another process. The files of
// its segments have to be in that one's folder.
func (p Pass) Keep(j move.Journal, done Done) error {
	key := p.key("shard/" + done.Shard.ID())
	page, err := json.Marshal(done)
	if err != nil {
		return fault.Of(fault.Internal, "write the journal", key, err)
	}
	return fault.Wrap(j.Keep(key, page), "keep what is done in the journal", key)
}

// Result is what a pass came to.
type Result struct {
	Counts  manifest.Counts
	Summary manifest.Summary
	// Unordered names the sides that listed out of order.
	Unordered []string
	// Path is why objects were streamed although the other path was to be tried.
	Path string
	Use  tally.Use
	Cost float64
	// Accepted counts refused objects that are to be left out, as was declared:
	// they are no fault of the pass. Whoever knows sets it.
	Accepted int64
	// Proof is the weakest that the equality of any object rests on.
	Proof move.Proof
}

// Left counts the objects that the target does not have as the source has them,
// and blobs that no object answers to.
func (r Result) Left() (objects int64) {
	for _, result := range manifest.Results() {
		if !result.Good() {
			objects += r.Counts.Results[result].Objects
		}
	}
	return objects - r.Accepted
}

// Err is fault.Found when the two sides are not equal: something was refused, is
// different, or is missing. Blobs that no object answers to, and equality that
// nothing proves, count for verifying only, which is asked for just that.
func (r Result) Err() error {
	n, verb := r.Left(), r.Summary.Head.Verb
	unproved := r.Counts.Proofs["unproved"].Objects
	if verb != verbVerify {
		n -= r.Counts.Results[manifest.Extra].Objects
		unproved = 0
	}
	switch {
	case n > 0:
		return fault.Newf(fault.Found, "%s objects: %d are not as they should be", verb, n)
	case unproved > 0:
		return fault.Newf(fault.Found, "%s objects: nothing proves that %d are equal", verb, unproved).
			Hintf("verify at a higher level: %q reads both sides", LevelFull)
	}
	return nil
}

// plan is what the journal keeps of a pass before its first shard.
type passPlan struct {
	Fingerprint string          `json:"fingerprint"`
	Began       string          `json:"began"`
	Shards      []listing.Shard `json:"shards"`
}

// Shards cuts the source into the units of a pass, once: they are kept in the
// journal. Other settings than those that the pass was begun with are refused.
func (m *Mover) Shards(ctx context.Context, pass Pass) ([]listing.Shard, error) {
	plan, err := m.begin(ctx, pass)
	return plan.Shards, err
}

func (m *Mover) begin(ctx context.Context, pass Pass) (passPlan, error) {
	if err := pass.valid(); err != nil {
		return passPlan{}, err
	}
	key := pass.key("plan")
	if page, ok := m.kept(pass, key); ok {
		var plan passPlan
		if err := json.Unmarshal(page, &plan); err != nil {
			return plan, fault.Of(fault.Internal, "read the journal", key, err)
		}
		if plan.Fingerprint != m.settings.Fingerprint() {
			return plan, otherSettings(pass)
		}
		// What an earlier pass has seen says nothing about this one.
		m.seen.Store(nil)
		return plan, nil
	}
	shards, err := m.discover(ctx)
	if err != nil {
		return passPlan{}, err
	}
	plan := passPlan{m.settings.Fingerprint(), m.ports.Now().UTC().Format(time.RFC3339Nano), shards}
	page, err := json.Marshal(plan)
	if err != nil {
		return plan, fault.Of(fault.Internal, "write the journal", key, err)
	}
	return plan, m.keep(pass, key, page)
}

// otherSettings is of a pass that was begun with others.
func otherSettings(pass Pass) error {
	return fault.Of(fault.Conflict, "go on with the pass", pass.ID, nil).
		Hintf("it was begun with other settings: use those, or begin another pass")
}

func (m *Mover) discover(ctx context.Context) ([]listing.Shard, error) {
	prefix := m.settings.Names.SourcePrefix
	cut := listing.Cut{Shards: m.settings.Shards, Parallel: probes}
	var unread error
	if m.disorder.Load()&disorderTarget == 0 {
		cut.Flat = func(ctx context.Context) (flat bool, err error) {
			flat, unread = m.readsAnywhere(ctx)
			return flat, unread
		}
	}
	if !m.settings.Versions {
		cut.Seen = &listing.Seen{}
	}
	shards, err := listing.Discover(ctx, m.source, prefix, cut)
	if unread != nil {
		return nil, fault.Wrap(unread, "list the target", m.settings.Target)
	}
	if err != nil {
		return nil, fault.Wrap(err, "list the source", m.settings.Source)
	}
	m.seen.Store(&seen{cut.Seen, m.ports.Now().Add(seenFor)})
	return shards, nil
}

// seenFor is how old a listing may be that a shard is begun with.
const seenFor = 5 * time.Minute

// seen is what the last discovery has read.
type seen struct {
	listing *listing.Seen
	until   time.Time
}

// objects lists the source of a shard.
func (m *Mover) objects(shard listing.Shard) listing.Pages[object.Object] {
	s := m.seen.Load()
	if s == nil {
		return listing.Objects(m.source, shard)
	}
	if m.ports.Now().After(s.until) {
		m.seen.CompareAndSwap(s, nil)
		return listing.Objects(m.source, shard)
	}
	return s.listing.Objects(m.source, shard)
}

// readsAnywhere reports whether a part of the target can be read without what
// comes before it: its listing can begin at a name, or there is little in it.
func (m *Mover) readsAnywhere(ctx context.Context) (bool, error) {
	prefix := m.settings.Names.TargetPrefix
	page, err := m.target.Page(ctx, prefix, "", "")
	if err != nil || page.Next == "" || len(page.Items) == 0 {
		return page.Next == "", err
	}
	seeker, ok := m.target.(object.Seeker)
	if !ok {
		return false, nil
	}
	_, err = seeker.PageFrom(ctx, prefix, page.Items[len(page.Items)-1].Name, "")
	if fault.Is(err, fault.Unsupported) {
		return false, nil
	}
	return err == nil, err
}

// CopyShard makes the target equal to the source in one shard.
func (m *Mover) CopyShard(ctx context.Context, pass Pass, shard listing.Shard) (Done, error) {
	pass.Level = ""
	return m.carry(ctx, pass, shard, copying{m})
}

// VerifyShard compares both sides of one shard, at the level of the pass.
func (m *Mover) VerifyShard(ctx context.Context, pass Pass, shard listing.Shard) (Done, error) {
	if err := pass.Level.valid(); err != nil {
		return Done{}, err
	}
	return m.carry(ctx, pass, shard, verifying{m, pass.Level})
}

// Copy makes the target equal to the source, and writes the manifest. The error
// is of what ended the pass early; what became of the objects is in the result.
func (m *Mover) Copy(ctx context.Context, pass Pass, to io.Writer) (Result, error) {
	pass.Level = ""
	return m.all(ctx, pass, to, copying{m})
}

// Verify compares the two sides, whoever copied, and writes the manifest.
func (m *Mover) Verify(ctx context.Context, pass Pass, to io.Writer) (Result, error) {
	if err := pass.Level.valid(); err != nil {
		return Result{}, err
	}
	return m.all(ctx, pass, to, verifying{m, pass.Level})
}

// all is a pass over all shards.
func (m *Mover) all(ctx context.Context, pass Pass, to io.Writer, v verb) (Result, error) {
	plan, done, err := m.walk(ctx, pass, v)
	if err != nil {
		return m.result(done), err
	}
	return m.join(ctx, plan, joining{pass, done, to})
}

// walk is a pass without its manifest.
func (m *Mover) walk(ctx context.Context, pass Pass, v verb) (passPlan, []Done, error) {
	m.meter.reset()
	m.meter.open.Add(1)
	stop := m.watch(ctx, pass.verb())
	defer stop()
	plan, err := m.begin(ctx, pass)
	if err != nil {
		m.meter.open.Add(-1)
		return plan, nil, err
	}
	done, err := m.each(ctx, plan.Shards, func(ctx context.Context, shard listing.Shard) (Done, error) {
		return m.carry(ctx, pass, shard, v)
	})
	m.meter.open.Add(-1)
	return plan, done, err
}

// each works on several shards at once, and ends with the first that cannot be
// finished.
func (m *Mover) each(ctx context.Context, shards []listing.Shard, do func(context.Context, listing.Shard) (Done, error)) ([]Done, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make([]Done, len(shards))
	todo := make(chan int)
	var workers sync.WaitGroup
	for range min(together, len(shards)) {
		workers.Go(func() {
			for i := range todo {
				var err error
				if done[i], err = do(ctx, shards[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range shards {
		select {
		case todo <- i:
		case <-ctx.Done():
		}
	}
	close(todo)
	workers.Wait()
	return done, context.Cause(ctx)
}

// Join puts the manifest of finished shards together, in the order of the keys,
// and sums them up. Their files must be in the folder. The pass has a level if it
// verified.
func (m *Mover) Join(ctx context.Context, pass Pass, done []Done, to io.Writer) (Result, error) {
	plan, err := m.begin(ctx, pass)
	if err != nil {
		return Result{}, err
	}
	return m.join(ctx, plan, joining{pass, done, to})
}

// joining is what is put together, and where it goes.
type joining struct {
	pass Pass
	done []Done
	to   io.Writer
}

func (m *Mover) join(ctx context.Context, plan passPlan, j joining) (Result, error) {
	pass, done := j.pass, j.done
	if missing := missingShards(plan.Shards, done); len(missing) > 0 {
		return Result{}, fault.Newf(fault.Refused, "join the manifest: %d of %d shards are not finished", len(missing), len(plan.Shards))
	}
	var parts []manifest.Part
	for _, d := range done {
		for _, s := range d.Segments {
			parts = append(parts, manifest.Part{File: s.File, Open: func() (io.ReadCloser, error) {
				return os.Open(filepath.Join(m.ports.Folder, s.Name))
			}})
		}
	}
	slices.SortStableFunc(parts, func(a, b manifest.Part) int {
		return strings.Compare(a.File.Segment.First, b.File.Segment.First)
	})
	result := m.result(done)
	head := manifest.Head{
		Verb: pass.verb(), Source: m.settings.Source, Target: m.settings.Target, Filters: m.settings.filters(pass),
		Began: plan.Began, Ended: m.ports.Now().UTC().Format(time.RFC3339Nano), Complete: true, Run: pass.Run,
	}
	var err error
	result.Summary, err = manifest.Join(ctx, j.to, head, parts)
	return result, err
}

// missingShards are those that the plan of a pass has and done has not.
func missingShards(shards []listing.Shard, done []Done) []string {
	have := map[string]bool{}
	for _, d := range done {
		have[d.Shard.ID()] = len(d.Segments) > 0
	}
	var missing []string
	for _, s := range shards {
		if !have[s.ID()] {
			missing = append(missing, s.ID())
		}
	}
	return missing
}

func (m *Mover) result(done []Done) Result {
	r := Result{Use: m.tally.Use()}
	r.Cost = r.Use.Cost(m.ports.Prices)
	for _, d := range done {
		r.Counts.Add(d.Counts)
		r.Unordered = append(r.Unordered, d.Unordered...)
		if r.Path == "" {
			r.Path = d.Path
		}
	}
	slices.Sort(r.Unordered)
	r.Unordered = slices.Compact(r.Unordered)
	r.Proof = weakest(r.Counts)
	return r
}

// weakest is what the weakest of the claims of equality rests on.
func weakest(c manifest.Counts) move.Proof {
	for _, one := range []struct {
		name  string
		proof move.Proof
	}{{"unproved", move.Unproved}, {"recorded", move.Recorded}, {"bound", move.Bound}, {"read", move.Read}} {
		if c.Proofs[one.name].Objects > 0 {
			return one.proof
		}
	}
	return move.Unproved
}

// filters are the settings that bear upon the result, for people.
func (s Settings) filters(pass Pass) []string {
	all := slices.Clone(s.Chosen)
	add := func(set bool, text string) {
		if set {
			all = append(all, text)
		}
	}
	add(s.Names.Keys != "", "--keys "+string(s.Names.Keys))
	add(s.Names.Metadata != "", "--metadata "+string(s.Names.Metadata))
	add(s.Names.Tags != "", "--tags-policy "+string(s.Names.Tags))
	add(s.NoMark, "--no-mark")
	add(s.Tags, "--tags")
	add(s.Versions, "--versions")
	add(s.Delete != DeleteNone, "--delete="+string(s.Delete))
	add(pass.Level != "", "--level "+string(pass.Level))
	return all
}
