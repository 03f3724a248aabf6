package picture

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"

	"example.com/landfall/internal/graph"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Behaviour returns the script that makes an embedded picture answer to the mouse
// and the keyboard, and Look the style that goes with it.
func Behaviour() string { return pageJS }

// Look returns the style of what Behaviour adds.
func Look() string { return pageCSS }

// Policy returns the Content-Security-Policy of a page that loads nothing and
// allows its own script and style, and the style inside pictures, by their
// hashes: no text from the account can bring another.
func Policy(script, look string) string {
	return "default-src 'none'; base-uri 'none'; form-action 'none'; script-src " + hash(script) + "; style-src " + hash(look) + " " + hash(style)
}

// hash names a script or style by its content.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Embedded is a picture inside another page: the SVG, and the JSON that
// Behaviour reads. Nodes is how many boxes there are; above Options.Most the
// rest is empty.
type Embedded struct {
	SVG     template.HTML
	Details template.JS
	Nodes   int
}

// Embed draws a picture for a page that has Look and Behaviour.
func Embed(g graph.Graph, o Options) (Embedded, error) {
	s, err := choose(g, o)
	if err != nil {
		return Embedded{}, err
	}
	if o.Most > 0 && len(s.nodes) > o.Most {
		return Embedded{Nodes: len(s.nodes)}, nil
	}
	return s.embed(o)
}

func (s *scene) embed(o Options) (Embedded, error) {
	var svg bytes.Buffer
	b := bufio.NewWriter(&svg)
	newDrawing(s, o.Title).write(b)
	if err := b.Flush(); err != nil {
		return Embedded{}, err
	}
	raw, err := json.Marshal(s.plain()) // < and > are escaped in it, so that it cannot end a script element
	// Everything that is not ours in the SVG went through esc.
	return Embedded{SVG: template.HTML(svg.String()), Details: template.JS(raw), Nodes: len(s.nodes)}, err
}

// page writes the picture as a page of its own: nothing is loaded from
// anywhere.
func (s *scene) page(b *bufio.Writer, o Options) error {
	drawn, err := s.embed(o)
	if err != nil {
		return err
	}
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	title := o.Title
	if title == "" {
		title = "dependencies"
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Title": title, "SVG": drawn.SVG, "CSS": template.CSS(pageCSS), "JS": template.JS(pageJS), "Details": drawn.Details,
		"Policy": Policy(pageJS, pageCSS),
	})
	if err != nil {
		return err
	}
	_, err = b.WriteString(Clean(out.String()))
	return err
}
