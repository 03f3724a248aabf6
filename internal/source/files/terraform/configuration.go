package terraform

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// module is a module of a plan's configuration.
type module struct {
	parent *module
	path   string // "module.a.module.b", "" for the root
	blocks map[string]*block
	calls  map[string]*call
	// outputs are the references of each output's expression.
	outputs map[string][]string
}

// block is a resource of the configuration.
type block struct {
	in          *module
	provider    string
	expressions map[string][]string
	dependsOn   []string
}

// call is what a module gets from the one that calls it.
type call struct {
	inner *module
	given map[string][]string
}

// target is what a reference leads to: a resource by its address, and which
// attribute of it.
type target struct{ address, attribute string }

// The JSON of a configuration ("configuration" in Terraform's JSON output
// format).
type configurationJSON struct {
	Providers map[string]struct {
		Name        string `json:"name"`
		Alias       string `json:"alias"`
		Expressions struct {
			Region struct {
				Constant any `json:"constant_value"`
			} `json:"region"`
		} `json:"expressions"`
	} `json:"provider_config"`
	Root moduleJSON `json:"root_module"`
}

type moduleJSON struct {
	Resources []struct {
		Address     string         `json:"address"`
		Provider    string         `json:"provider_config_key"`
		Expressions map[string]any `json:"expressions"`
		DependsOn   []string       `json:"depends_on"`
	} `json:"resources"`
	Calls map[string]struct {
		Expressions map[string]any `json:"expressions"`
		Module      moduleJSON     `json:"module"`
	} `json:"module_calls"`
	Outputs map[string]struct {
		Expression any `json:"expression"`
	} `json:"outputs"`
}

// readConfiguration reads the configuration. One that has another form than
// expected is left out: it only adds to what the changes say.
func (p *planReader) readConfiguration(j *document.JSON) error {
	var c configurationJSON
	if err := j.Value(&c); err != nil {
		if isBroken(err) {
			return err
		}
		p.Log.Debug("leave out the configuration of a plan", "file", p.Document.Name, "reason", err)
		return nil
	}
	p.configuration = newModule(nil, "", &c.Root)
	for _, key := range sortedKeys(c.Providers) {
		provider := c.Providers[key]
		if region, ok := provider.Expressions.Region.Constant.(string); ok && format.IsRegion(region) {
			name := provider.Name
			if provider.Alias != "" {
				name += "." + provider.Alias
			}
			p.places.configured[name] = cloud.Region(region)
		}
	}
	return nil
}

func newModule(parent *module, path string, from *moduleJSON) *module {
	m := &module{parent: parent, path: path, blocks: map[string]*block{}, calls: map[string]*call{}, outputs: map[string][]string{}}
	for _, r := range from.Resources {
		b := &block{in: m, provider: lastLeg(r.Provider), expressions: map[string][]string{}, dependsOn: r.DependsOn}
		for name, expression := range r.Expressions {
			b.expressions[name] = references(expression)
		}
		m.blocks[r.Address] = b
	}
	for name, c := range from.Calls {
		inner := &call{inner: newModule(m, m.prefix()+"module."+name, &c.Module), given: map[string][]string{}}
		for variable, expression := range c.Expressions {
			inner.given[variable] = references(expression)
		}
		m.calls[name] = inner
	}
	for name, o := range from.Outputs {
		m.outputs[name] = references(o.Expression)
	}
	return m
}

// lastLeg is a provider_config_key without its modules: "module.x:aws.west".
func lastLeg(key string) string {
	if i := strings.LastIndexByte(key, ':'); i >= 0 {
		return key[i+1:]
	}
	return key
}

// references collects all "references" of an expression, whose blocks nest.
func references(expression any) []string {
	var out []string
	switch e := expression.(type) {
	case map[string]any:
		for _, name := range sortedKeys(e) {
			if list, ok := e[name].([]any); ok && name == "references" {
				for _, text := range list {
					if s, ok := text.(string); ok {
						out = append(out, s)
					}
				}
				continue
			}
			out = append(out, references(e[name])...)
		}
	case []any:
		for _, member := range e {
			out = append(out, references(member)...)
		}
	}
	return out
}

func (m *module) prefix() string {
	if m.path == "" {
		return ""
	}
	return m.path + "."
}

// find returns the block of a resource by its address without indexes.
func (m *module) find(base string) *block {
	for {
		rest, inside := strings.CutPrefix(base, "module.")
		if !inside {
			return m.blocks[base]
		}
		name, after, _ := strings.Cut(rest, ".")
		c := m.calls[name]
		if c == nil {
			return nil
		}
		m, base = c.inner, after
	}
}

// targets follows references to the resources behind them, through variables
// to what the caller gives and through outputs to what a module hands out.
func (b *block) targets(refs []string) []target {
	return b.in.targets(refs, map[string]bool{})
}

// targets goes through each variable and output once: what it leads to is
// found then, and a circle ends.
func (m *module) targets(refs []string, seen map[string]bool) []target {
	var out []target
	known := map[string]bool{}
	for _, ref := range refs {
		legs := strings.Split(baseOf(ref), ".")
		var found []target
		switch {
		case len(legs) < 2:
			continue
		case legs[0] == "var":
			found = m.variable(legs[1], seen)
		case legs[0] == "module":
			found = m.output(legs[1:], seen)
		default:
			found = m.resource(legs)
		}
		for _, t := range found {
			// Terraform lists "aws_vpc.main.id" and then "aws_vpc.main".
			if !known[t.address] {
				known[t.address] = true
				out = append(out, t)
			}
		}
	}
	return out
}

func (m *module) resource(legs []string) []target {
	n := 2
	if legs[0] == "data" {
		n = 3
	}
	if len(legs) < n {
		return nil
	}
	name := strings.Join(legs[:n], ".")
	if m.blocks[name] == nil {
		return nil // each.value, local.x, path.module
	}
	t := target{address: m.prefix() + name}
	if len(legs) > n {
		t.attribute = legs[n]
	}
	return []target{t}
}

func (m *module) variable(name string, seen map[string]bool) []target {
	if m.parent == nil || seen[m.path+"|var|"+name] {
		return nil
	}
	seen[m.path+"|var|"+name] = true
	for _, c := range m.parent.calls {
		if c.inner == m {
			return m.parent.targets(c.given[name], seen)
		}
	}
	return nil
}

func (m *module) output(legs []string, seen map[string]bool) []target {
	c := m.calls[legs[0]]
	if c == nil || len(legs) < 2 || seen[c.inner.path+"|out|"+legs[1]] {
		return nil
	}
	seen[c.inner.path+"|out|"+legs[1]] = true
	return c.inner.targets(c.inner.outputs[legs[1]], seen)
}
