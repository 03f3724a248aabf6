package objects

import "example.com/landfall/internal/move/objects/object"

// Marked reports whether a listed blob carries Landfall's mark: it was copied by
// Landfall, and nobody else has written it since.
func Marked(b *object.Blob) bool { return isMark(markOf(b)) }
