package terraform

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// notYet stands for the id that a resource gets when it is made. It never
// leaves this file.
const notYet = "landfall-not-yet-known"

// identifying are the attributes by which types of the AWS provider are
// identified and which AWS itself makes up.
func identifying() []string {
	return []string{"id", "uuid", "key_id", "resource_id", "allocation_id", "association_id", "name", "identifier"}
}

// planned converts a resource that does not exist yet and has nothing that
// identifies it: with a made-up id, which is taken out again and whose place
// the address takes.
func (r *reader) planned(i *instance, at kinds.Place) ([]inventory.Resource, error) {
	values := make(map[string]any, len(i.values)+1)
	for name, value := range i.values {
		values[name] = value
	}
	for _, name := range identifying() {
		if values[name] == nil && slices.Contains(i.unknown, name) {
			values[name] = notYet
		}
	}
	resources, err := r.Kinds.FromTerraform(i.kind, at, inlined(i.kind, values))
	if err != nil {
		return nil, err
	}
	for n := range resources {
		one := &resources[n]
		if _, rest, found := strings.Cut(string(one.ID), notYet); found {
			one.ID = cloud.ResourceID(string(terraformID(i.address)) + rest)
		}
		if strings.Contains(one.Name, notYet) {
			one.Name = i.name
		}
		one.Aliases = slices.DeleteFunc(one.Aliases, func(alias string) bool { return strings.Contains(alias, notYet) })
		without(one.Properties)
		without(one.Attributes)
	}
	return resources, nil
}

// without takes the made-up id out of a tree.
func without(tree map[string]any) {
	for name, value := range tree {
		switch value := value.(type) {
		case string:
			if strings.Contains(value, notYet) {
				delete(tree, name)
			}
		case map[string]any:
			without(value)
		case []any:
			tree[name] = withoutList(value)
		}
	}
}

func withoutList(list []any) []any {
	return slices.DeleteFunc(list, func(member any) bool {
		switch member := member.(type) {
		case string:
			return strings.Contains(member, notYet)
		case map[string]any:
			without(member)
		}
		return false
	})
}
