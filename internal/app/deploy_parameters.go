package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// tenantParameter is the directory of the subscription, which landfall.yaml
// knows when target.tenant is an id.
const tenantParameter = "tenantId"

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// parameterValues collects what the design's parameters need: environment
// variables before files before defaults. Nothing of it is written or logged.
func (r *deploying) parameterValues() (map[string]any, error) {
	given := map[string]any{}
	for _, name := range r.o.Parameters {
		if err := r.readParameters(name, given); err != nil {
			return nil, err
		}
	}
	out := map[string]any{}
	var missing []string
	for _, p := range r.design.Parameters {
		if text, ok := r.setup.Getenv(design.ParameterVariable(p.Name)); ok && text != "" {
			value, err := typed(text, p.Type)
			if err != nil {
				return nil, fault.Newf(fault.Usage, "read variable %s: %v", design.ParameterVariable(p.Name), err)
			}
			out[p.Name] = value
			continue
		}
		if v, ok := given[p.Name]; ok && v != nil {
			out[p.Name] = v
			continue
		}
		if tenant := r.Config.Target.Tenant; p.Name == tenantParameter && uuidForm.MatchString(tenant) {
			out[p.Name] = tenant
			continue
		}
		if p.Default == nil {
			missing = append(missing, p.Name)
		}
	}
	var unknown []string
	for name := range given {
		if !declared(r, name) {
			unknown = append(unknown, strconv.Quote(name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, fault.Newf(fault.Invalid, "read parameters: the design has no parameter %s", strings.Join(unknown, ", ")).
			Hintf("design.json lists them under parameters")
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		var set []string
		for _, name := range missing {
			set = append(set, design.ParameterVariable(name))
		}
		return nil, fault.Newf(fault.Usage, "deploy %q: %s no value: %s", r.o.Environment, several(len(missing), "parameter has", "parameters have"), strings.Join(missing, ", ")).
			Hintf("set the variables %s, or write a line %q for each into a file and add --parameters FILE", strings.Join(set, ", "), missing[0]+": VALUE")
	}
	return out, nil
}

// several is a number with the words for one or for more.
func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

func declared(r *deploying, name string) bool {
	for _, p := range r.design.Parameters {
		if p.Name == name {
			return true
		}
	}
	return false
}

// readParameters reads a file of name: value pairs, or an ARM parameter file.
func (r *deploying) readParameters(name string, into map[string]any) error {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.setup.Dir, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fault.Wrap(err, "read parameters", name)
	}
	var document map[string]any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return fault.Of(fault.Invalid, "read parameters", name, err)
	}
	if inner, ok := document["parameters"].(map[string]any); ok {
		document = map[string]any{}
		for k, v := range inner {
			if m, ok := v.(map[string]any); ok {
				v = m["value"]
			}
			document[k] = v
		}
	}
	for k, v := range document {
		into[k] = v
	}
	return nil
}

func typed(text, form string) (any, error) {
	if form == "" || form == "string" {
		return text, nil
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("it is no value of type %s", form)
	}
	return value, nil
}
