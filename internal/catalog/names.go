package catalog

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
)

//go:embed names.tsv
var namesTSV string

// NameRule says which names a target kind takes.
type NameRule struct {
	// Prefix is the abbreviation of the kind ("vnet"), "" for kinds that carry
	// their name as it is.
	Prefix string
	// Min and Max are lengths in characters.
	Min, Max int
	// Allowed are the characters besides letters and digits: "-_.".
	Allowed string
	// Lower names take no capitals.
	Lower bool
	// Global names must be unique in the world.
	Global bool
	// Letter names begin with a letter.
	Letter bool
	// Tags is how many tags the kind takes, 0 for none.
	Tags int
}

func loadNames() (map[string]NameRule, error) {
	rules := map[string]NameRule{}
	for n, line := range strings.Split(namesTSV, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 7 {
			return nil, fmt.Errorf("names line %d has %d cells, want 7", n+1, len(cells))
		}
		var numbers [3]int
		for i, cell := range []string{cells[2], cells[3], cells[6]} {
			value, err := strconv.Atoi(cell)
			if err != nil {
				return nil, fmt.Errorf("names line %d: %w", n+1, err)
			}
			numbers[i] = value
		}
		flags := cells[5]
		rules[strings.ToLower(cells[0])] = NameRule{
			Prefix: strings.Trim(cells[1], "."), Min: numbers[0], Max: numbers[1], Tags: numbers[2],
			Allowed: strings.Trim(cells[4], " "), Lower: strings.Contains(flags, "l"), Global: strings.Contains(flags, "g"), Letter: strings.Contains(flags, "a"),
		}
	}
	return rules, nil
}

// NameRule returns the rule for the last part of a target kind's name; the
// common rule (1 to 80 letters, digits, ".", "_" and "-", 50 tags) for a kind
// that the catalogue does not know, with ok false.
func (c *Catalog) NameRule(kind cloud.Kind) (rule NameRule, ok bool) {
	rule, ok = c.names[strings.ToLower(string(kind))]
	if !ok {
		return NameRule{Min: 1, Max: 80, Allowed: "-_.", Tags: 50}, false
	}
	return rule, true
}
