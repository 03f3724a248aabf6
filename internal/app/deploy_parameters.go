package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/fault"
)

// parameterPrefix begins the environment variables that hold parameters.
const parameterPrefix = "LANDFALL_PARAMETER_"

// tenantParameter is the directory of the subscription, which landfall.yaml
// knows when target.tenant is an id.
const tenantParameter = "tenantId"

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// parameterVariable is the environment variable of a parameter:
// "adminPassword" is LANDFALL_PARAMETER_ADMINPASSWORD.
func parameterVariable(name string) string { return parameterPrefix + strings.ToUpper(name) }

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
		if text, ok := r.setup.Getenv(parameterVariable(p.Name)); ok && text != "" {
			value, err := typed(text, p.Type)
			if err != nil {
				return nil, fault.Newf(fault.Usage, "read variable %s: %v", parameterVariable(p.Name), err)
			}
			out[p.Name] = value
			continue
		}
		if v, ok := given[p.Name]; ok {
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
	for name := range given {
		if _, ok := out[name]; !ok && !declared(r, name) {
			return nil, fault.Newf(fault.Invalid, "read parameters: the design has no parameter %q", name)
		}
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		return nil, fault.Newf(fault.Usage, "deploy %q: %d parameters have no value: %s", r.o.Environment, len(missing), strings.Join(missing, ", ")).
			Hintf("set %s, or give a file with --parameters", parameterVariable(missing[0]))
	}
	return out, nil
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
