package catalog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// cells is one line of an embedded table. Reading a cell that is not what it
// should be is kept in err; an empty number is zero, which the tables use for
// "not known".
type cells struct {
	text []string
	err  error
}

func (c *cells) at(i int) string { return c.text[i] }

func (c *cells) int(i int) int { return int(c.float(i)) }

func (c *cells) float(i int) float64 {
	if c.text[i] == "" {
		return 0
	}
	value, err := strconv.ParseFloat(c.text[i], 64)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("cell %d: %w", i+1, err)
	}
	return value
}

func (c *cells) list(i int, separator string) []string {
	if c.text[i] == "" {
		return nil
	}
	return strings.Split(c.text[i], separator)
}

// eachLine calls visit with every line of a table that is no comment, its first cell
// apart.
func eachLine(text string, visit func(key, line string)) {
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if line == "" || line[0] == '#' {
			continue
		}
		key, _, _ := strings.Cut(line, "\t")
		visit(key, line)
	}
}

// readTable reads a whole table of the given width.
func readTable(name, text string, width int, row func(*cells)) error {
	var failed error
	eachLine(text, func(key, line string) {
		c := &cells{text: strings.Split(line, "\t")}
		if len(c.text) != width {
			c.err = fmt.Errorf("it has %d cells, want %d", len(c.text), width)
		} else {
			row(c)
		}
		if c.err != nil && failed == nil {
			failed = fmt.Errorf("read %s row %q: %w", name, key, c.err)
		}
	})
	return failed
}

func unzip(name string, data []byte) (string, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("open %s: %w", name, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return string(text), nil
}
