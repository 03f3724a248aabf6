package picture

import (
	"bufio"
	"encoding/json"
	"io"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
)

// Format is the form of a picture.
type Format string

// The formats.
const (
	SVG     Format = "svg"
	Mermaid Format = "mermaid"
	DOT     Format = "dot"
	JSON    Format = "json"
	HTML    Format = "html"
)

// Formats returns all formats.
func Formats() []Format { return []Format{SVG, Mermaid, DOT, JSON, HTML} }

// Options say what is drawn.
type Options struct {
	Format Format
	// Focus draws this node and its neighbours only, up to Depth edges away.
	Focus cloud.ResourceID
	Depth int
	// All draws every node of every tier in a box of its own, and what the rules
	// merely allow.
	All bool
	// Title stands above the picture; "" takes "dependencies".
	Title string
	// Most bounds the boxes of an embedded picture, 0 for no bound.
	Most int
}

// Draw writes the picture. Error kinds: fault.NotFound (no such focus),
// fault.Unsupported (a format that does not exist), or the writer's own.
func Draw(w io.Writer, g graph.Graph, o Options) error {
	s, err := choose(g, o)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	switch o.Format {
	case SVG:
		newDrawing(s, o.Title).write(b)
	case Mermaid:
		s.mermaid(b)
	case DOT:
		s.dot(b)
	case HTML:
		err = s.page(b, o)
	case JSON:
		encoder := json.NewEncoder(b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(s.plain())
	default:
		return fault.Newf(fault.Unsupported, "draw graph: there is no format %q", o.Format)
	}
	if err != nil {
		return fault.Wrap(err, "draw graph", string(o.Format))
	}
	return fault.Wrap(b.Flush(), "write picture", "")
}
