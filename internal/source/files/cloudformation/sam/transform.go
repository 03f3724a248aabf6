package sam

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Options are what the transform has to know of the template around it.
type Options struct {
	// Known gives the text of a value that is known without any resource.
	Known func(v any) (string, bool)
	// Template is the whole template.
	Template map[string]any
}

// Note names something that is not expanded.
type Note struct{ Logical, Reason, Hides string }

// Output is the template's resources after the transform.
type Output struct {
	Resources map[string]any
	// From names the serverless resource that a generated one comes from.
	From        map[string]string
	NotExpanded []Note
	renamed     map[string]string
}

// Transform expands the serverless resources. The input is not changed.
// resources may hold anything; what is no resource is passed on.
func Transform(resources, globals map[string]any, o Options) Output {
	t := &transform{o: o, globals: globals, in: map[string]any{}, out: map[string]any{}, from: map[string]string{}, renamed: map[string]string{}}
	for _, id := range keys(resources) {
		t.in[id] = clone(resources[id])
	}
	t.mergeGlobals()
	t.implicitAPIs()
	for _, id := range keys(t.in) {
		t.resource(id)
	}
	t.links()
	out := Output{Resources: t.out, From: t.from, NotExpanded: t.notes, renamed: t.renamed}
	if rewritten, ok := out.Rewrite(t.out).(map[string]any); ok {
		out.Resources = rewritten
	}
	return out
}

type transform struct {
	o       Options
	globals map[string]any
	in, out map[string]any
	from    map[string]string
	// renamed maps names that only serverless templates have
	// ("Function.Alias", a layer's name) to logical ids.
	renamed map[string]string
	notes   []Note
	linked  []func()
	apis    map[string]*api
}

func (t *transform) note(id, reason, hides string) {
	t.notes = append(t.notes, Note{id, reason, hides})
}

// later runs a step when all resources are there: those that change a
// resource of the template (the notifications of a bucket).
func (t *transform) later(step func()) { t.linked = append(t.linked, step) }

func (t *transform) links() {
	for _, step := range t.linked {
		step()
	}
}

func (t *transform) resource(id string) {
	body, ok := t.in[id].(map[string]any)
	kind, _ := body["Type"].(string)
	name, serverless := strings.CutPrefix(kind, "AWS::Serverless::")
	if !ok || !serverless {
		t.pass(id)
		return
	}
	r := &source{transform: t, id: id, body: body, props: mapping(body["Properties"])}
	switch name {
	case "Function":
		r.function()
	case "Api":
		r.restAPI()
	case "HttpApi":
		r.httpAPI()
	case "SimpleTable":
		r.simpleTable()
	case "LayerVersion":
		r.layerVersion()
	case "StateMachine":
		r.stateMachine()
	case "Application":
		r.application()
	case "Connector":
		r.connector()
	case "GraphQLApi":
		r.graphQL()
	default:
		t.pass(id)
		t.note(id, "the serverless kind "+kind+" is not expanded", "the resources that the transform makes of it")
		return
	}
	r.embeddedConnectors()
}

// pass takes a resource as it is, with its connectors expanded.
func (t *transform) pass(id string) {
	if _, made := t.out[id]; !made {
		t.out[id] = t.in[id]
	}
	if body, ok := t.in[id].(map[string]any); ok && body["Connectors"] != nil {
		r := &source{transform: t, id: id, body: body, props: mapping(body["Properties"])}
		r.embeddedConnectors()
	}
}

// source is one serverless resource that is being expanded.
type source struct {
	*transform
	id    string
	body  map[string]any
	props map[string]any
}

// make adds a generated resource. What the serverless resource says about
// itself (its condition, its policies) holds for what it generates too.
func (r *source) make(id, kind string, properties map[string]any) map[string]any {
	body := map[string]any{"Type": kind, "Properties": compact(properties)}
	for _, name := range []string{"Condition", "DeletionPolicy", "UpdateReplacePolicy"} {
		if v, ok := r.body[name]; ok {
			body[name] = v
		}
	}
	if id == r.id {
		for _, name := range []string{"DependsOn", "Metadata", "UpdatePolicy", "CreationPolicy"} {
			if v, ok := r.body[name]; ok {
				body[name] = v
			}
		}
	}
	r.out[id] = body
	r.from[id] = r.id
	return body
}

// known gives the text of a property that is known.
func (r *source) known(v any) (string, bool) {
	if v == nil {
		return "", false
	}
	if r.o.Known == nil {
		s, ok := v.(string)
		return s, ok
	}
	return r.o.Known(v)
}

// resolved replaces a reference to a parameter whose value is known, as the
// transform does before it makes an id of a value.
func (r *source) resolved(v any) any {
	if _, isRef := mapping(v)["Ref"]; isRef {
		if text, ok := r.known(v); ok {
			return text
		}
	}
	return v
}

// Rewrite replaces the names that only serverless templates have by logical
// ids, in references and in the names that Fn::Sub holds.
func (o Output) Rewrite(v any) any { return o.rewrite(v, 0) }

func (o Output) rewrite(v any, depth int) any {
	const deepest = 400
	if len(o.renamed) == 0 || depth > deepest {
		return v
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = o.rewrite(v[i], depth+1)
		}
	case map[string]any:
		if len(v) == 1 {
			o.rewriteFunction(v)
		}
		for _, k := range keys(v) {
			if k == "DependsOn" {
				v[k] = o.rewriteNames(v[k])
				continue
			}
			v[k] = o.rewrite(v[k], depth+1)
		}
	}
	return v
}

func (o Output) rewriteNames(v any) any {
	switch v := v.(type) {
	case string:
		if to, ok := o.renamed[v]; ok {
			return to
		}
	case []any:
		for i := range v {
			v[i] = o.rewriteNames(v[i])
		}
	}
	return v
}

func (o Output) rewriteFunction(m map[string]any) {
	if name, ok := m["Ref"].(string); ok {
		if to, ok := o.renamed[name]; ok {
			m["Ref"] = to
		}
	}
	if list, ok := m["Fn::GetAtt"].([]any); ok && len(list) == 2 {
		name, _ := list[0].(string)
		attribute, _ := list[1].(string)
		// {"Fn::GetAtt": ["Function", "Alias.Arn"]} as well as ["Function.Alias", "Arn"].
		head, rest, found := strings.Cut(attribute, ".")
		if to, ok := o.renamed[name+"."+head]; ok && found {
			m["Fn::GetAtt"] = []any{to, rest}
		} else if to, ok := o.renamed[name]; ok {
			m["Fn::GetAtt"] = []any{to, attribute}
		}
	}
	if text, ok := m["Fn::GetAtt"].(string); ok {
		m["Fn::GetAtt"] = o.rewriteAttribute(text)
	}
	switch args := m["Fn::Sub"].(type) {
	case string:
		m["Fn::Sub"] = o.rewriteSub(args)
	case []any:
		if text, ok := first(args).(string); ok {
			args[0] = o.rewriteSub(text)
		}
	}
}

func (o Output) rewriteAttribute(text string) string {
	parts := strings.Split(text, ".")
	for cut := len(parts) - 1; cut >= 1; cut-- {
		if to, ok := o.renamed[strings.Join(parts[:cut], ".")]; ok {
			return to + "." + strings.Join(parts[cut:], ".")
		}
	}
	return text
}

func (o Output) rewriteSub(text string) string {
	var b strings.Builder
	for {
		head, rest, found := strings.Cut(text, "${")
		name, tail, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(head)
		if to, ok := o.renamed[name]; ok {
			name = to
		} else {
			name = o.rewriteAttribute(name)
		}
		b.WriteString("${" + name + "}")
		text = tail
	}
}

// hash is the end that the transform gives to the ids of things that are
// replaced when their content changes: ten digits of the SHA-1 of the compact
// JSON with sorted keys, or of a text as it is.
func hash(v any) string {
	text, ok := v.(string)
	if !ok {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(v) != nil {
			return ""
		}
		text = strings.TrimSuffix(b.String(), "\n")
	}
	const digits = 10
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])[:digits]
}

// Small helpers over trees.

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func first(l []any) any {
	if len(l) == 0 {
		return nil
	}
	return l[0]
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// yes reports whether a value is true, as a boolean or as text.
func yes(v any) bool {
	s, ok := v.(string)
	return v == true || ok && strings.EqualFold(s, "true")
}

func ref(name string) map[string]any { return map[string]any{"Ref": name} }

func getAtt(name, attribute string) map[string]any {
	return map[string]any{"Fn::GetAtt": []any{name, attribute}}
}

func sub(text string) map[string]any { return map[string]any{"Fn::Sub": text} }

func subWith(text string, names map[string]any) map[string]any {
	return map[string]any{"Fn::Sub": []any{text, names}}
}

// target returns the logical id that a Ref or Fn::GetAtt names.
func target(v any) (string, bool) {
	m := mapping(v)
	if len(m) != 1 {
		return "", false
	}
	if name, ok := m["Ref"].(string); ok {
		return name, true
	}
	switch args := m["Fn::GetAtt"].(type) {
	case string:
		name, _, _ := strings.Cut(args, ".")
		return name, name != ""
	case []any:
		name, ok := first(args).(string)
		return name, ok
	}
	return "", false
}

// isIntrinsic reports whether a mapping is a function and not a value.
func isIntrinsic(v any) bool {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false
	}
	for k := range m {
		return k == "Ref" || k == "Condition" || strings.HasPrefix(k, "Fn::")
	}
	return false
}

// compact drops the properties that are not there.
func compact(m map[string]any) map[string]any {
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
	}
	return m
}

// pick copies properties of the same name.
func pick(from map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		if v, ok := from[n]; ok {
			out[n] = v
		}
	}
	return out
}

// letters keeps what a logical id may hold.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

func isPlain(s string) bool { return s != "" && letters(s) == s }

// tagList turns a mapping of tags into CloudFormation's list, with the tag
// that the transform adds.
func tagList(v any, created string) []any {
	var out []any
	if created != "" {
		out = append(out, map[string]any{"Key": created, "Value": "SAM"})
	}
	if l, ok := v.([]any); ok {
		return append(out, l...)
	}
	m := mapping(v)
	for _, k := range keys(m) {
		out = append(out, map[string]any{"Key": k, "Value": m[k]})
	}
	return out
}

func clone(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = clone(v[k])
		}
		return out
	}
	return v
}

// quoted is a name in a message.
func quoted(s string) string { return strconv.Quote(s) }
