package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scan refuses what is not text that the YAML parser can be trusted with, each
// with one clear line, and returns the text without its byte order mark. The
// parser's own messages for these cases name neither the cause nor, often, the
// line.
func scan(file string, data []byte) (string, Problems) {
	whole := func(format string, args ...any) (string, Problems) {
		return "", Problems{{File: file, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...)}}
	}
	switch {
	case len(data) > maxFileBytes:
		return whole("the file is larger than %d bytes", maxFileBytes)
	case wide(data):
		return whole("the file is UTF-16 or UTF-32; save it as UTF-8")
	}
	content := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	if at := strings.IndexFunc(content, forbidden); at >= 0 {
		line, column := position(content, at)
		return "", Problems{{File: file, Line: line, Column: column, Text: "the file is not text: " + name(content[at:])}}
	}
	problems := tabs(file, content)
	if len(problems) == 0 && !hasContent(content) {
		return whole("the file is empty; %q writes one to start from", "landfall init NAME")
	}
	return content, problems
}

// wide recognises UTF-16 and UTF-32 by their byte order marks and, without
// one, by a zero byte beside the first character.
func wide(data []byte) bool {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "\x00\x00\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return true
		}
	}
	if len(data) < 4 {
		return false
	}
	low := data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0
	high := data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0
	return low || high
}

// forbidden characters: those that YAML excludes, and the line separators of
// Unicode, which the parser counts as line breaks and editors do not.
func forbidden(r rune) bool {
	switch r {
	case '\t', '\n', '\r':
		return false
	case '\u2028', '\u2029', '\ufeff', utf8.RuneError:
		return true
	}
	return unicode.IsControl(r)
}

// name describes the first character of text.
func name(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 {
		return fmt.Sprintf("byte 0x%02x is not UTF-8", text[0])
	}
	return fmt.Sprintf("character %U is not allowed", r)
}

// position counts lines and characters from 1.
func position(text string, at int) (line, column int) {
	before := normal(text[:at])
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// normal gives every line the same ending; YAML knows three.
func normal(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// tabs finds each line that is indented with a tab. YAML allows spaces only,
// and the parser blames the character after the tab.
func tabs(file, text string) Problems {
	var problems Problems
	for i, line := range strings.Split(normal(text), "\n") {
		rest := strings.TrimLeft(line, " \t")
		indent := line[:len(line)-len(rest)]
		at := strings.IndexByte(indent, '\t')
		if at >= 0 && rest != "" && !strings.HasPrefix(rest, "#") {
			problems = append(problems, Problem{File: file, Line: i + 1, Column: at + 1,
				Text: "the line is indented with a tab; YAML wants spaces"})
		}
	}
	return problems
}

// hasContent reports whether there is anything but comments and document
// marks.
func hasContent(text string) bool {
	for line := range strings.SplitSeq(normal(text), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && line != "---" && line != "..." {
			return true
		}
	}
	return false
}
