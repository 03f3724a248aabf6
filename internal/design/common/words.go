package common

import (
	"regexp"
	"strconv"
	"strings"
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

// placeholder is what a template's reader leaves of a value that only a
// deployment tells (package cloudformation): "${ref:<id>#<attribute>}",
// "${param:<name>}" and their like. Those inside of another come first.
var placeholder = regexp.MustCompile(`\$\{(ref|param|ssm|import|undefined|az):([^{}#]*)(?:#([^{}]*))?\}`)

// Readable gives a text for people: where a placeholder stands it has the name
// of what it means, "Queue.Arn" for "${ref:cloudformation:shop/Queue#Arn}".
func Readable(text string) string {
	for strings.Contains(text, "${") {
		plain := placeholder.ReplaceAllStringFunc(text, func(found string) string {
			parts := placeholder.FindStringSubmatch(found)
			name := parts[2]
			if parts[1] == "ref" {
				name = name[strings.LastIndexAny(name, "/:")+1:]
			}
			if parts[3] != "" {
				name += "." + parts[3]
			}
			return name
		})
		if plain == text {
			break
		}
		text = plain
	}
	return text
}
