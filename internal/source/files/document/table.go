package document

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"example.com/landfall/internal/fault"
)

// recordBytes bounds one record of a table: a quote that is never closed makes
// one of the whole rest.
const recordBytes = 1 << 20

// Table reads a text of separated values, record by record. Not for concurrent
// use.
type Table struct {
	// Separator is what was found to separate the values: one of , ; tab |.
	Separator rune
	records   *csv.Reader
	budget    *budget
}

// Table returns a reader of the text, which the caller closes. The separator
// is told from the first line.
func (d *Document) Table(text io.Reader) (*Table, error) {
	b := &budget{r: text, left: recordBytes}
	head := bufio.NewReaderSize(b, 64<<10)
	line, err := firstLine(head)
	if err != nil {
		return nil, err
	}
	t := &Table{budget: b}
	// Excel writes the separator into a line of its own.
	if rest, found := strings.CutPrefix(strings.ToLower(line), "sep="); found && len(rest) == 1 {
		t.Separator = rune(rest[0])
		if _, err := head.ReadString('\n'); err != nil {
			return nil, err
		}
	} else {
		t.Separator = separator(line)
	}
	t.records = csv.NewReader(head)
	t.records.Comma = t.Separator
	t.records.FieldsPerRecord = -1 // the exports' rows differ in length
	t.records.LazyQuotes = true
	t.records.TrimLeadingSpace = true
	return t, nil
}

func firstLine(r *bufio.Reader) (string, error) {
	head, err := r.Peek(32 << 10)
	if len(head) == 0 {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return "", fault.Of(fault.Invalid, "read table", "", err)
	}
	line, _, _ := strings.Cut(string(head), "\n")
	return strings.TrimSpace(line), nil
}

func separator(line string) rune {
	best, most := ',', 0
	for _, s := range []rune{',', ';', '\t', '|'} {
		quoted, n := false, 0
		for _, c := range line {
			switch {
			case c == '"':
				quoted = !quoted
			case c == s && !quoted:
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}

// Next returns the next record that is not blank, and the number of its line.
// The end is io.EOF.
func (t *Table) Next() (record []string, line int, err error) {
	for {
		t.budget.left = recordBytes
		record, err = t.records.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = &Broken{Offset: t.records.InputOffset(), Err: err}
			}
			return nil, 0, err
		}
		line, _ = t.records.FieldPos(0)
		blank := true
		for i, value := range record {
			record[i] = strings.TrimSpace(strings.ToValidUTF8(value, "\uFFFD"))
			blank = blank && record[i] == ""
		}
		if !blank {
			return record, line, nil
		}
	}
}

type budget struct {
	r    io.Reader
	left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, tooLarge("one record", recordBytes)
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}
