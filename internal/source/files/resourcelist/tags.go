package resourcelist

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/source/files/document"
)

// jsonTags takes tags that stand in a cell as JSON; what is none is left out.
func jsonTags(cell string, into cloud.Tags) {
	tree, err := document.Parse(cell, document.Limits{})
	if err != nil {
		return
	}
	switch tree := tree.(type) {
	case map[string]any:
		for key, value := range tree {
			into[key] = plain(value)
		}
	case []any:
		for _, one := range tree {
			object, _ := one.(map[string]any)
			key, value := "", any(nil)
			for name, v := range object {
				switch strings.ToLower(name) {
				case "key":
					key = plain(v)
				case "value":
					value = v
				}
			}
			if key != "" {
				into[key] = plain(value)
			}
		}
	}
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}
