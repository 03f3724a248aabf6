package inventory

import (
	"hash/maphash"
	"slices"
)

// pool gives equal texts and equal small values one place in memory: a hundred
// thousand resources name the same subnets, groups and settings. It remembers
// what was seen lately, at a fixed cost. Values that went through it are shared
// and must not be changed. Not for concurrent use.
type pool struct {
	seed   maphash.Seed
	texts  [1 << 14]string
	values [1 << 13]any
	lists  [1 << 8][]string
}

const (
	// pooledText is the longest text that is looked up.
	pooledText = 256
	// pooledParts is how many texts and numbers a pooled value has at most.
	pooledParts = 24
)

func newPool() *pool { return &pool{seed: maphash.MakeSeed()} }

func (p *pool) text(s string) string {
	if s == "" || len(s) > pooledText {
		return s
	}
	slot := &p.texts[maphash.String(p.seed, s)%uint64(len(p.texts))]
	if *slot != s {
		*slot = s
	}
	return *slot
}

// value returns an equal value that was seen before, or else the value itself.
// Its texts and what is below it went through the pool already.
func (p *pool) value(v any) any {
	parts := pooledParts
	h := p.hash(v, &parts)
	if parts < 0 {
		return v
	}
	slot := &p.values[h%uint64(len(p.values))]
	if !same(*slot, v) {
		*slot = v
	}
	return *slot
}

// list is value for a list of names.
func (p *pool) list(names []string) []string {
	h := uint64(len(names))
	for _, name := range names {
		h = h*31 + maphash.String(p.seed, name)
	}
	slot := &p.lists[h%uint64(len(p.lists))]
	if *slot == nil || !slices.Equal(*slot, names) {
		*slot = names
	}
	return *slot
}

// hash counts down the parts; below nought the value is too large to be pooled
// and the hash means nothing.
func (p *pool) hash(v any, parts *int) uint64 {
	if *parts--; *parts < 0 {
		return 0
	}
	switch v := v.(type) {
	case string:
		return maphash.String(p.seed, v)
	case float64:
		return maphash.Comparable(p.seed, v)
	case bool:
		return maphash.Comparable(p.seed, v)
	case []any:
		h := uint64(len(v))
		for _, member := range v {
			h = h*31 + p.hash(member, parts)
		}
		return h
	case map[string]any:
		h := uint64(len(v)) + 7
		for name, member := range v {
			h += maphash.String(p.seed, name) * (p.hash(member, parts) | 1) // in any order
			if *parts < 0 {
				return 0
			}
		}
		return h
	}
	*parts = -1
	return 0
}

// same reports whether two values in the form of encoding/json are equal.
func same(a, b any) bool {
	switch a := a.(type) {
	case string, float64, bool:
		return a == b
	case []any:
		other, ok := b.([]any)
		return ok && slices.EqualFunc(a, other, same)
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok || len(a) != len(other) {
			return false
		}
		for name, member := range a {
			if value, known := other[name]; !known || !same(member, value) {
				return false
			}
		}
		return true
	}
	return false
}
