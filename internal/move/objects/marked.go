package objects

import "example.com/landfall/internal/move/objects/object"

// MarkedFrom reports whether a listed blob carries the mark of a copy out of the
// bucket of a source such as "s3://bucket/prefix": Landfall has copied it from
// there, and nobody else has written it since.
func MarkedFrom(b *object.Blob, source string) bool { return markedFrom(markOf(b), originOf(source)) }
