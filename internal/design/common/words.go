package common

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
)

// Count says how many there are of a thing: "1 rule", "2 rules". A noun that
// ends in "y" after a consonant, or in a hiss, takes the plural that it has.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + plural(noun)
}

func plural(noun string) string {
	switch head, ends := strings.CutSuffix(noun, "y"); {
	case ends && head != "" && !strings.ContainsAny(head[len(head)-1:], "aeiou"):
		return head + "ies"
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "sh"):
		return noun + "es"
	}
	return noun + "s"
}

// Words joins texts by blanks and leaves out those that say nothing.
func Words(texts ...string) string {
	return strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
}

// Readable gives a text for people: where a placeholder of a template's reader
// stands it has the name of what it means.
func Readable(text string) string { return design.Readable(text) }
