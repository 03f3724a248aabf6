package recorder

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// mostVersions bounds the history of one resource; the oldest items go first,
// as they do in AWS Config after the retention period.
const mostVersions = 200

// record is one resource with all its items, the latest last.
type record struct{ versions []*captured }

func (r *record) latest() *captured { return r.versions[len(r.versions)-1] }

// history holds the records. The recorder's lock guards it.
type history struct {
	records map[string]*record
	// seen is what the readers last said, by key, before relationships from
	// the other side were added.
	seen  map[string]item
	state int64
}

func newHistory() *history {
	return &history{records: map[string]*record{}, seen: map[string]item{}}
}

// observe replaces what is known of the types by the items.
func (h *history) observe(types []string, items []item) {
	maps.DeleteFunc(h.seen, func(_ string, it item) bool { return slices.Contains(types, it.kind) })
	for _, it := range items {
		h.seen[it.key()] = it
	}
}

// settle compares what was seen with what is recorded and records the
// differences.
func (h *history) settle(now time.Time, account string) {
	current := h.mirrored()
	for _, key := range slices.Sorted(maps.Keys(current)) {
		it := current[key]
		status := statusOK
		rec := h.records[key]
		switch {
		case rec == nil, rec.latest().status == statusDeleted:
			status = statusDiscovered
		case rec.latest().hash == it.fingerprint():
			continue
		}
		h.append(key, it.capture(account, status, now, h.nextState(now)))
	}
	for _, key := range slices.Sorted(maps.Keys(h.records)) {
		last := h.records[key].latest()
		if _, there := current[key]; there || last.status == statusDeleted {
			continue
		}
		h.append(key, last.item.capture(account, statusDeleted, now, h.nextState(now)))
	}
}

func (h *history) append(key string, c *captured) {
	rec := h.records[key]
	if rec == nil {
		rec = &record{}
		h.records[key] = rec
	}
	rec.versions = append(rec.versions, c)
	if extra := len(rec.versions) - mostVersions; extra > 0 {
		rec.versions = slices.Delete(rec.versions, 0, extra)
	}
}

// nextState returns the next configurationStateId: milliseconds, but always
// more than the one before, so that it orders the items.
func (h *history) nextState(now time.Time) int64 {
	h.state = max(h.state+1, now.UnixMilli())
	return h.state
}

// mirrored returns what was seen with relationships resolved to ids, and each
// relationship between two EC2 resources also standing at its other end: AWS
// Config documents those in both directions (a VPC contains what is contained
// in it).
func (h *history) mirrored() map[string]item {
	out := make(map[string]item, len(h.seen))
	names := h.names()
	for key, it := range h.seen {
		it.relations = slices.Clone(it.relations)
		for i := range it.relations {
			h.resolve(&it.relations[i], names)
		}
		out[key] = it
	}
	// Resolved relations of the originals only: what is added below must not
	// be mirrored back.
	var added []addition
	for _, it := range out {
		for _, r := range it.relations {
			if _, ok := out[r.kind+"\x00"+r.id]; ok && isEC2(it.kind) && isEC2(r.kind) {
				added = append(added, addition{r.kind + "\x00" + r.id, relation{inverse(r.verb), it.kind, it.id, it.name}})
			}
		}
	}
	for _, a := range added {
		other := out[a.key]
		other.relations = append(other.relations, a.relation)
		out[a.key] = other
	}
	for key, it := range out {
		it.sortRelations()
		out[key] = it
	}
	return out
}

// addition is a relationship to add to the item with the key.
type addition struct {
	key      string
	relation relation
}

func isEC2(kind string) bool { return strings.HasPrefix(kind, "AWS::EC2::") }

// names maps type and ARN, and type and name, to the key of an item. A name
// that several items have stands for none.
func (h *history) names() map[string]string {
	out := map[string]string{}
	for key, it := range h.seen {
		for _, name := range []string{it.arn, it.name} {
			alias := it.kind + "\x00" + name
			if other, taken := out[alias]; taken && other != key {
				out[alias] = ""
				continue
			}
			out[alias] = key
		}
	}
	return out
}

func (h *history) resolve(r *relation, names map[string]string) {
	key := r.kind + "\x00" + r.id
	if _, direct := h.seen[key]; !direct {
		key = names[key]
	}
	if other, ok := h.seen[key]; ok {
		r.id, r.targetName = other.id, other.name
	}
}

func inverse(verb string) string {
	switch verb {
	case containedIn:
		return containsVerb
	case containsVerb:
		return containedIn
	}
	return verb
}

// current returns the latest items of the resources that exist, sorted.
func (h *history) current() []*captured {
	var out []*captured
	for _, key := range slices.Sorted(maps.Keys(h.records)) {
		if c := h.records[key].latest(); c.status != statusDeleted {
			out = append(out, c)
		}
	}
	return out
}
