package listing

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"

	"example.com/landfall/internal/move/objects/object"
)

// Shard is one part of the keys of a bucket: those that begin with Prefix, but
// with none of Except. The shards of one discovery hold every key that there is
// or may be exactly once.
type Shard struct {
	Prefix string `json:"prefix"`
	// Except are the prefixes of other shards below Prefix, in the order of bytes.
	Except []string `json:"except,omitempty"`
	// Folders says that Except end in the delimiter.
	Folders bool `json:"folders,omitempty"`
}

// ID names the shard in journals and file names: equal shards have equal ids.
func (s Shard) ID() string {
	h := sha256.New()
	_, _ = h.Write([]byte(s.Prefix))
	for _, e := range s.Except {
		_, _ = h.Write([]byte{0xff}) // no key has this byte: it is not UTF-8
		_, _ = h.Write([]byte(e))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Holds reports whether the key belongs to the shard.
func (s Shard) Holds(key string) bool {
	return strings.HasPrefix(key, s.Prefix) && !s.excepts(key)
}

func (s Shard) excepts(key string) bool {
	if len(s.Except) == 0 {
		return false
	}
	i := sort.SearchStrings(s.Except, key)
	if i < len(s.Except) && s.Except[i] == key {
		return true
	}
	return i > 0 && strings.HasPrefix(key, s.Except[i-1])
}

// above reports whether a prefix of other shards begins with p.
func (s Shard) above(p string) bool {
	i := sort.SearchStrings(s.Except, p)
	return i < len(s.Except) && strings.HasPrefix(s.Except[i], p)
}

// gaps are the ranges between the prefixes of other shards. They may touch a few
// keys of those, which Holds sorts out.
func (s Shard) gaps() []object.Range {
	all := make([]object.Range, 0, len(s.Except)+1)
	after := ""
	for _, e := range s.Except {
		all = append(all, object.Range{Prefix: s.Prefix, After: after, To: e})
		after = top(e)
	}
	return append(all, object.Range{Prefix: s.Prefix, After: after})
}

// maxKey is the longest key in bytes (Amazon S3 User Guide, "Naming Amazon S3
// objects").
const maxKey = 1024

// top is a string after nearly all that begin with the prefix, and before all
// others that come after it.
func top(prefix string) string {
	const last = "\U0010FFFF"
	if len(prefix)+len(last) > maxKey {
		return prefix
	}
	return prefix + last
}
