package name

import (
	"maps"
	"slices"
	"strings"
)

// Numbers and characters: "Set Blob Tags". Amazon S3 has the same numbers, and
// takes letters of all scripts and "@" as well ("Categorizing your objects
// using tags").
const (
	maxTags     = 10
	maxTagName  = 128
	maxTagValue = 256
)

// Tags returns the index tags of the blob and what of the source's cannot be
// there in its own form.
func (m *Mapper) Tags(source map[string]string) (map[string]string, []Loss, *Refusal) {
	if len(source) == 0 {
		return nil, nil, nil
	}
	out := make(map[string]string, len(source))
	var losses []Loss
	for _, name := range slices.Sorted(maps.Keys(source)) {
		target, value, broken := m.tag(name, source[name])
		switch {
		case m.policy.Account.Hierarchical:
			broken, target = TagUnsupported, ""
		case target != "" && len(out) == maxTags:
			broken, target = TagCount, ""
		}
		if broken != "" {
			loss := Loss{Rule: broken, What: "tag", Name: name, Target: target}
			if m.policy.Tags == Fail {
				return nil, nil, loss.refuse(ruleText(broken))
			}
			losses = append(losses, loss)
		}
		if target != "" {
			out[target] = value
		}
	}
	return out, losses, nil
}

// tag returns what a tag is called at the target, "" for not at all, and the
// rule that it breaks.
func (m *Mapper) tag(name, value string) (string, string, RuleID) {
	rename := m.policy.Tags == Rename
	var broken RuleID
	for _, text := range []string{name, value} {
		if strings.IndexFunc(text, func(r rune) bool { return !tagRune(r) }) >= 0 || rename && hasEscape(text, 'A') {
			broken = TagChars
		}
	}
	if broken != "" {
		if !rename {
			return "", "", broken
		}
		name, value = escapeTag(name), escapeTag(value)
	}
	if name == "" || len(name) > maxTagName || len(value) > maxTagValue {
		return "", "", TagLength
	}
	return name, value, broken
}

func tagRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" +-./:=_", r)
}

func escapeTag(s string) string {
	out := make([]byte, 0, len(s)+4*escapeLen)
	for i := 0; i < len(s); i++ {
		if !tagRune(rune(s[i])) || escapeAt(s, i, 'A', "_x") {
			out = appendEscaped(out, s[i:i+1], "_x", upperHex)
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// Tag is the renaming of tags' names and values backwards.
func Tag(target string) string { return unescape(target, "_x", 'A') }
