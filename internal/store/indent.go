package store

import (
	"bufio"
	"io"
	"iter"
)

// indenter writes compact JSON with two spaces of indentation, byte for byte as
// encoding/json would, but piece by piece.
type indenter struct {
	b     *bufio.Writer // it keeps its first error for Flush
	depth int
}

func newIndenter(w io.Writer) *indenter { return &indenter{b: bufio.NewWriterSize(w, 1<<16)} }

func (w *indenter) line() {
	w.b.WriteByte('\n')
	for range w.depth {
		w.b.WriteString("  ")
	}
}

// open begins an object or list that is not empty.
func (w *indenter) open(c byte) {
	w.b.WriteByte(c)
	w.depth++
	w.line()
}

func (w *indenter) close(c byte) {
	w.depth--
	w.line()
	w.b.WriteByte(c)
}

func (w *indenter) comma() {
	w.b.WriteByte(',')
	w.line()
}

// list writes a list of at least one element.
func (w *indenter) list(elements iter.Seq2[[]byte, error]) error {
	w.open('[')
	first := true
	for element, err := range elements {
		if err != nil {
			return err
		}
		if !first {
			w.comma()
		}
		first = false
		w.value(element)
	}
	w.close(']')
	return nil
}

// value writes one compact value, or a part of one that ends outside of a
// string and not between the brackets of an empty object or list.
func (w *indenter) value(compact []byte) {
	for at := 0; at < len(compact); at++ {
		switch c := compact[at]; c {
		case '"':
			end := at + 1
			for ; compact[end] != '"'; end++ {
				if compact[end] == '\\' {
					end++
				}
			}
			w.b.Write(compact[at : end+1])
			at = end
		case '{', '[':
			if next := compact[at+1]; next == '}' || next == ']' {
				w.b.Write(compact[at : at+2])
				at++
				continue
			}
			w.open(c)
		case '}', ']':
			w.close(c)
		case ',':
			w.comma()
		case ':':
			w.b.WriteString(": ")
		default:
			w.b.WriteByte(c)
		}
	}
}
