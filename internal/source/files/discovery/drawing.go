package discovery

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// drawing is what a diagram holds: cells with their labels.
type drawing struct {
	cells []cell
	edges [][2]string
}

type cell struct {
	id string
	// texts are its label and all its other attributes.
	texts []string
	kind  string
}

func readDrawing(ctx context.Context, q format.Request, out *format.Output) error {
	content, err := q.Document.Whole()
	if err != nil {
		return err
	}
	content = bytes.TrimSpace(content)
	if content[0] != '<' {
		if content, err = fromAddress(content, q.Document.Limits()); err != nil {
			return err
		}
	}
	var d drawing
	if err := d.read(ctx, content, q.Document.Limits(), 0); err != nil {
		return err
	}
	return d.emit(q, out)
}

// fromAddress takes the diagram out of the address with which Workload
// Discovery opens draw.io: it follows "#R", percent-encoded.
func fromAddress(address []byte, limits document.Limits) ([]byte, error) {
	_, packed, ok := strings.Cut(strings.Trim(string(address), "\" \n"), "#R")
	if !ok {
		return nil, fault.Newf(fault.Invalid, "read diagram: neither XML nor an address with a diagram")
	}
	plain, err := url.PathUnescape(packed)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read the address of a diagram", "", err)
	}
	return inflate(plain, limits)
}

// inflate unpacks a diagram: base64 of a raw deflate stream of the XML, which
// draw.io itself percent-encodes first and Workload Discovery does not.
func inflate(text string, limits document.Limits) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fault.Of(fault.Invalid, "decode diagram", "", err)
	}
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), limits.WholeBytes+1))
	if err != nil {
		return nil, fault.Of(fault.Invalid, "unpack diagram", "", err)
	}
	if int64(len(content)) > limits.WholeBytes {
		return nil, fault.Newf(fault.Invalid, "unpack diagram: it is larger than the limit of %d bytes", limits.WholeBytes)
	}
	if bytes.HasPrefix(content, []byte("%3C")) {
		plain, err := url.PathUnescape(string(content))
		if err != nil {
			return nil, fault.Of(fault.Invalid, "unpack diagram", "", err)
		}
		content = []byte(plain)
	}
	return content, nil
}

// read takes the cells out of XML. depth is 1 within an unpacked diagram,
// which holds no further packed one.
func (d *drawing) read(ctx context.Context, content []byte, limits document.Limits, depth int) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // the text is UTF-8 by now
	inDiagram := false
	for nested := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &document.Broken{Offset: decoder.InputOffset(), Err: fault.Of(fault.Invalid, "read diagram", "", err)}
		}
		switch token := token.(type) {
		case xml.StartElement:
			if nested++; nested > limits.Depth {
				return fault.Newf(fault.Invalid, "read diagram: elements nest deeper than the limit of %d", limits.Depth)
			}
			inDiagram = token.Name.Local == "diagram"
			d.element(token)
		case xml.EndElement:
			nested--
		case xml.CharData:
			packed := strings.TrimSpace(string(token))
			if !inDiagram || packed == "" || depth > 0 {
				continue
			}
			inner, err := inflate(packed, limits)
			if err != nil {
				return err
			}
			if err := d.read(ctx, inner, limits, depth+1); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// element takes one element. Workload Discovery writes <object id label
// TYPE="title">, people and draw.io itself also <UserObject> and plain cells
// with a value.
func (d *drawing) element(e xml.StartElement) {
	values := map[string]string{}
	for _, a := range e.Attr {
		values[a.Name.Local] = a.Value
	}
	if values["edge"] == "1" || values["source"] != "" && values["target"] != "" {
		d.edges = append(d.edges, [2]string{values["source"], values["target"]})
		return
	}
	c := cell{id: values["id"]}
	switch e.Name.Local {
	case "object", "UserObject":
		for _, a := range e.Attr {
			if a.Name.Local != "id" {
				c.texts = append(c.texts, a.Value)
			}
			if a.Name.Local != "id" && a.Name.Local != "label" {
				c.kind = format.First(c.kind, a.Name.Local)
			}
		}
	case "mxCell":
		if values["value"] == "" || values["id"] == "" {
			return // the drawing's own frame, or the inside of an object
		}
		c.texts = []string{values["value"]}
	default:
		return
	}
	d.cells = append(d.cells, c)
}

// frames are the types of nodes that only draw a border around others.
func frame(kind string) bool {
	switch strings.ToLower(kind) {
	case "account", "region", "availabilityzone", "type":
		return true
	}
	return false
}

func (d *drawing) emit(q format.Request, out *format.Output) error {
	g := newGraph(q, out)
	var at format.Votes
	for _, c := range d.cells {
		for _, text := range append(c.texts, c.id) {
			if format.IsAccount(text) {
				at.Account(text)
			}
			if format.IsRegion(text) {
				at.Region(text)
			}
			at.ARN(text)
		}
	}
	place := at.Winner()
	place.Account, place.Region = format.First(place.Account, q.Account), format.First(place.Region, q.Region)
	for _, c := range d.cells {
		if frame(c.kind) || len(c.texts) == 0 {
			continue
		}
		r, ok := c.bare(place).Resource(q.Kinds)
		if !ok {
			out.Refused("#"+format.Cut(c.id), fault.Newf(fault.Invalid, "read node %q: it names neither an ARN nor an id", format.Cut(c.texts[0])))
			continue
		}
		g.resources[r.ID], g.places[r.ID], g.ids[c.id] = &r, "#"+format.Cut(c.id), r.ID
	}
	g.edges = d.edges
	if len(d.cells) == 0 {
		return fault.Newf(fault.Invalid, "read diagram: there are no nodes in it")
	}
	return g.emit()
}

// bare is what a cell says: an ARN, or a physical id whose beginning tells its
// kind.
func (c cell) bare(at kinds.Place) format.Bare {
	b := format.Bare{Place: at, Name: strings.TrimSpace(c.texts[0])}
	for _, text := range append([]string{c.id}, c.texts...) {
		if text = strings.TrimSpace(text); strings.HasPrefix(text, "arn:") && b.ARN == "" {
			b.ARN = text
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" <>|()\n&;", r) }) {
			if kind := kindOfID(word); kind != "" && b.ID == "" {
				b.ID, b.Kind = word, string(kind)
			}
		}
	}
	if b.ARN != "" {
		b.ID, b.Kind = "", ""
	}
	return b
}

// kindOfID tells the kind of a thing of EC2 by its id: eight or 17 hexadecimal
// digits behind its type ("Resource IDs", EC2 User Guide). "" if it is no such
// id.
func kindOfID(id string) cloud.Kind {
	_, hex, ok := strings.Cut(id, "-")
	if !ok || (len(hex) != 8 && len(hex) != 17) || strings.Trim(hex, "0123456789abcdef") != "" {
		return ""
	}
	return kinds.OfID(id)
}
