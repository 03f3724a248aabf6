package store

import (
	"bufio"
	"io"
)

// indent writes compact JSON with two spaces of indentation and a final
// newline, byte for byte as encoding/json would, but piece by piece: a graph of
// a million edges must not stand in memory three times.
func indent(w io.Writer, compact []byte) error {
	b := bufio.NewWriterSize(w, 1<<16)
	depth := 0
	line := func() {
		b.WriteByte('\n') // the writer keeps its first error for Flush
		for range depth {
			b.WriteString("  ")
		}
	}
	for at := 0; at < len(compact); at++ {
		switch c := compact[at]; c {
		case '"':
			end := at + 1
			for ; compact[end] != '"'; end++ {
				if compact[end] == '\\' {
					end++
				}
			}
			b.Write(compact[at : end+1])
			at = end
		case '{', '[':
			b.WriteByte(c)
			if next := compact[at+1]; next == '}' || next == ']' {
				b.WriteByte(next)
				at++
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			b.WriteByte(c)
		case ',':
			b.WriteByte(c)
			line()
		case ':':
			b.WriteString(": ")
		default:
			b.WriteByte(c)
		}
	}
	return b.Flush()
}
