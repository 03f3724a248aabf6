package rules_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/paper"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/testkit/bookshop"
)

// Forms that no document has: a value that is none, brackets that say nothing,
// a plural of one, a word that is missing, a GUID where people look for a name.
func unfit() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"a value that is none": regexp.MustCompile(`<nil>|&lt;nil&gt;|%!|map\[|(^|[ =|])null([ ,;.)|]|$)|\bundefined\b`),
		"empty brackets":       regexp.MustCompile(`\( ?\)|""|'' |` + "``"),
		"a plural of one":      regexp.MustCompile(`(?:^|[^0-9.,:/-])1 (?:network |security |target |person )*(?:resources|routes|rules|groups|decisions|endpoints|differences|identities|days|instances|servers|queues|tables|keys|alarms|subnets|findings|entries|zones|accounts|hours|months|regions|rights|roles|records|topics|machines|weeks|minutes|seconds)\b`),
		"a missing word":       regexp.MustCompile(`[^ |]  +[^ ]| [,;](?: |$)|, ,| (?:of|with|the)[ .]*(?:\||$)`),
		"an unknown something": regexp.MustCompile(`\ban unknown (?:family|kind|type)\b`),
		"an assignment's GUID": regexp.MustCompile("`Microsoft.Authorization/role[A-Za-z]+` (?:[^ ]*/)?[0-9a-f]{8}-[0-9a-f]{4}-"),
	}
}

// TestDocumentsReadWell reads every document of every architecture and of the
// bookshop as a person does.
func TestDocumentsReadWell(t *testing.T) {
	t.Parallel()
	designs := map[string]*design.Design{"bookshop": designed(t, bookshop.Template(t), graph.Observed{})}
	for _, path := range architectures(t) {
		designs[filepath.Base(path)] = designtest.Make(t, rules.All(), architecture(t, path)...)
	}
	forms := unfit()
	for name, d := range designs {
		for _, f := range paper.Files(d, &graph.Graph{}, design.Environment{Name: "test"}, design.Environment{Name: "production"}) {
			for line := range strings.Lines(string(f.Content)) {
				line = strings.TrimLeft(strings.TrimRight(line, "\n"), " ")
				for what, form := range forms {
					if found := form.FindString(line); found != "" {
						t.Errorf("%s: %s: %s %q: %.300s", name, f.Path, what, found, line)
					}
				}
			}
		}
	}
}
