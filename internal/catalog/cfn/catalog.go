package cfn

import (
	"encoding/json"
	"strings"
	"sync"

	"example.com/landfall/internal/cloud"
)

// Catalog is all kinds. It is safe for concurrent use.
type Catalog struct {
	unpacked func() index
	decoded  sync.Map // folded kind -> *Schema
}

// index finds a kind's line in the unpacked text.
type index struct {
	kinds []cloud.Kind
	lines map[string][]byte
}

// Load returns the catalog. The embedded file is unpacked when the first kind
// is asked for, a kind is decoded when it is asked for.
func Load() *Catalog {
	return &Catalog{unpacked: sync.OnceValue(func() index { return indexed(unpack(packed)) })}
}

func indexed(text []byte) index {
	found := index{lines: map[string][]byte{}}
	for line := range strings.Lines(string(text)) {
		// Each line begins {"n":"<kind>",
		name, _, _ := strings.Cut(strings.TrimPrefix(line, `{"n":"`), `"`)
		found.kinds = append(found.kinds, cloud.Kind(name))
		found.lines[strings.ToLower(name)] = []byte(line)
	}
	return found
}

// Kinds returns all kinds in order.
func (c *Catalog) Kinds() []cloud.Kind {
	kinds := c.unpacked().kinds
	return append(make([]cloud.Kind, 0, len(kinds)), kinds...)
}

// Kind returns the schema of a kind. The case of letters makes no difference.
// The schema is shared: do not change it.
func (c *Catalog) Kind(name cloud.Kind) (*Schema, bool) {
	if s, ok := c.decoded.Load(name); ok {
		return s.(*Schema), true
	}
	line, ok := c.unpacked().lines[strings.ToLower(string(name))]
	if !ok {
		return nil, false
	}
	var p packedSchema
	if json.Unmarshal(line, &p) != nil {
		return nil, false
	}
	s, _ := c.decoded.LoadOrStore(cloud.Kind(p.Name), p.schema())
	if cloud.Kind(p.Name) != name {
		c.decoded.Store(name, s)
	}
	return s.(*Schema), true
}
