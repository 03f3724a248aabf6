package designtest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
)

// Forms that a sentence takes when a word of it was missing, or a number was
// one.
var (
	emptyBrackets = regexp.MustCompile(`\( | \)|(^| )\(\)`)
	noValue       = regexp.MustCompile(`<nil>|%!|map\[|(^|[ =])null([ ,;.)]|$)`)
	ofOne         = regexp.MustCompile(`(?:^|[^A-Za-z0-9.,:-])1 (?:(?:inline|managed|custom|access|app|origin|target|user|private|security|application|network) )?([A-Za-z]{2,}s)\b`)
	missing       = regexp.MustCompile(`  |^ | $| [,;]|, ?,|: ?$|(^| )(of|with|by|the|and) ?$`)
)

// verbs are what may follow a number and looks like a plural.
func verbs() []string {
	return []string{"is", "has", "was", "as", "becomes", "stays", "means", "exists", "stands"}
}

// clumsy says what is wrong with a sentence, "" when it is well.
func clumsy(text string) string {
	switch {
	case emptyBrackets.MatchString(text):
		return "brackets that say nothing, or begin with a blank"
	case noValue.MatchString(text):
		return "a value that is none"
	case missing.MatchString(text) && !strings.ContainsAny(text, "{[\""):
		// What is quoted of a property has blanks of its own.
		return "a word is missing"
	}
	for _, m := range ofOne.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(verbs(), m[1]) {
			return "a plural of one"
		}
	}
	return ""
}

// Prose reports sentences of designs in which a word is missing, or a number
// does not fit its noun.
func Prose(t testing.TB, designs ...*design.Design) {
	t.Helper()
	for _, d := range designs {
		for about, texts := range sentences(d) {
			for _, text := range texts {
				if what := clumsy(text); what != "" {
					t.Errorf("%s: %s: %q", about, what, text)
				}
			}
		}
	}
}

// sentences are the texts that a design says of its own accord.
func sentences(d *design.Design) map[string][]string {
	out := map[string][]string{}
	for _, one := range d.Decisions {
		texts := append([]string{one.Why}, one.ToDo...)
		for _, a := range one.Alternatives {
			texts = append(texts, a.WhyNot)
		}
		for _, g := range one.Gaps {
			texts = append(texts, g.At)
		}
		out[string(one.Kind)+" "+string(one.Source)] = texts
	}
	for _, f := range d.Findings {
		out["finding "+f.ID] = []string{f.Text, f.Do}
	}
	for _, p := range d.Parameters {
		out["parameter "+p.Name] = []string{p.Description}
	}
	for i := range d.Resources {
		if text := design.Text(d.Resources[i].Body, "properties.description"); text != "" {
			out[string(d.Resources[i].ID)] = []string{text}
		}
	}
	return out
}
