package app

import (
	"encoding/json"
	"maps"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// withMadeUpValues is the application with a value for each parameter of the
// design that has none: what they open exists in the sandbox only, and nothing of
// it is written anywhere. A value that somebody has set stays.
func (a *App) withMadeUpValues() (*App, error) {
	d, err := a.readDesign()
	if fault.Is(err, fault.NotFound) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	made := map[string]string{}
	for _, p := range d.Parameters {
		if p.Default != nil || p.Name == tenantParameter {
			continue
		}
		value := madeUp(p)
		text, ok := value.(string)
		if !ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				return nil, fault.Of(fault.Internal, "make a value up for", p.Name, err)
			}
			text = string(encoded)
		}
		made[design.ParameterVariable(p.Name)] = text
	}
	out := new(App)
	*out = *a
	out.setup.Getenv = func(name string) (string, bool) {
		if value, ok := a.setup.Getenv(name); ok && value != "" {
			return value, ok
		}
		value, ok := made[name]
		return value, ok
	}
	// What asks for a value asks this application: those that wire has built need none.
	out.Actions = out.actions()
	wired := maps.Clone(a.Facts)
	for _, own := range []string{probeFacts, lagFacts} {
		delete(wired, own)
	}
	out.Facts = out.facts(wired)
	return out, nil
}
