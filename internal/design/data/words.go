package data

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

// mapping is a value as a mapping, empty when it is none.
func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func itoa(n int) string { return strconv.Itoa(n) }

// gibibytes writes mebibytes: "8 GiB", "1.5 GiB", at most two places.
func gibibytes(mib int) string {
	return strconv.FormatFloat(math.Round(float64(mib)/1024*100)/100, 'f', -1, 64) + " GiB"
}

// plain is a value as a text, "" for lists and mappings. Names of parameters
// hold dots, so that a path would miss them.
func plain(v any) string { return design.Text(map[string]any{"v": v}, "v") }

// spelled writes the values of a mapping as "Destination.StorageClass=GLACIER",
// in order, without those at some paths.
func spelled(m map[string]any, without ...string) []string {
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if inner, ok := v.(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(inner)) {
				walk(strings.TrimPrefix(path+"."+name, "."), inner[name])
			}
			return
		}
		if v != nil && !slices.Contains(without, path) {
			out = append(out, path+"="+common.Shown(v))
		}
	}
	walk("", m)
	return out
}
