package paper

import (
	"bytes"
	"fmt"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
)

// Files prints all documents of a design, in the order of their paths. The
// environments are those that it is deployed to.
func Files(d *design.Design, g *graph.Graph, environments ...design.Environment) []design.File {
	records := decisions(d)
	files := []design.File{
		{Path: "README.md", Content: index(d, records)},
		{Path: "cost.md", Content: cost(d)},
		{Path: "failure-modes.md", Content: failures(d, g)},
		{Path: "names.md", Content: names(d, environments)},
		{Path: "network-request.md", Content: network(d)},
		{Path: "proof-of-concept.md", Content: backlog(d)},
		{Path: "regions-and-quotas.md", Content: regions(d)},
		{Path: "security-parity.md", Content: parity(d)},
	}
	for _, r := range records {
		files = append(files, r.file)
	}
	return files
}

// sheet is a Markdown document under construction.
type sheet struct{ b bytes.Buffer }

func begin(title string) *sheet {
	s := &sheet{}
	s.line("<!-- Printed by landfall from design.json: change landfall.yaml and run it again. -->")
	s.line("# %s", title)
	return s
}

func (s *sheet) line(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

func (s *sheet) title(format string, args ...any) {
	s.line("")
	s.line("## "+format, args...)
	s.line("")
}

// table writes rows, the first of which is the heading.
func (s *sheet) table(rows [][]string) {
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = escape(cell)
		}
		s.line("| %s |", strings.Join(cells, " | "))
		if i == 0 {
			s.line("|%s", strings.Repeat(" --- |", len(row)))
		}
	}
}

func (s *sheet) bytes() []byte { return s.b.Bytes() }

// escape keeps a text of the source from becoming markup.
func escape(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;").Replace(text)
}

// counted prints a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func dollars(v *float64) string {
	if v == nil {
		return "not known"
	}
	return fmt.Sprintf("$%.2f", *v)
}
