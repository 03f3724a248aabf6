package records

import (
	"cmp"
	"fmt"
	"slices"
)

// maxExamples bounds how many broken lines of a file are named; all are counted.
const maxExamples = 5

// Problem is what could not be read: a file, or a line of it.
type Problem struct {
	File string `json:"file"`
	// Line is the number of the line, or of the record in a file without lines;
	// 0 for the file.
	Line   int64  `json:"line,omitempty"`
	Reason string `json:"reason"`
}

// Place is the file, with the line where there is one: "x.log:17".
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Result is what came of one file.
type Result struct {
	Name string
	// Fingerprint of the file as stored: "sha256:<hex>"; empty when it could not
	// be read to its end.
	Fingerprint string
	// Bytes were read as stored; Lines and Entries as the parser counted them.
	Bytes, Lines, Entries int64
	// Broken counts the lines that could not be understood; Examples are the first.
	Broken   int64
	Examples []Problem
	// Truncated says why the end of the file is missing; what came before counted.
	Truncated string
	// Same names the file whose copy this one is; it was not counted again.
	Same string
	// Skipped says why a file that is known is of no use here ("digest file").
	Skipped string
	// Err is why nothing of the file could be used.
	Err error
}

// Bad counts a line that could not be understood.
func (r *Result) Bad(line int64, why error) {
	r.Broken++
	if len(r.Examples) < maxExamples {
		r.Examples = append(r.Examples, Problem{File: r.Name, Line: line, Reason: reason(why)})
	}
}

// Report is what came of all files, in the order of their names.
type Report struct{ Files []Result }

// Inputs are the fingerprints of what was read, by name.
func (r Report) Inputs() map[string]string {
	m := map[string]string{}
	for _, f := range r.Files {
		if f.Fingerprint != "" {
			m[f.Name] = f.Fingerprint
		}
	}
	return m
}

// Problems lists everything that was not read, file by file: broken lines are
// named up to a number and then counted.
func (r Report) Problems() []Problem {
	var list []Problem
	for _, f := range r.Files {
		if f.Err != nil {
			list = append(list, Problem{File: f.Name, Reason: reason(f.Err)})
		}
		if f.Truncated != "" {
			list = append(list, Problem{File: f.Name, Reason: f.Truncated + "; what came before was read"})
		}
		list = append(list, f.Examples...)
		if more := f.Broken - int64(len(f.Examples)); more > 0 {
			list = append(list, Problem{File: f.Name, Reason: fmt.Sprintf("and %d more broken lines of %d", more, f.Lines)})
		}
	}
	return list
}

// Entries counts the entries of all files.
func (r Report) Entries() int64 {
	var n int64
	for _, f := range r.Files {
		n += f.Entries
	}
	return n
}

func (r *Report) sort() {
	slices.SortFunc(r.Files, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
}
