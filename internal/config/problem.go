package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

// maxProblems bounds the report: a file of another kind would give a line for
// each of its lines.
const maxProblems = 100

// Problem is one thing that is wrong in the file, the environment or a flag.
type Problem struct {
	// File, Line and Column are set for the file; Line and Column count from 1.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Variable is the environment variable, Flag the flag (without dashes).
	Variable string `json:"variable,omitempty"`
	Flag     string `json:"flag,omitempty"`
	// Text says what is wrong, in one line.
	Text string `json:"text"`
}

// Where names the place: "landfall.yaml:4:3", "env LANDFALL_SANDBOX_SEED",
// "flag --sandbox-seed".
func (p Problem) Where() string {
	switch {
	case p.Variable != "":
		return "env " + p.Variable
	case p.Flag != "":
		return "flag --" + p.Flag
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is place and text, in one line.
func (p Problem) Error() string { return p.Where() + ": " + p.Text }

// Unwrap gives the kind: a wrong flag is a wrong command line, everything else
// is a broken document.
func (p Problem) Unwrap() error {
	if p.Flag != "" {
		return &fault.Error{Op: p.Text, Kind: fault.Usage}
	}
	return &fault.Error{Op: p.Text, Kind: fault.Invalid}
}

// Problems is every problem, those of the file first, in its order. Its text
// has one line for each.
type Problems []Problem

// Error is the texts, one a line.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for i, p := range ps {
		if i == maxProblems {
			lines = append(lines, fmt.Sprintf("and %d more problems", len(ps)-i))
			break
		}
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single problems.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

func (ps Problems) sort() {
	rank := func(p Problem) int {
		switch {
		case p.Variable != "":
			return 1
		case p.Flag != "":
			return 2
		}
		return 0
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Variable, b.Variable),
			cmp.Compare(a.Flag, b.Flag),
		)
	})
}

// reason takes the path out of an error of package os: the caller names it.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
