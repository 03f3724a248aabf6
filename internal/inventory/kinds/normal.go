package kinds

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/inventory"
)

// typed puts a value into the form of its type in the schema. rest is what the
// type has no place for. Nothing of a value is nil.
//
// Absent values (null, empty texts and empty lists) are left out: an API, AWS
// Config and a template each write another of them for what is not set.
func typed(t *cfn.Type, v any, depth int) (value, rest any) {
	if v == nil || v == "" || depth > maxDepth {
		return nil, nil
	}
	switch t.Form {
	case cfn.Object:
		return typedObject(t, v, depth)
	case cfn.List:
		return typedList(t, v, depth)
	case cfn.Map:
		return typedMap(t, v, depth)
	case cfn.Text:
		return typedText(t, v)
	case cfn.Integer, cfn.Number:
		return typedNumber(t, v)
	case cfn.Boolean:
		return typedBoolean(v)
	}
	return typedAny(t, v, depth), nil
}

// respell gives the members of objects the schema's spelling, in place, and
// leaves all else as it is. Rules then find them under one name.
func respell(t *cfn.Type, v any, depth int) {
	if t == nil || depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		item := t
		if t.Form == cfn.List {
			item = t.Item
		}
		for _, member := range v {
			respell(item, member, depth+1)
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			field, ok := t.Field(name)
			if !ok {
				continue
			}
			member := v[name]
			if _, taken := v[field.Name]; field.Name != name && !taken {
				delete(v, name)
				v[field.Name] = member
			}
			respell(field.Type, member, depth+1)
		}
	}
}

func typedObject(t *cfn.Type, v any, depth int) (value, rest any) {
	if list, ok := v.([]any); ok && len(list) == 1 {
		// Terraform writes a single block as a list of one.
		v = list[0]
	}
	if text, ok := v.(string); ok {
		decoded, ok := inventory.Document(text)
		if !ok {
			return v, nil // a reference, or what only the service understands
		}
		v = decoded
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, tidy(v)
	}
	out, left := map[string]any{}, map[string]any{}
	for _, name := range sortedKeys(m) {
		field, ok := t.Field(name)
		if !ok {
			if member := tidy(m[name]); member != nil {
				left[exported(name)] = member
			}
			continue
		}
		member, more := typed(field.Type, m[name], depth+1)
		if _, twice := out[field.Name]; member != nil && !twice {
			out[field.Name] = member
		}
		if more != nil {
			left[field.Name] = more
		}
	}
	if len(left) > 0 {
		rest = left
	}
	if len(out) == 0 && len(m) > 0 {
		return nil, rest
	}
	return out, rest
}

func typedList(t *cfn.Type, v any, depth int) (value, rest any) {
	if text, isText := v.(string); isText && t.Item.Form != cfn.Text && strings.HasPrefix(text, "[") {
		if decoded, ok := inventory.Document(text); ok {
			v = decoded
		}
	}
	members, ok := v.([]any)
	if m, isMap := v.(map[string]any); isMap {
		members, ok = wrapped(t.Item, m)
		if !ok {
			members, ok = nameValues(t.Item, m)
		}
	}
	if !ok {
		members = []any{v}
	}
	out := make([]any, 0, len(members))
	var left []any
	for _, member := range members {
		if object, isMap := member.(map[string]any); isMap && t.Item.Form == cfn.Text {
			if id, ok := soleText(object); ok {
				member = id
			}
		}
		value, more := typed(t.Item, member, depth+1)
		if value != nil {
			out = append(out, value)
		}
		if more != nil {
			left = append(left, more)
		}
	}
	if len(left) > 0 {
		rest = left
	}
	if len(out) == 0 {
		return nil, rest
	}
	if t.Unordered {
		out = inventory.SortValues(out)
	}
	return out, rest
}

// wrapped takes the list out of an object: CloudFront's API writes
// {"Quantity": 1, "Items": [...]}.
func wrapped(item *cfn.Type, m map[string]any) ([]any, bool) {
	if _, ok := item.Field("Items"); ok {
		return nil, false
	}
	key, ok := (leg{"Items", "items", 0}).key(m)
	_, counted := (leg{"Quantity", "quantity", 0}).key(m)
	if !counted || len(m) > 2 {
		return nil, false
	}
	if !ok {
		return nil, true
	}
	items, ok := m[key].([]any)
	return items, ok || m[key] == nil
}

// nameValues makes a list of names and values of an object where the schema wants
// one, as with tags.
func nameValues(item *cfn.Type, m map[string]any) ([]any, bool) {
	_, hasKey := item.Field("Key")
	_, hasValue := item.Field("Value")
	if _, already := (leg{"Key", "key", 0}).key(m); already || !hasKey || !hasValue {
		return nil, false
	}
	var out []any
	for _, name := range sortedKeys(m) {
		if _, scalar := scalarText(m[name]); !scalar {
			return nil, false
		}
		out = append(out, map[string]any{"Key": name, "Value": m[name]})
	}
	return out, true
}

// soleText is the text of an object that holds nothing else.
func soleText(m map[string]any) (string, bool) {
	if len(m) != 1 {
		return "", false
	}
	for _, v := range m {
		s, ok := v.(string)
		return s, ok
	}
	return "", false
}

func typedMap(t *cfn.Type, v any, depth int) (value, rest any) {
	if text, ok := v.(string); ok {
		decoded, ok := inventory.Document(text)
		if !ok {
			return v, nil
		}
		v = decoded
	}
	if list, ok := v.([]any); ok {
		v = paired(list)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, tidy(v)
	}
	out := make(map[string]any, len(m))
	for name, member := range m {
		if member == "" {
			out[name] = "" // a variable that is set to nothing is set
			continue
		}
		if value, _ := typed(t.Item, member, depth+1); value != nil {
			out[name] = value
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// paired makes an object of a list of names and values, nil of another list.
func paired(list []any) any {
	out := map[string]any{}
	for _, member := range list {
		m, _ := member.(map[string]any)
		name, value, ok := pair(m)
		if !ok {
			if len(list) == 1 {
				return member
			}
			return nil
		}
		out[name] = m[value]
	}
	return out
}

// pair tells the name and the key of the value of an object that is a name
// with a value: {"Key": ..., "Value": ...}, {"ParameterName": ...,
// "ParameterValue": ...}.
func pair(m map[string]any) (name, valueKey string, ok bool) {
	for key, v := range m {
		folded := cfn.Fold(key)
		stem, ends := strings.CutSuffix(folded, "value")
		if !ends {
			continue
		}
		for _, want := range []string{"key", "name"} {
			nameKey, found := (leg{folded: stem + want}).key(m)
			text, isText := m[nameKey].(string)
			if _, scalar := scalarText(v); found && isText && (scalar || v == nil) {
				return text, key, true
			}
		}
	}
	return "", "", false
}

func typedText(t *cfn.Type, v any) (value, rest any) {
	text, ok := scalarText(v)
	if !ok {
		if m, isMap := v.(map[string]any); isMap {
			if text, ok = soleText(m); ok {
				return spelled(t, text), nil
			}
		}
		return nil, tidy(v)
	}
	return spelled(t, moment(text)), nil
}

// moment writes a time in one form: UTC, to the second. The API gives more
// digits than AWS Config writes down.
func moment(text string) string {
	if len(text) < 20 || len(text) > 35 || text[4] != '-' || text[10] != 'T' {
		return text
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return at.UTC().Format("2006-01-02T15:04:05Z")
}

// spelled gives a text the spelling of the schema's list of texts.
func spelled(t *cfn.Type, text string) string {
	if len(t.Enum) == 0 || slices.Contains(t.Enum, text) {
		return text
	}
	for _, known := range t.Enum {
		if strings.EqualFold(known, text) {
			return known
		}
	}
	return text
}

func typedNumber(t *cfn.Type, v any) (value, rest any) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil
		}
		return v, nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return v, nil
		}
		return f, nil
	case bool:
		return v, nil
	}
	return nil, tidy(v)
}

func typedBoolean(v any) (value, rest any) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true", "enabled":
			return true, nil
		case "false", "disabled":
			return false, nil
		}
		return v, nil
	}
	return nil, tidy(v)
}

// typedAny takes a value of open form: a JSON document that is given as text
// becomes what it says, members that the schema knows get their types.
func typedAny(t *cfn.Type, v any, depth int) any {
	if text, ok := v.(string); ok {
		decoded, ok := inventory.Document(text)
		if !ok || len(inventory.References(text)) > 0 && decoded == nil {
			return v
		}
		v = decoded
	}
	m, ok := v.(map[string]any)
	if !ok || len(t.Fields) == 0 {
		return tidy(v)
	}
	out := map[string]any{}
	for name, member := range m {
		if field, known := t.Field(name); known {
			if value, _ := typed(field.Type, member, depth+1); value != nil {
				out[field.Name] = value
			}
		} else if value := tidy(member); value != nil {
			out[name] = value
		}
	}
	return out
}

// tidy leaves out what is absent, in a tree of no type. Empty objects stay
// inside of something: {"Block": {}} says that it blocks.
func tidy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if value := tidy(member); value != nil {
				out[name] = value
			}
		}
		if len(out) == 0 && len(v) > 0 {
			return nil
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, member := range v {
			if value := tidy(member); value != nil {
				out = append(out, value)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}
