package files

import (
	"strings"

	"example.com/landfall/internal/fault"
)

// Format is a format of exported files.
type Format string

// The formats.
const (
	// Auto takes the format from the content of each file.
	Auto              Format = "auto"
	CloudFormation    Format = "cloudformation"
	TerraformState    Format = "terraform-state"
	TerraformPlan     Format = "terraform-plan"
	ConfigSnapshot    Format = "config-snapshot"
	WorkloadDiscovery Format = "workload-discovery"
	Describe          Format = "describe"
	ResourceList      Format = "resource-list"
)

// Formats returns all formats in the order in which they are explained.
func Formats() []Format {
	return []Format{Auto, CloudFormation, TerraformState, TerraformPlan, ConfigSnapshot, WorkloadDiscovery, Describe, ResourceList}
}

// Input is where exported files are.
type Input struct {
	Format Format
	// Path is a file, a folder, or a pattern: "*" and "?" within a name, "**"
	// for any folders, "{a,b}", "[0-9]". A file of exactly that name comes
	// before the pattern.
	Path string
}

// ParseInput reads FORMAT=PATH, the value of --from.
func ParseInput(text string) (Input, error) {
	name, path, found := strings.Cut(text, "=")
	var known []string
	for _, f := range Formats() {
		known = append(known, string(f))
		if string(f) == name && found && path != "" {
			return Input{Format: f, Path: path}, nil
		}
	}
	switch {
	case !found:
		return Input{}, fault.Newf(fault.Usage, "read --from %q: a format and a path are needed", text).Hintf("--from auto=%s", text)
	case path == "" && name != "":
		return Input{}, fault.Newf(fault.Usage, "read --from %q: the path is missing", text).Hintf("--from %s=PATH", name)
	}
	return Input{}, fault.Newf(fault.Usage, "read --from %q: there is no format %q", text, name).Hintf("the formats are %s", strings.Join(known, ", "))
}
