package objects

import (
	"context"
	"math"
	"sync"
	"time"

	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
)

// examples is how many objects of a kind a plan names.
const examples = 20

// Rates are what an estimate of time is made of: what the way between the two
// sides can carry.
type Rates struct {
	BytesPerSecond, ObjectsPerSecond float64
}

// Plan is what a pass would do. It is a value: computing it changes nothing.
type Plan struct {
	// Fingerprint of the settings that it is a plan of.
	Fingerprint string          `json:"fingerprint"`
	Shards      []listing.Shard `json:"shards"`
	// Copy is what would be sent, Same what the target has already.
	Copy manifest.Count `json:"copy"`
	Same manifest.Count `json:"same"`
	// Overwrite is the part of Copy that replaces a blob.
	Overwrite manifest.Count `json:"overwrite"`
	Extra     manifest.Count `json:"extra"`
	// Delete is the part of Extra that would be deleted.
	Delete   manifest.Count `json:"delete"`
	Refused  manifest.Count `json:"refused"`
	Archived manifest.Count `json:"archived"`
	// Largest is the size of the largest object that would be sent.
	Largest int64 `json:"largest"`
	// Named are the first of those that would not be moved, with the reasons.
	Named []manifest.Line `json:"named,omitempty"`
	// Listing is what computing the plan has used up, Use what the pass would use
	// up besides its listings.
	Listing  tally.Use     `json:"listing"`
	Use      tally.Use     `json:"use"`
	Cost     float64       `json:"cost"`
	Duration time.Duration `json:"duration"`
}

// Plan goes through both listings and says what Copy would do.
func (m *Mover) Plan(ctx context.Context, rates Rates) (Plan, error) {
	m.meter.reset()
	m.meter.open.Add(1)
	stop := m.watch(ctx, "plan")
	defer stop()
	defer m.meter.open.Add(-1) // before the last word of the progress
	before := m.tally.Use()
	shards, err := m.discover(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := &planning{m: m, plan: Plan{Fingerprint: m.settings.Fingerprint(), Shards: shards}}
	_, err = m.each(ctx, shards, func(ctx context.Context, shard listing.Shard) (Done, error) {
		return Done{}, p.shard(ctx, shard)
	})
	if err != nil {
		return Plan{}, err
	}
	plan := p.plan
	plan.Listing = since(m.tally.Use(), before)
	plan.Use = p.use()
	listed := plan.Listing
	all := plan.Use
	all.Lists += listed.Lists
	all.Enumerations += listed.Enumerations
	plan.Cost = all.Cost(m.ports.Prices)
	plan.Duration = rates.duration(plan.Copy)
	return plan, nil
}

func (r Rates) duration(c manifest.Count) time.Duration {
	var seconds float64
	if r.ObjectsPerSecond > 0 {
		seconds = float64(c.Objects) / r.ObjectsPerSecond
	}
	if r.BytesPerSecond > 0 {
		seconds = max(seconds, float64(c.Bytes)/r.BytesPerSecond)
	}
	return time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2))
}

func since(now, before tally.Use) tally.Use {
	return tally.Use{
		Gets: now.Gets - before.Gets, Lists: now.Lists - before.Lists, Restores: now.Restores - before.Restores, Egress: now.Egress - before.Egress,
		Writes: now.Writes - before.Writes, Enumerations: now.Enumerations - before.Enumerations, Reads: now.Reads - before.Reads, Others: now.Others - before.Others,
	}
}

// planning sums up what the shards would do.
type planning struct {
	m    *Mover
	mu   sync.Mutex
	plan Plan
	// requests of large objects.
	blocks, large int64
}

// shard merges one shard, in the way of run, and decides nothing but by looking.
func (p *planning) shard(ctx context.Context, shard listing.Shard) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{m: p.m, shard: shard, ctx: ctx, cancel: cancel}
	if p.m.settings.Names.Account.Hierarchical {
		r.nesting = &nesting{mapper: p.m.mapper}
	}
	source, target := r.sides()
	defer source.Close()
	defer target.Close()
	return listing.Merge(ctx, source, target, p.m.names, func(pair listing.Pair) error {
		if pair.Object == nil {
			return p.blob(ctx, pair.Blob)
		}
		return p.object(ctx, r, pair)
	})
}

func add(c *manifest.Count, size int64) {
	c.Objects++
	c.Bytes += size
}

func (p *planning) object(ctx context.Context, r *run, pair listing.Pair) error {
	m := p.m
	m.meter.listed(pair.Object.Size)
	t := &task{object: *pair.Object, blob: pair.Blob, name: pair.Name}
	versions := []object.Object{t.object}
	if r.groups != nil {
		versions, _ = r.groups.take(t.object.Key)
	}
	var line *manifest.Line
	if pair.Apart || r.nesting != nil {
		var err error
		if line, err = r.apart(t); err != nil {
			return err
		}
		if line == nil && t.renamed {
			if err := m.look(ctx, t); err != nil {
				return err
			}
		}
	}
	if line == nil {
		line = m.judge(t)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	size := t.object.Size
	switch {
	case line == nil && m.archived(&t.object):
		add(&p.plan.Archived, size)
	case line == nil:
		for _, v := range versions[min(m.copied(&task{object: t.object, blob: t.blob, versions: versions}), len(versions)-1):] {
			if !v.Marker {
				p.sent(t, v.Size)
			}
		}
	case line.Result == manifest.Same:
		add(&p.plan.Same, size)
	case line.Result == manifest.Archived:
		add(&p.plan.Archived, size)
		p.mention(line)
	default:
		add(&p.plan.Refused, size)
		p.mention(line)
	}
	m.meter.items.Add(1)
	m.meter.bytes.Add(size)
	return nil
}

func (p *planning) sent(t *task, size int64) {
	add(&p.plan.Copy, size)
	if t.blob != nil {
		add(&p.plan.Overwrite, size)
	}
	p.plan.Largest = max(p.plan.Largest, size)
	if block := p.m.settings.Block; size > block {
		p.large++
		p.blocks += (size + block - 1) / block
	}
}

func (p *planning) mention(line *manifest.Line) {
	if len(p.plan.Named) < examples {
		p.plan.Named = append(p.plan.Named, *line)
	}
}

func (p *planning) blob(ctx context.Context, b *object.Blob) error {
	if line, err := p.m.stray(ctx, b); line == nil || err != nil {
		return err // it is that of an object under another name
	}
	goes := p.m.settings.Delete == DeleteAll || p.m.settings.Delete == DeleteOurs && markedFrom(markOf(b), p.m.origin)
	if goes {
		key, err := p.m.otherName(ctx, b)
		if err != nil {
			return err
		}
		goes = key == ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	add(&p.plan.Extra, b.Size)
	if goes {
		add(&p.plan.Delete, b.Size)
	}
	return nil
}

// use is what copying takes: a GET and a PUT for a small object; of a large one a
// HEAD, what is staged, a GET and a PUT for each block, and the list of blocks.
func (p *planning) use() tally.Use {
	small := p.plan.Copy.Objects - p.large
	u := tally.Use{
		Gets: small + p.large + p.blocks, Egress: p.plan.Copy.Bytes,
		Writes: small + p.blocks + p.large, Reads: p.large, Others: p.plan.Delete.Objects, Lists: p.plan.Delete.Objects,
	}
	if p.m.settings.RestoreDays > 0 {
		u.Restores = p.plan.Archived.Objects
	}
	return u
}
