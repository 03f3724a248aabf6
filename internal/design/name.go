package design

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
)

// Name returns a name that the target kind takes and that nothing else of the
// kind under the parent has: the kind's abbreviation and the base, and for
// names that must be unique in the world the suffix of the place. The same
// base gives the same name in the same order of asking.
func (c *Context) Name(kind cloud.Kind, parent cloud.ResourceID, base string) string {
	rule, _ := c.Catalog.NameRule(kind)
	separator := ""
	if strings.Contains(rule.Allowed, "-") {
		separator = "-"
	}
	head := shape(base, rule.Allowed, rule.Lower)
	if head == "" {
		head = "unnamed"
	}
	if rule.Prefix != "" && !strings.HasPrefix(head, rule.Prefix+separator) {
		head = rule.Prefix + separator + head
	}
	if rule.Letter && (head == "" || !unicode.IsLetter(rune(head[0]))) {
		head = "a" + head
	}
	tail := ""
	if rule.Global {
		tail = separator + c.Place.Suffix
	}
	for n := 1; ; n++ {
		end := tail
		if n > 1 {
			end = separator + strconv.Itoa(n) + tail
		}
		name := strings.TrimRight(cut(head, rule.Max-len(end)), "-_.") + end
		if len(name) < rule.Min {
			name += strings.Repeat("0", rule.Min-len(name))
		}
		// Azure compares names without regard to capitals.
		taken := strings.ToLower(string(kind) + "|" + string(parent) + "|" + name)
		if !c.names[taken] {
			c.names[taken] = true
			return name
		}
	}
}

// shape keeps letters, digits and the allowed characters, and puts one
// separator for each run of others. What is not ASCII is dropped: no kind
// takes it.
func shape(base, allowed string, lower bool) string {
	var out strings.Builder
	gap := false
	for _, r := range base {
		ascii := r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
		if !ascii && !strings.ContainsRune(allowed, r) {
			gap = true
			continue
		}
		if gap && out.Len() > 0 && strings.Contains(allowed, "-") {
			out.WriteByte('-')
		}
		gap = false
		if lower {
			r = unicode.ToLower(r)
		}
		out.WriteRune(r)
	}
	return strings.Trim(out.String(), "-_.")
}

// cut shortens a name and keeps two long names apart by a hash of what it
// drops.
func cut(name string, most int) string {
	if len(name) <= most {
		return name
	}
	sum := hash(name, 4)
	if most <= len(sum) {
		return name[:max(most, 0)]
	}
	return name[:most-len(sum)] + sum
}

// hash gives n characters of lower-case letters and digits.
func hash(text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:n]
}
