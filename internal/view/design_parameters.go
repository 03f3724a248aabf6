package view

import "fmt"

// Parameter is a value that a deployment wants to be given.
type Parameter struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	// Secure values are never written to a file.
	Secure  bool `json:"secure"`
	Default any  `json:"default,omitempty"`
	// Variable is the environment variable that a deployment takes it from.
	Variable string `json:"variable"`
	// Known says where it comes from when nobody has to give it.
	Known string `json:"known,omitempty"`
}

// how says where the value comes from.
func (v Parameter) how() string {
	switch {
	case v.Known != "":
		return "taken from " + v.Known
	case v.Default != nil:
		return fmt.Sprintf("%v, or %s", v.Default, v.Variable)
	}
	return v.Variable
}

// parameters lists what a deployment wants to be given.
func parameters(p *Paper, list []Parameter) {
	if len(list) == 0 {
		return
	}
	p.Title("values that a deployment wants: %d", len(list))
	for _, v := range list {
		secure := ""
		if v.Secure {
			secure = ", secret"
		}
		p.Line("  %s (%s%s): %s", v.Name, v.Type, secure, v.Description)
		p.Line("          %s", v.how())
	}
	p.Line("  or in a file of name: value pairs: landfall deploy --parameters FILE")
}
