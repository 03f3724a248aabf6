package name

import (
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxMetadata is of all names and values together ("Setting and retrieving
	// properties and metadata for Blob service resources").
	maxMetadata = 8 << 10
	// folderMark turns a blob into a folder where the namespace is hierarchical.
	folderMark = "hdi_isfolder"
	// emptyName is what a name without letters is renamed to; it is no escape.
	emptyName = "_x"
)

// Metadata returns the metadata of the blob, with the mark where one is given,
// and what of the source's cannot be there in its own form. The source's map is
// not changed.
func (m *Mapper) Metadata(source map[string]string, mark string) (map[string]string, []Loss, *Refusal) {
	if len(source) == 0 {
		if mark == "" {
			return nil, nil, nil
		}
		return map[string]string{Mark: mark}, nil, nil
	}
	out := make(map[string]string, len(source)+1)
	var losses []Loss
	// Sorted, so that which of two equal names comes first is no accident.
	for _, name := range slices.Sorted(maps.Keys(source)) {
		lost, refused := m.addMetadata(out, name, source[name])
		if refused != nil {
			return nil, nil, refused
		}
		losses = append(losses, lost...)
	}
	size := len(Mark) + len(mark)
	for _, name := range slices.Sorted(maps.Keys(out)) {
		size += len(name) + len(out[name])
		if size <= maxMetadata {
			continue
		}
		loss := Loss{Rule: MetadataSize, What: "metadata", Name: name}
		if m.policy.Metadata == Fail {
			return nil, nil, loss.refuse("all names and values have more than 8 KiB")
		}
		losses = append(losses, loss)
		size -= len(name) + len(out[name])
		delete(out, name)
	}
	if mark != "" {
		out[Mark] = mark
	}
	return out, losses, nil
}

func (m *Mapper) addMetadata(out map[string]string, name, value string) ([]Loss, *Refusal) {
	var losses []Loss
	lower := strings.ToLower(name)
	target := lower
	broken := metadataFlaw(lower)
	if broken == "" && m.policy.Metadata == Rename && (hasEscape(lower, 'a') || lower == emptyName) {
		broken = MetadataName
	}
	if broken != "" {
		loss := Loss{Rule: broken, What: "metadata", Name: name}
		switch m.policy.Metadata {
		case Fail:
			return nil, loss.refuse(ruleText(broken))
		case Rename:
			target = escapeMetadata(lower)
			loss.Target = target
		}
		losses = append(losses, loss)
		if m.policy.Metadata == Exclude {
			return losses, nil
		}
	}
	if !printable(value) {
		loss := Loss{Rule: MetadataValue, What: "metadata", Name: name}
		switch m.policy.Metadata {
		case Fail:
			return nil, loss.refuse(ruleText(MetadataValue))
		case Exclude:
			return append(losses, loss), nil
		}
		value, loss.Target = mime.BEncoding.Encode("UTF-8", value), target
		losses = append(losses, loss)
	}
	if earlier, twice := out[target]; twice {
		loss := Loss{Rule: MetadataDuplicate, What: "metadata", Name: name}
		switch m.policy.Metadata {
		case Fail:
			return nil, loss.refuse(ruleText(MetadataDuplicate))
		case Exclude:
			return append(losses, loss), nil
		}
		loss.Target, value = target, earlier+","+value
		losses = append(losses, loss)
	}
	out[target] = value
	return losses, nil
}

func metadataFlaw(lower string) RuleID {
	if lower == Mark || lower == folderMark {
		return MetadataReserved
	}
	for i := 0; i < len(lower); i++ {
		if !identifier(lower[i], i == 0) {
			return MetadataName
		}
	}
	if lower == "" {
		return MetadataName
	}
	return ""
}

func identifier(c byte, first bool) bool {
	return c >= 'a' && c <= 'z' || c == '_' || c >= '0' && c <= '9' && !first
}

// hasEscape reports whether a "_x" escape with these hexadecimal letters stands
// in a metadata name or a tag.
func hasEscape(s string, letter byte) bool {
	for i := range len(s) {
		if escapeAt(s, i, letter, "_x") {
			return true
		}
	}
	return false
}

// escapeMetadata is injective over lower-case names: MetadataKey gives the name
// again.
func escapeMetadata(lower string) string {
	if lower == "" {
		return emptyName
	}
	out := make([]byte, 0, len(lower)+4*escapeLen)
	reserved := lower == Mark || lower == folderMark || lower == emptyName
	for i := 0; i < len(lower); i++ {
		if !identifier(lower[i], i == 0) || i == 0 && reserved || escapeAt(lower, i, 'a', "_x") {
			out = appendEscaped(out, lower[i:i+1], "_x", "0123456789abcdef")
			continue
		}
		out = append(out, lower[i])
	}
	return string(out)
}

// MetadataKey is the renaming of metadata names backwards.
func MetadataKey(target string) string {
	if target == emptyName {
		return ""
	}
	return unescape(target, "_x", 'a')
}

// printable reports whether a text can be a header's value as it is. A blank at
// either end would be lost on the way.
func printable(value string) bool {
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' || value[i] > '~' {
			return false
		}
	}
	return value == "" || value[0] != ' ' && value[len(value)-1] != ' '
}

// Hidden lists metadata that S3 holds and cannot answer, as object.Head counts
// them: nobody knows their names.
func (m *Mapper) Hidden(count int) ([]Loss, *Refusal) {
	if count == 0 {
		return nil, nil
	}
	loss := Loss{Rule: MetadataHidden, What: "metadata", Name: strconv.Itoa(count) + " without a name"}
	if m.policy.Metadata == Fail {
		return nil, loss.refuse(ruleText(MetadataHidden))
	}
	return []Loss{loss}, nil
}
