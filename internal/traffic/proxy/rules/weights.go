package rules

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/fault"
)

// WithWeights returns the text of a configuration with other weights for the
// split of a route, or of all routes that are split where route is "". What
// people wrote around them, comments too, stays.
func (r *Rules) WithWeights(route string, weights map[string]int) ([]byte, error) {
	d := yaml.NewDecoder(bytes.NewReader(r.Text))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		return nil, fault.Of(fault.Internal, "read proxy configuration again", "", err)
	}
	changed := 0
	for i, node := range child(doc.Content[0], "routes").Content {
		split := child(node, "split")
		if split == nil || route != "" && r.Config.Routes[i].Name != route {
			continue
		}
		changed++
		setWeights(child(split, "weights"), weights)
	}
	if changed == 0 {
		return nil, fault.Newf(fault.NotFound, "set weights: there is no route %q that is split", route)
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, fault.Of(fault.Internal, "write proxy configuration", "", err)
	}
	return out.Bytes(), nil
}

// child returns the value of a key of a mapping, nil when there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func setWeights(node *yaml.Node, weights map[string]int) {
	left := maps.Clone(weights)
	kept := node.Content[:0]
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if w, ok := left[key.Value]; ok {
			value.Value, value.Tag = strconv.Itoa(w), "!!int"
			kept = append(kept, key, value)
			delete(left, key.Value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		kept = append(kept, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(left[name])})
	}
	node.Content = kept
}

// Weights returns the weights of each route that is split.
func (c Config) Weights() map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, r := range c.Routes {
		if r.Split != nil {
			all[r.Name] = r.Split.Weights
		}
	}
	return all
}
