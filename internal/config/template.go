package config

import (
	_ "embed" // for the template
	"strings"

	"example.com/landfall/internal/fault"
)

// In the template, "# " begins an explanation and "#" directly before a word
// (or before an indented word) is a key that is commented out. The test takes
// those marks off and loads the result.
//
//go:embed template.yaml
var template string

// Template returns the landfall.yaml that "landfall init NAME" writes: every
// key, explained, those with a default commented out.
func Template(workload string) ([]byte, error) {
	if complaint := dnsLabel().complaint(workload); complaint != "" {
		return nil, fault.Newf(fault.Usage, "name workload: the name %s", complaint).
			Hintf("take a name such as %q", "bookshop")
	}
	return []byte(strings.ReplaceAll(template, "WORKLOAD", workload)), nil
}
