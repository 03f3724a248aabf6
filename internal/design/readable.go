package design

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// placeholder is what a template's reader leaves of a value that only a
// deployment tells (package cloudformation): "${ref:<id>#<attribute>}",
// "${param:<name>}", "${Fn::<Name>:<JSON>}" and their like. Those inside of another
// come first.
var placeholder = regexp.MustCompile(`\$\{(ref|param|ssm|import|undefined|az|Fn::[A-Za-z0-9]+):([^{}#]*)(?:#([^{}]*))?\}`)

// Readable gives a text for people: where a placeholder stands it has the name
// of what it means, "Queue.Arn" for "${ref:cloudformation:shop/Queue#Arn}".
func Readable(text string) string {
	for strings.Contains(text, "${") {
		plain := placeholder.ReplaceAllStringFunc(text, func(found string) string {
			parts := placeholder.FindStringSubmatch(found)
			return meaning(parts[1], parts[2], parts[3])
		})
		if plain == text {
			break
		}
		text = plain
	}
	return text
}

func meaning(form, name, attribute string) string {
	function, isFunction := strings.CutPrefix(form, "Fn::")
	switch n, err := strconv.Atoi(attribute); {
	case isFunction:
		return function + " of " + strings.NewReplacer(`"`, "", "[", "", "]", "", ",", ", ").Replace(name)
	case form == "az" && err == nil:
		return strconv.Itoa(n+1) + " of " + name
	case form == "ref":
		name = name[strings.LastIndexAny(name, "/:")+1:]
	}
	if attribute != "" {
		name += "." + attribute
	}
	return name
}

// readable puts the texts of a decision into words for people, each on one
// line.
func (d *Decision) readable() {
	d.Why = sentence(d.Why)
	for i := range d.ToDo {
		d.ToDo[i] = sentence(d.ToDo[i])
	}
	for i := range d.Gaps {
		d.Gaps[i].At = sentence(d.Gaps[i].At)
	}
}

// sentence is a readable text on one line: names and values of the source may
// hold line ends and the escapes of terminals, which would tear a table of
// decisions apart.
func sentence(text string) string {
	text = Readable(text)
	if !strings.ContainsFunc(text, unicode.IsControl) {
		return text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}
