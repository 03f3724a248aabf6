package dump

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// Entry is one object of a schema.
type Entry struct {
	// ID is pg_dump's number of the entry; Needs are the entries that have to be there
	// before it.
	ID    int
	Needs []int
	// Class and OID are the object's in the source's catalogue; 0 for what has none.
	Class, OID uint32
	// Kind is TABLE, FUNCTION, FK CONSTRAINT, ...; Schema is "" for what is in none.
	Kind, Schema, Name, Owner string
	// After says that it comes after the rows.
	After bool
	// Tablespace and Method are the defaults that it is made with; "" for the server's.
	Tablespace, Method string
	// Statements make it, without semicolons at their ends.
	Statements []string
}

// header is what pg_restore --verbose writes before each entry.
var (
	entryLine = regexp.MustCompile(`^-- TOC entry (\d+) \(class (\d+) OID (\d+)\)$`)
	nameLine  = regexp.MustCompile(`^-- (?:Data for )?Name: (.*); Type: ([A-Z][A-Z ]*); Schema: (.*); Owner: (.*)$`)
	stateSet  = regexp.MustCompile(`^SET default_(tablespace|table_access_method) = (.*)$`)
)

// script reads what pg_restore wrote, entry by entry.
type script struct {
	lexer
	after              bool
	tablespace, method string
	entries            []Entry
}

// parse cuts a script of pg_restore --verbose into entries.
func parse(text string, after bool) ([]Entry, error) {
	s := &script{lexer: lexer{text: text}, after: after}
	for {
		token, isStatement := s.next()
		if token == "" {
			return s.entries, nil
		}
		if isStatement {
			s.statement(token)
			continue
		}
		if err := s.comment(token); err != nil {
			return nil, err
		}
	}
}

func (s *script) statement(text string) {
	if m := stateSet.FindStringSubmatch(text); m != nil {
		if m[1] == "tablespace" {
			s.tablespace = unquote(m[2])
		} else {
			s.method = unquote(m[2])
		}
		return
	}
	if len(s.entries) == 0 {
		return // settings of the session, which are the executor's business
	}
	e := &s.entries[len(s.entries)-1]
	e.Statements = append(e.Statements, text)
}

// unquote reads what a SET statement has: an identifier, a quoted one, or a text.
func unquote(s string) string {
	switch {
	case len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"':
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	case len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'':
		return strings.ReplaceAll(s[1:len(s)-1], `''`, `'`)
	}
	return s
}

func (s *script) comment(line string) error {
	if m := entryLine.FindStringSubmatch(line); m != nil {
		var e Entry
		if _, err := fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &e.ID, &e.Class, &e.OID); err != nil {
			return fault.Of(fault.Unsupported, "read the list of pg_restore: entry", line, err)
		}
		e.After, e.Tablespace, e.Method = s.after, s.tablespace, s.method
		s.entries = append(s.entries, e)
		return nil
	}
	if len(s.entries) == 0 {
		return nil
	}
	e := &s.entries[len(s.entries)-1]
	if rest, ok := strings.CutPrefix(line, "-- Dependencies: "); ok && e.Kind == "" {
		for _, word := range strings.Fields(rest) {
			id, err := strconv.Atoi(word)
			if err != nil {
				return fault.Of(fault.Unsupported, "read the list of pg_restore: dependencies", line, err)
			}
			e.Needs = append(e.Needs, id)
		}
		return nil
	}
	if m := nameLine.FindStringSubmatch(line); m != nil && e.Kind == "" {
		e.Name, e.Kind, e.Schema = m[1], m[2], m[3]
		e.Owner, _, _ = strings.Cut(m[4], "; Tablespace: ")
		if e.Schema == "-" {
			e.Schema = ""
		}
	}
	return nil
}
