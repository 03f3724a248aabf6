package terraform

import (
	"strconv"

	"example.com/landfall/internal/source/files/document"
)

// resourceShown is a resource in the output of "terraform show -json".
type resourceShown struct {
	Address   string         `json:"address"`
	Mode      string         `json:"mode"`
	Type      string         `json:"type"`
	Name      string         `json:"name"`
	Provider  string         `json:"provider_name"`
	Values    map[string]any `json:"values"`
	Sensitive any            `json:"sensitive_values"`
	DependsOn []string       `json:"depends_on"`
	Tainted   bool           `json:"tainted"`
	Deposed   string         `json:"deposed_key"`
}

// walkValues visits the instances of {"root_module": {...}}, which a shown
// state has under "values" and a plan under "prior_state".
func walkValues(j *document.JSON, v visitor, place string) error {
	_, err := j.Members(func(name string) error {
		if name == "root_module" {
			return walkModule(j, v, "", place+"/root_module")
		}
		return j.Skip()
	})
	return err
}

func walkModule(j *document.JSON, v visitor, module, place string) error {
	_, err := j.Members(func(name string) error {
		switch name {
		case "address":
			return j.Value(&module)
		case "resources":
			return walkShown(j, v, place+"/resources")
		case "child_modules":
			_, err := j.Items(func(i int) error {
				return walkModule(j, v, module, place+"/child_modules/"+strconv.Itoa(i))
			})
			return err
		}
		return j.Skip()
	})
	return err
}

func walkShown(j *document.JSON, v visitor, place string) error {
	_, err := j.Items(func(i int) error {
		var r resourceShown
		at := place + "/" + strconv.Itoa(i)
		if err := j.Value(&r); err != nil {
			return refuse(v, at, err)
		}
		return v.instance(r.instance(at))
	})
	return err
}

func (r *resourceShown) instance(place string) *instance {
	document.Plain(r.Values)
	hideMarked(r.Values, r.Sensitive)
	base := baseOf(r.Address)
	return &instance{
		address: r.Address, base: base, module: moduleOf(r.Address), mode: r.Mode, kind: r.Type, name: r.Name,
		provider: providerName(r.Provider), values: r.Values, needs: r.DependsOn, tainted: r.Tainted, deposed: r.Deposed, place: place,
	}
}
