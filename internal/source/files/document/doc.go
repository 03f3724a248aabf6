// Package document opens one exported file as plain UTF-8 text, whatever it
// came as: gzip (once or several times over), UTF-8 with or without a byte
// order mark, UTF-16 of either order with or without one. It also holds the
// tools that read such text without trusting it: JSON piece by piece, YAML as
// a JSON tree.
//
// Files from users can be huge, truncated or hostile, so everything has a
// limit that is stated in the error: the size of the text, of a text that must
// be held as a whole, of one item of a stream, the depth of nesting, the layers
// of compression. Nothing here knows what a file means; the packages beside it
// do.
//
// Called by files and its format packages. Errors have the kind fault.Invalid
// when the content is at fault, and name the line where there is one.
package document
