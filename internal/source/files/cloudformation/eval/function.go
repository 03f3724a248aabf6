package eval

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// ref resolves a name: a pseudo parameter, a parameter or a resource.
func (e *Evaluator) ref(name string) any {
	if name == "AWS::NoValue" {
		return removed{}
	}
	if strings.HasPrefix(name, "AWS::") {
		return e.pseudo(name)
	}
	if v, ok := e.scope.Parameters[name]; ok {
		return copyOf(v)
	}
	if text, ok := e.reference(name, ""); ok {
		return e.bounded(text)
	}
	return e.undefined(name)
}

// pseudoParameters are all there are ("Pseudo parameters reference").
const pseudoParameters = " AWS::AccountId AWS::NotificationARNs AWS::Partition AWS::Region AWS::StackId AWS::StackName AWS::URLSuffix "

func (e *Evaluator) pseudo(name string) any {
	if v, ok := e.scope.Pseudo[name]; ok {
		return copyOf(v)
	}
	if !strings.Contains(pseudoParameters, " "+name+" ") {
		return e.undefined(name)
	}
	return "${" + name + "}"
}

// getAtt resolves an attribute, written as "Name.Attribute" or as a list. The
// logical names of modules hold dots, so the longest name that exists wins.
func (e *Evaluator) getAtt(args any, depth int) any {
	parts := []string{}
	switch v := e.eval(args, depth+1).(type) {
	case string:
		parts = strings.Split(v, ".")
	case []any:
		for _, item := range v {
			parts = append(parts, strings.Split(e.text(item), ".")...)
		}
	}
	if len(parts) < 2 {
		e.problem("Fn::GetAtt takes a logical name and an attribute")
		return e.unknown("Fn::GetAtt", e.eval(args, depth+1))
	}
	for cut := len(parts) - 1; cut >= 1; cut-- {
		logical, attribute := strings.Join(parts[:cut], "."), strings.Join(parts[cut:], ".")
		if e.scope.Attribute != nil {
			if v, ok := e.scope.Attribute(logical, attribute); ok {
				return copyOf(v)
			}
		}
		if text, ok := e.reference(logical, attribute); ok {
			return e.bounded(text)
		}
	}
	return e.undefined(strings.Join(parts, "."))
}

// sub replaces ${Name}, ${Name.Attribute} and the names of its own mapping;
// ${!Literal} stands for ${Literal}.
func (e *Evaluator) sub(args any, depth int) any {
	text, names := args, map[string]any(nil)
	if list, ok := args.([]any); ok && len(list) > 0 && len(list) <= 2 {
		text = list[0]
		if len(list) == 2 {
			names, _ = list[1].(map[string]any)
		}
	}
	if m, ok := text.(map[string]any); ok { // after a transform, the text may be a function itself
		text = e.eval(m, depth+1)
	}
	pattern, ok := text.(string)
	if !ok && isScalar(text) && text != nil {
		pattern, ok = e.text(text), true
	}
	if !ok {
		e.problem("Fn::Sub takes a text, or a list of a text and a mapping")
		return e.unknown("Fn::Sub", e.eval(args, depth+1))
	}
	var b strings.Builder
	for {
		head, rest, found := strings.Cut(pattern, "${")
		name, tail, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(pattern)
			break
		}
		b.WriteString(head)
		b.WriteString(e.substitute(name, names, depth))
		if b.Len() > maxString {
			break
		}
		pattern = tail
	}
	return e.bounded(b.String())
}

func (e *Evaluator) substitute(name string, names map[string]any, depth int) string {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}"
	}
	name = strings.TrimSpace(name)
	if v, ok := names[name]; ok {
		return e.text(e.eval(v, depth+1))
	}
	if strings.Contains(name, ".") {
		return e.text(e.getAtt(name, depth))
	}
	if name == "" {
		return "${}"
	}
	return e.text(e.ref(name))
}

func (e *Evaluator) ifElse(args any, depth int) any {
	list, ok := args.([]any)
	if !ok || len(list) != 3 {
		e.problem("Fn::If takes a condition and two values")
		return e.unknown("Fn::If", e.eval(args, depth+1))
	}
	name := e.text(e.eval(list[0], depth+1))
	var decided Truth
	if expression, ok := list[0].(map[string]any); ok {
		decided = e.decide(expression, depth+1)
	} else {
		decided = e.Condition(name)
	}
	switch decided {
	case True:
		return e.eval(list[1], depth+1)
	case False:
		return e.eval(list[2], depth+1)
	}
	then, els := e.eval(list[1], depth+1), e.eval(list[2], depth+1)
	if reflect.DeepEqual(then, els) {
		return then
	}
	return either{name, then, els}
}

// arguments evaluates a list of so many arguments.
func (e *Evaluator) arguments(name string, args any, count, depth int) ([]any, bool) {
	list, ok := args.([]any)
	if !ok || len(list) != count {
		e.problem("%s takes a list of %d arguments", name, count)
		return nil, false
	}
	out := make([]any, count)
	for i, item := range list {
		out[i] = e.eval(item, depth+1)
	}
	return out, true
}

func (e *Evaluator) joinList(args any, depth int) any {
	list, ok := e.arguments("Fn::Join", args, 2, depth)
	if !ok {
		return e.unknown("Fn::Join", e.eval(args, depth+1))
	}
	separator := e.text(list[0])
	items, ok := list[1].([]any)
	if !ok {
		if s, isText := list[1].(string); isText && (separator == "," || !Undecided(s)) {
			return s // a list that is not known stands for its own items, joined by commas
		}
		return e.unknown("Fn::Join", list)
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = e.text(item)
	}
	return e.bounded(strings.Join(parts, separator))
}

func (e *Evaluator) split(args any, depth int) any {
	list, ok := e.arguments("Fn::Split", args, 2, depth)
	if !ok {
		return e.unknown("Fn::Split", e.eval(args, depth+1))
	}
	separator := e.text(list[0])
	if !known(list[1]) || separator == "" {
		return e.unknown("Fn::Split", list)
	}
	out := []any{}
	for part := range strings.SplitSeq(e.text(list[1]), separator) {
		out = append(out, part)
	}
	return out
}

func (e *Evaluator) selectItem(args any, depth int) any {
	list, ok := e.arguments("Fn::Select", args, 2, depth)
	if !ok {
		return e.unknown("Fn::Select", e.eval(args, depth+1))
	}
	index, err := strconv.Atoi(strings.TrimSpace(e.text(list[0])))
	if err != nil {
		if known(list[0]) {
			e.problem("Fn::Select takes a number, this is %q", e.text(list[0]))
		}
		return e.unknown("Fn::Select", list)
	}
	switch items := list[1].(type) {
	case zones:
		return "${az:" + items.region + "#" + strconv.Itoa(index) + "}"
	case []any:
		if index >= 0 && index < len(items) {
			return items[index]
		}
		e.problem("Fn::Select asks for item %d of %d", index, len(items))
	}
	return e.unknown("Fn::Select", list)
}

// findInMap looks two keys up. Where a key is not known and every entry that
// could be meant says the same, that is the value.
func (e *Evaluator) findInMap(args any, depth int) any {
	list, _ := args.([]any)
	if len(list) < 3 || len(list) > 4 {
		e.problem("Fn::FindInMap takes a mapping's name and two keys")
		return e.unknown("Fn::FindInMap", e.eval(args, depth+1))
	}
	keys := make([]any, 3)
	for i := range keys {
		keys[i] = e.eval(list[i], depth+1)
	}
	name := e.text(keys[0])
	table, ok := e.scope.Mappings[name].(map[string]any)
	if !ok {
		if known(keys[0]) && len(list) == 3 && !e.scope.Lenient {
			e.problem("the mapping %q is not defined", name)
		}
		return e.defaultValue(list, keys, !known(keys[0]), depth)
	}
	found := e.candidates(table, keys[1])
	var values []any
	for _, row := range found {
		if m, ok := row.(map[string]any); ok {
			values = append(values, e.candidates(m, keys[2])...)
		}
	}
	unsure := !known(keys[1]) || !known(keys[2])
	if len(values) == 0 {
		return e.defaultValue(list, keys, unsure, depth)
	}
	for _, v := range values[1:] {
		if !reflect.DeepEqual(v, values[0]) {
			return e.unknown("Fn::FindInMap", keys)
		}
	}
	if unsure && len(list) == 4 {
		return e.unknown("Fn::FindInMap", keys)
	}
	return e.eval(values[0], depth+1)
}

// candidates returns the entries that a key may mean, in the order of their names.
func (e *Evaluator) candidates(table map[string]any, key any) []any {
	if known(key) {
		if v, ok := table[e.text(key)]; ok {
			return []any{v}
		}
		return nil
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(table)) {
		out = append(out, table[name])
	}
	return out
}

// defaultValue is the fourth argument of Fn::FindInMap, which the language
// extensions allow.
func (e *Evaluator) defaultValue(list, keys []any, unsure bool, depth int) any {
	if len(list) == 4 && !unsure {
		if m, ok := list[3].(map[string]any); ok {
			if v, ok := m["DefaultValue"]; ok {
				return e.eval(v, depth+1)
			}
		}
		e.problem("the fourth argument of Fn::FindInMap is {\"DefaultValue\": …}")
	}
	return e.unknown("Fn::FindInMap", keys)
}

func (e *Evaluator) getAZs(args any, depth int) any {
	region := e.text(e.eval(args, depth+1))
	if region == "" {
		region = e.text(e.pseudo("AWS::Region"))
	}
	return zones{region}
}

// base64 encodes what is known. A text with references keeps its plain form,
// because encoding would hide them.
func (e *Evaluator) base64(args any, depth int) any {
	v := e.eval(args, depth+1)
	if !known(v) {
		return e.unknown("Fn::Base64", v)
	}
	return e.bounded(base64.StdEncoding.EncodeToString([]byte(e.text(v))))
}

func (e *Evaluator) importValue(args any, depth int) any {
	name := e.text(e.eval(args, depth+1))
	if e.scope.Import != nil {
		if v, ok := e.scope.Import(name); ok {
			return copyOf(v)
		}
	}
	return e.bounded("${import:" + name + "}")
}

func (e *Evaluator) length(args any, depth int) any {
	switch v := e.eval(args, depth+1).(type) {
	case []any:
		return json.Number(strconv.Itoa(len(v)))
	case map[string]any:
		return json.Number(strconv.Itoa(len(v)))
	default:
		return e.unknown("Fn::Length", v)
	}
}

func (e *Evaluator) toJSONString(args any, depth int) any {
	return e.bounded(compact(finish(e.eval(args, depth+1))))
}

// transform is a macro in the place of a value. What it would make of it is
// not known, so its arguments stay.
func (e *Evaluator) transform(args any, depth int) any {
	v := e.eval(args, depth+1)
	name := "?"
	if m, ok := v.(map[string]any); ok {
		name = e.text(m["Name"])
	}
	e.macros = append(e.macros, Problem{strings.Join(e.path, "/"), name})
	return e.unknown("Fn::Transform", v)
}

// cidr cuts a block into so many smaller ones with so many host bits
// ("Fn::Cidr" in the user guide; the bits default to 8 for IPv4 and 64 for IPv6).
func (e *Evaluator) cidr(args any, depth int) any {
	raw, _ := args.([]any)
	if len(raw) != 2 && len(raw) != 3 {
		e.problem("Fn::Cidr takes a block, a count and the host bits")
		return e.unknown("Fn::Cidr", e.eval(args, depth+1))
	}
	list := e.eval(raw, depth+1).([]any)
	if !known(list) || len(list) != len(raw) {
		return e.unknown("Fn::Cidr", list)
	}
	block, err := netip.ParsePrefix(strings.TrimSpace(e.text(list[0])))
	count, countErr := strconv.Atoi(e.text(list[1]))
	if err != nil || countErr != nil {
		e.problem("Fn::Cidr cannot read the block %q with the count %q", e.text(list[0]), e.text(list[1]))
		return e.unknown("Fn::Cidr", list)
	}
	bits := 8
	if block.Addr().Is6() {
		bits = 64
	}
	if len(list) == 3 {
		if bits, err = strconv.Atoi(e.text(list[2])); err != nil {
			bits = -1
		}
	}
	blocks, ok := cut(block, count, bits)
	if !ok {
		e.problem("Fn::Cidr cannot cut %q into %d blocks with %d host bits", block, count, bits)
		return e.unknown("Fn::Cidr", list)
	}
	return blocks
}

func cut(block netip.Prefix, count, bits int) ([]any, bool) {
	const most = 256 // the function's own bound
	size := block.Addr().BitLen() - bits
	if count < 1 || count > most || bits < 0 || size < block.Bits() {
		return nil, false
	}
	if room := size - block.Bits(); room < 9 && count > 1<<room {
		return nil, false
	}
	addr := block.Masked().Addr().AsSlice()
	out := make([]any, 0, count)
	for range count {
		ip, _ := netip.AddrFromSlice(addr)
		out = append(out, netip.PrefixFrom(ip, size).String())
		step(addr, bits)
	}
	return out, true
}

// step adds 1<<bits to an address.
func step(addr []byte, bits int) {
	i := len(addr) - 1 - bits/8
	carry := 1 << (bits % 8)
	for ; i >= 0 && carry > 0; i-- {
		carry += int(addr[i])
		addr[i] = byte(carry)
		carry >>= 8
	}
}

// copyOf copies a value, so that no two properties share one.
func copyOf(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = copyOf(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = copyOf(v[k])
		}
		return out
	}
	return v
}
