package objects

// Marked reports whether the metadata of a blob carries Landfall's mark: it was
// copied by Landfall, and nobody else has written it since.
func Marked(metadata map[string]string) bool { return isMark(markIn(metadata)) }
