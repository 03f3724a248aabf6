package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Resource Manager's limits (template best practices page).
const (
	maxParameters = 256
	maxVariables  = 256
	maxOutputs    = 64
	maxResources  = 800
	maxLoop       = 800
)

var schemaForm = regexp.MustCompile(`(?i)/schemas/[0-9]{4}-[0-9]{2}-[0-9]{2}/(deploymentTemplate|subscriptionDeploymentTemplate)\.json#?$`)

// Place is where a template is deployed and what the scope functions answer.
type Place struct {
	// Scope is a resource group or a subscription.
	Scope armid.ID
	// The answers of deployment(), resourceGroup(), subscription(), tenant()
	// and environment(); nil where the scope has none.
	Deployment, Group, Subscription, Tenant, Environment map[string]any
	// Now is the time that utcNow answers.
	Now time.Time
}

// Template is a read template: its parameters are settled, its resources
// expanded. It is used by one goroutine at a time.
type Template struct {
	// Resources in the order of the template, loops unfolded, children after
	// their parents; those whose condition is false are marked.
	Resources []*Resource
	// Values are the parameters as a deployment answers them: type and value,
	// secure ones without a value.
	Values map[string]any

	place      Place
	parameters map[string]any
	secure     map[string]bool
	variables  map[string]any
	outputs    map[string]any
	functions  map[string]builtin
	known      map[string]any
	guids      int
}

// Read reads a template. parameters has the deployment's form: name -> {value}.
// Errors are *armerror.Error with the code InvalidTemplate or one of its kin.
func Read(source, parameters map[string]any, place Place) (*Template, error) {
	t := &Template{place: place, functions: functions(), known: map[string]any{}, parameters: map[string]any{}, secure: map[string]bool{}}
	if err := t.shape(source); err != nil {
		return nil, err
	}
	if err := t.settle(document.Object(source, "parameters"), parameters); err != nil {
		return nil, err
	}
	if err := t.expand(source["resources"]); err != nil {
		return nil, err
	}
	if err := t.connect(); err != nil {
		return nil, err
	}
	return t, nil
}

// ReadNested reads the template of a nested deployment whose expressions are
// evaluated in the scope of the template around it (the default scope, outer):
// it sees the parameters and variables of that one.
func ReadNested(source map[string]any, outer *Template, place Place) (*Template, error) {
	t := &Template{place: place, functions: outer.functions, known: map[string]any{}, parameters: outer.parameters, secure: outer.secure}
	if err := t.shape(source); err != nil {
		return nil, err
	}
	if len(document.Object(source, "parameters")) > 0 {
		return nil, invalid("a nested template that is evaluated in the outer scope cannot have parameters of its own")
	}
	t.variables = outer.variables
	if err := t.expand(source["resources"]); err != nil {
		return nil, err
	}
	return t, t.connect()
}

func invalid(format string, args ...any) error {
	return armerror.BadRequest("InvalidTemplate", "Deployment template validation failed: '%s'.", fmt.Sprintf(format, args...))
}

// invalidCause keeps the code of a cause that already has one.
func invalidCause(err error, format string, args ...any) error {
	if e, ok := errors.AsType[*armerror.Error](err); ok {
		return e
	}
	return invalid("%s: %s", fmt.Sprintf(format, args...), err)
}

// shape checks the top level and takes variables and outputs.
func (t *Template) shape(source map[string]any) error {
	known := []string{"$schema", "contentVersion", "apiProfile", "languageVersion", "metadata", "parameters", "variables", "functions", "resources", "outputs", "definitions", "imports", "extensions"}
	for _, key := range sortedKeys(source) {
		if !containsFold(known, key) {
			return invalid("could not find member '%s' on object of type 'Template'", key)
		}
	}
	schema, _ := source["$schema"].(string)
	if !schemaForm.MatchString(schema) {
		return invalid("the template $schema '%s' is not that of a deployment template for a resource group or a subscription", short(schema))
	}
	if _, ok := source["contentVersion"].(string); !ok {
		return invalid("the template has no contentVersion")
	}
	for _, key := range []string{"functions", "definitions", "imports", "extensions", "apiProfile"} {
		if v, found := document.Member(source, key); found && !isEmpty(v) {
			return invalid("the template section '%s' is not supported by the sandbox", key)
		}
	}
	if _, ok := source["resources"]; !ok {
		return invalid("the template has no resources")
	}
	t.variables, t.outputs = document.Object(source, "variables"), document.Object(source, "outputs")
	for _, limit := range []struct {
		what       string
		have, most int
	}{{"parameters", len(document.Object(source, "parameters")), maxParameters}, {"variables", len(t.variables), maxVariables}, {"outputs", len(t.outputs), maxOutputs}} {
		if limit.have > limit.most {
			return invalid("the template has %d %s, the limit is %d", limit.have, limit.what, limit.most)
		}
	}
	return nil
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

func (t *Template) frame() *frame { return &frame{t: t} }

// Outputs evaluates the outputs. Secure ones have a type and no value.
func (t *Template) Outputs(r Runtime) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range sortedKeys(t.outputs) {
		def, ok := t.outputs[name].(map[string]any)
		if !ok {
			return nil, invalid("the output '%s' is not an object", name)
		}
		f := t.frame().running(r)
		if condition, found := document.Member(def, "condition"); found {
			v, err := f.value(condition)
			if err != nil {
				return nil, invalidCause(err, "the condition of output '%s'", name)
			}
			if v == false {
				continue
			}
		}
		value, err := f.output(def)
		if errors.Is(err, ErrDeferred) {
			continue
		}
		if err != nil {
			return nil, invalidCause(err, "the output '%s'", name)
		}
		kind := document.Text(def, "type")
		if out[name], err = outputValue(name, kind, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f *frame) output(def map[string]any) (any, error) {
	copies, found := document.Member(def, "copy")
	if !found {
		return f.value(def["value"])
	}
	c, ok := copies.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("its copy is not an object")
	}
	return f.loopValues("", c, false)
}

func outputValue(name, kind string, value any) (any, error) {
	if isSecure(kind) {
		return map[string]any{"type": kind}, nil
	}
	if err := matchesType(kind, value); err != nil {
		return nil, invalid("the output '%s' is not valid: %s", name, err)
	}
	return map[string]any{"type": kind, "value": value}, nil
}
