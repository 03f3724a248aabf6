package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Result is what a verb found out or did. Its JSON encoding is the stable,
// documented form.
type Result interface {
	// Text writes the result for a person.
	Text(p *Paper)
}

// JSON writes the result as indented JSON with a final newline.
func JSON(w io.Writer, r any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Paper is where text results are written. It remembers the first write
// error, so that callers check once.
type Paper struct {
	w     io.Writer
	color bool
	err   error
}

// NewPaper returns a paper on w; color allows ANSI colours.
func NewPaper(w io.Writer, color bool) *Paper { return &Paper{w: w, color: color} }

// Err returns the first error that writing met.
func (p *Paper) Err() error { return p.err }

// Line writes one formatted line.
func (p *Paper) Line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// Title writes a heading with an empty line before it.
func (p *Paper) Title(format string, args ...any) {
	p.Line("")
	p.Line("%s", p.paint("1", fmt.Sprintf(format, args...)))
}

// Mark is the verdict on one line of a result.
type Mark string

// The marks. Unknown is a mark of its own: nothing may print it as good.
const (
	Good    Mark = "ok"
	Warn    Mark = "warn"
	Bad     Mark = "fail"
	Unknown Mark = "unknown"
	Info    Mark = "info"
)

// Mark returns the mark as a word of fixed width, coloured where allowed. It
// is a word and not a symbol so that it survives logs and screen readers.
func (p *Paper) Mark(m Mark) string {
	word := fmt.Sprintf("%-7s", string(m))
	switch m {
	case Good:
		return p.paint("32", word)
	case Warn:
		return p.paint("33", word)
	case Bad:
		return p.paint("31", word)
	case Unknown:
		return p.paint("35", word)
	}
	return word
}

// Table writes rows in columns, as wide as their widest cell; the first row
// is the heading. Numbers are aligned right by the caller.
func (p *Paper) Table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
			}
		}
		line := b.String()
		if n == 0 {
			line = p.paint("2", line)
		}
		p.Line("%s", line)
	}
}

func (p *Paper) paint(code, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
