package name

import "strings"

// Nesting finds objects that an account with a hierarchical namespace cannot
// hold next to each other: "a" and "a/b". Keys are given in the order of their
// bytes. It remembers the keys that begin the present one, 1,024 at most. The
// zero value is ready for use; it is not safe for concurrent use.
type Nesting struct {
	above []string
}

// Add takes the next key and returns the object that lies in the way of its
// folder, false for none. A key that lies in nobody's way is remembered.
func (n *Nesting) Add(key string) (string, bool) {
	// In the order of bytes all keys that begin with k follow k directly, so that
	// what does not begin this key begins no later one.
	for len(n.above) > 0 && !strings.HasPrefix(key, n.above[len(n.above)-1]) {
		n.above = n.above[:len(n.above)-1]
	}
	for _, object := range n.above {
		if len(key) > len(object) && key[len(object)] == '/' {
			return object, true
		}
	}
	// The marker of a folder is the folder, and versions repeat their key.
	known := len(n.above) > 0 && n.above[len(n.above)-1] == key
	if !known && !strings.HasSuffix(key, "/") {
		n.above = append(n.above, key)
	}
	return "", false
}

// Refusal is of a key that lies below an object, as Add found it.
func (m *Mapper) Refusal(key, object string) *Refusal {
	r := m.refuseKey(key, KeyBelow, 0)
	r.Detail += ": " + object
	return r
}
