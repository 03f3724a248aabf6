package terraform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
)

// visitor takes the instances of a file in their order. Its error ends the
// reading.
type visitor struct {
	instance func(*instance) error
	refused  func(place string, err error)
}

// Header is what a raw state says about itself.
type Header struct {
	Version int64
	Lineage string
	Serial  int64
}

// ReadHeader reads a raw state as far as it needs to.
func ReadHeader(d *document.Document) (Header, error) {
	var h Header
	err := open(d, func(j *document.JSON) error {
		_, err := j.Members(func(name string) error {
			switch name {
			case "version":
				return j.Value(&h.Version)
			case "lineage":
				return j.Value(&h.Lineage)
			case "serial":
				return j.Value(&h.Serial)
			}
			return j.Skip()
		})
		return err
	})
	return h, err
}

// open reads the JSON text of a document.
func open(d *document.Document, read func(*document.JSON) error) (err error) {
	text, err := d.Text()
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }() // it was only read
	return read(d.JSON(text))
}

func knownVersion(version int64) error {
	switch {
	case version < 3:
		return fault.Newf(fault.Unsupported, "read state: version %d is from before Terraform 0.7", version).
			Hintf("load it with Terraform 0.11, which writes version 3: terraform refresh")
	case version > 4:
		return fault.Newf(fault.Unsupported, "read state: version %d is newer than 4, the last one known", version).
			Hintf("give the output of: terraform show -json")
	}
	return nil
}

// resourceV4 is a resource of a state of version 4 (Terraform 0.12 and later,
// OpenTofu).
type resourceV4 struct {
	Module    string          `json:"module"`
	Mode      string          `json:"mode"`
	Type      string          `json:"type"`
	Name      string          `json:"name"`
	Provider  string          `json:"provider"`
	Instances []instanceState `json:"instances"`
}

type instanceState struct {
	IndexKey       any               `json:"index_key"`
	Status         string            `json:"status"`
	Deposed        string            `json:"deposed"`
	Attributes     map[string]any    `json:"attributes"`
	AttributesFlat map[string]string `json:"attributes_flat"`
	Sensitive      []json.RawMessage `json:"sensitive_attributes"`
	Dependencies   []string          `json:"dependencies"`
	DependsOn      []string          `json:"depends_on"`
}

func walkV4(j *document.JSON, v visitor) error {
	_, err := j.Items(func(i int) error {
		var r resourceV4
		place := "#/resources/" + strconv.Itoa(i)
		if err := j.Value(&r); err != nil {
			return refuse(v, place, err)
		}
		if r.Type == "" || r.Name == "" {
			v.refused(place, fault.Newf(fault.Invalid, "read resource: no type or no name"))
			return nil
		}
		for n := range r.Instances {
			if err := v.instance(r.instance(&r.Instances[n], place+"/instances/"+strconv.Itoa(n))); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// refuse lists a value that is not what it should be, and goes on behind it.
// What breaks the text itself goes to the caller.
func refuse(v visitor, place string, err error) error {
	if isBroken(err) {
		return err
	}
	v.refused(place, err)
	return nil
}

func (r *resourceV4) instance(s *instanceState, place string) *instance {
	base := r.Type + "." + r.Name
	if r.Mode == "data" {
		base = "data." + base
	}
	if r.Module != "" {
		base = r.Module + "." + base
	}
	values := s.Attributes
	if values == nil {
		values = expand(s.AttributesFlat)
	}
	document.Plain(values)
	for _, raw := range s.Sensitive {
		hide(values, sensitivePath(raw))
	}
	return &instance{
		address: indexed(base, document.Plain(s.IndexKey)), base: baseOf(base), module: r.Module, mode: r.Mode, kind: r.Type, name: r.Name,
		provider: providerName(r.Provider), values: values, needs: append(s.Dependencies, s.DependsOn...),
		tainted: s.Status == "tainted", deposed: s.Deposed, place: place,
	}
}

// stateV3 are the modules of a state of version 3 (Terraform 0.7 to 0.11).
type moduleV3 struct {
	Path      []string              `json:"path"`
	Resources map[string]resourceV3 `json:"resources"`
}

type resourceV3 struct {
	Type      string        `json:"type"`
	DependsOn []string      `json:"depends_on"`
	Primary   *instanceV3   `json:"primary"`
	Deposed   []*instanceV3 `json:"deposed"`
	Provider  string        `json:"provider"`
}

type instanceV3 struct {
	ID         string            `json:"id"`
	Attributes map[string]string `json:"attributes"`
	Tainted    bool              `json:"tainted"`
}

func walkV3(j *document.JSON, v visitor) error {
	_, err := j.Items(func(i int) error {
		var m moduleV3
		place := "#/modules/" + strconv.Itoa(i)
		if err := j.Value(&m); err != nil {
			return refuse(v, place, err)
		}
		for _, key := range sortedKeys(m.Resources) {
			r := m.Resources[key]
			for n, s := range append([]*instanceV3{r.Primary}, r.Deposed...) {
				if s == nil {
					continue
				}
				if err := v.instance(r.instance(&m, key, s, n, place)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return err
}

// instance converts what stands under a key such as "aws_instance.web.0" or
// "data.aws_ami.x". n is 0 for the primary instance, else the number of the
// deposed one.
func (r resourceV3) instance(m *moduleV3, key string, s *instanceV3, n int, place string) *instance {
	parts := strings.Split(key, ".")
	i := &instance{mode: "managed", kind: r.Type, provider: providerName(r.Provider), tainted: s.Tainted, place: place + "/resources/" + key}
	if parts[0] == "data" {
		i.mode, parts = "data", parts[1:]
	}
	if i.kind == "" {
		i.kind = parts[0]
	}
	var index any
	if last := parts[len(parts)-1]; len(parts) > 2 && isIndex(last) {
		number, _ := strconv.ParseInt(last, 10, 64) // isIndex has looked at it
		index, parts = number, parts[:len(parts)-1]
	}
	i.name = strings.Join(parts[min(1, len(parts)):], ".")
	i.module = modulePath(m.Path)
	prefix := i.module
	if prefix != "" {
		prefix += "."
	}
	base := i.kind + "." + i.name
	if i.mode == "data" {
		base = "data." + base
	}
	i.base, i.address = prefix+base, indexed(prefix+base, index)
	if n > 0 {
		i.deposed = fmt.Sprintf("%d", n)
	}
	for _, need := range r.DependsOn {
		i.needs = append(i.needs, prefix+need)
	}
	i.values = expand(s.Attributes)
	if _, ok := i.values["id"]; !ok && s.ID != "" {
		i.values["id"] = s.ID
	}
	return i
}

func isIndex(text string) bool {
	_, err := strconv.ParseUint(text, 10, 31)
	return err == nil
}

// modulePath is the address of a module whose path begins with "root".
func modulePath(path []string) string {
	if len(path) > 0 && path[0] == "root" {
		path = path[1:]
	}
	var out []string
	for _, name := range path {
		out = append(out, "module."+name)
	}
	return strings.Join(out, ".")
}

// expand undoes the flat form of attributes that Terraform had before 0.12:
// "tags.%" is the size of a map, "ingress.#" that of a list or set, whose
// members have numbers or hashes.
func expand(flat map[string]string) map[string]any {
	out := map[string]any{}
	groups := map[string]map[string]string{}
	for _, key := range sortedKeys(flat) {
		head, rest, nested := strings.Cut(key, ".")
		if !nested {
			out[head] = flat[key]
			continue
		}
		if groups[head] == nil {
			groups[head] = map[string]string{}
		}
		groups[head][rest] = flat[key]
	}
	for head, members := range groups {
		out[head] = group(members)
	}
	return out
}

func group(members map[string]string) any {
	_, list := members["#"]
	delete(members, "#")
	delete(members, "%")
	if !list {
		// A map's keys may hold dots ("kubernetes.io/name"): they are no nesting.
		out := map[string]any{}
		for key, value := range members {
			out[key] = value
		}
		return out
	}
	plain, nested := map[string]string{}, map[string]map[string]string{}
	for key, value := range members {
		index, rest, deeper := strings.Cut(key, ".")
		if !deeper {
			plain[index] = value
			continue
		}
		if nested[index] == nil {
			nested[index] = map[string]string{}
		}
		nested[index][rest] = value
	}
	out := []any{}
	for _, index := range inOrder(append(sortedKeys(plain), sortedKeys(nested)...)) {
		if value, ok := plain[index]; ok {
			out = append(out, value)
			continue
		}
		out = append(out, expand(nested[index]))
	}
	return out
}

// inOrder sorts the indexes of a list as numbers.
func inOrder(indexes []string) []string {
	slices.SortFunc(indexes, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(indexes)
}
