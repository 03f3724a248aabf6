package app

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// checkOverrides refuses overrides that cannot be what was meant, each with its
// line in landfall.yaml.
func (a *App) checkOverrides(w *store.Workspace, in design.Input) error {
	faults, err := design.CheckOverrides(in)
	if err != nil || len(faults) == 0 {
		return err
	}
	file := filepath.Join(w.Root(), config.FileName)
	content, err := os.ReadFile(file)
	if err != nil {
		content = nil // the settings came from elsewhere: the problem has no line then
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		document = yaml.Node{}
	}
	var problems config.Problems
	for _, f := range faults {
		p := config.Problem{File: file, Text: fmt.Sprintf("design.overrides[%d].%s: %s", f.Index, f.Field, f.Text)}
		if n := nodeAt(&document, "design", "overrides", f.Index, f.Field); n != nil {
			p.Line, p.Column = n.Line, n.Column
		}
		problems = append(problems, p)
	}
	return problems
}

// nodeAt follows names and places in lists through a document; nil when one is
// not there.
func nodeAt(n *yaml.Node, path ...any) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		var next *yaml.Node
		switch step := step.(type) {
		case int:
			if n.Kind == yaml.SequenceNode && step < len(n.Content) {
				next = n.Content[step]
			}
		case string:
			for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					next = n.Content[i+1]
				}
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// parametersOf lists what a deployment of the design wants to be given.
func (a *App) parametersOf(d *design.Design) []view.Parameter {
	out := []view.Parameter{}
	for _, p := range d.Parameters {
		one := view.Parameter{Name: p.Name, Type: p.Type, Description: p.Description, Secure: p.Secure, Default: p.Default, Variable: design.ParameterVariable(p.Name)}
		if p.Name == tenantParameter && uuidForm.MatchString(a.Config.Target.Tenant) {
			one.Known = "target.tenant in landfall.yaml"
		}
		out = append(out, one)
	}
	return out
}
