package edge

import (
	"encoding/base64"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// alternativesMost bounds how many rules one statement with OR comes to.
const alternativesMost = 20

// alternatives turns a statement into lists of conditions, of which one has to
// match. What it cannot say becomes a gap, and the rule is left out: a rule
// with a condition less would match more.
func (a *acl) alternatives(name string, statement map[string]any) [][]wafCondition {
	out, _ := a.worked(name, statement)
	return out
}

// worked gives the alternatives of a statement; whole is false when they match
// less than it, because a part could not be said. The negation of such a
// statement would match more, so it has none.
func (a *acl) worked(name string, statement map[string]any) (out [][]wafCondition, whole bool) {
	whole = true
	switch {
	case statement["AndStatement"] != nil:
		out = [][]wafCondition{{}}
		for _, part := range design.Maps(design.At(statement["AndStatement"], "Statements")) {
			more, all := a.worked(name, part)
			out, whole = times(out, more), whole && all
		}
	case statement["OrStatement"] != nil:
		for _, part := range design.Maps(design.At(statement["OrStatement"], "Statements")) {
			more, all := a.worked(name, part)
			out, whole = append(out, more...), whole && all
		}
	case statement["NotStatement"] != nil:
		inner, _ := design.At(statement["NotStatement"], "Statement").(map[string]any)
		turned, all := a.worked(name, inner)
		if !all {
			return nil, false
		}
		out = negations(turned)
	default:
		condition, ok := a.condition(name, statement)
		if !ok {
			return nil, false
		}
		for _, part := range parted(condition) {
			out = append(out, []wafCondition{part})
		}
	}
	bounded := a.bounded(name, out)
	return bounded, whole && len(bounded) == len(out)
}

// Most values that a condition takes (Microsoft Learn, "Azure subscription and
// service limits, quotas, and constraints": Web Application Firewall; the less
// of both services).
const (
	addressesMost = 540
	textsMost     = 10
)

// parted cuts a condition with more values than one takes into several, of
// which one has to match.
func parted(c wafCondition) []wafCondition {
	most := textsMost
	switch c.operator {
	case "IPMatch":
		most = addressesMost
	case "GeoMatch":
		most = len(c.values)
	}
	var out []wafCondition
	for values := range slices.Chunk(c.values, max(most, 1)) {
		part := c
		part.values = values
		out = append(out, part)
	}
	return out
}

// times joins every list of one side with every list of the other.
func times(left, right [][]wafCondition) [][]wafCondition {
	var out [][]wafCondition
	for _, l := range left {
		for _, r := range right {
			out = append(out, append(slices.Clone(l), r...))
		}
	}
	return out
}

// negations turns alternatives around: not (a and b or c) is (not a or not b)
// and not c.
func negations(alternatives [][]wafCondition) [][]wafCondition {
	if len(alternatives) == 0 {
		return nil
	}
	out := [][]wafCondition{{}}
	for _, conditions := range alternatives {
		var turned [][]wafCondition
		for _, c := range conditions {
			c.negate = !c.negate
			turned = append(turned, []wafCondition{c})
		}
		if out = times(out, turned); len(out) > alternativesMost {
			return out
		}
	}
	return out
}

func (a *acl) bounded(name string, out [][]wafCondition) [][]wafCondition {
	// A list without a condition would match every request.
	out = slices.DeleteFunc(out, func(conditions []wafCondition) bool { return len(conditions) == 0 })
	if len(out) > alternativesMost {
		a.Gap("waf.many", name)
		return nil
	}
	return out
}

// condition translates a statement that matches one thing.
func (a *acl) condition(name string, statement map[string]any) (wafCondition, bool) {
	for _, kind := range []string{"IPSetReferenceStatement", "GeoMatchStatement", "ByteMatchStatement", "RegexMatchStatement", "RegexPatternSetReferenceStatement", "SizeConstraintStatement"} {
		m, ok := statement[kind].(map[string]any)
		if !ok {
			continue
		}
		switch kind {
		case "IPSetReferenceStatement":
			return a.addresses(name, m)
		case "GeoMatchStatement":
			return wafCondition{variable: "RemoteAddr", operator: "GeoMatch", values: design.Texts(m["CountryCodes"])}, len(design.Texts(m["CountryCodes"])) > 0
		case "ByteMatchStatement":
			return a.bytes(name, m)
		case "SizeConstraintStatement":
			return a.size(name, m)
		}
		return a.regex(name, m)
	}
	id := "waf.statement"
	switch {
	case statement["LabelMatchStatement"] != nil:
		id = "waf.label"
	case statement["SqliMatchStatement"] != nil, statement["XssMatchStatement"] != nil:
		id = "waf.attack"
		a.managed = with(a.managed, defaultRuleSet)
	}
	a.Gap(id, name+": "+common.Shown(statement))
	return wafCondition{}, false
}

func (a *acl) addresses(name string, m map[string]any) (wafCondition, bool) {
	set, ok := a.C.Find(a.R, m["Arn"], "AWS::WAFv2::IPSet")
	if !ok {
		a.Gap("waf.group", name+": "+design.Text(m, "Arn"))
		return wafCondition{}, false
	}
	values := design.Texts(set.Properties["Addresses"])
	slices.Sort(values)
	if len(values) == 0 {
		a.Do("the address set %s is empty: rule %s is left out", set.Name, name)
	}
	return wafCondition{variable: "RemoteAddr", operator: "IPMatch", values: slices.Compact(values)}, len(values) > 0
}

func (a *acl) bytes(name string, m map[string]any) (wafCondition, bool) {
	c, ok := a.field(name, m)
	value := design.Text(m, "SearchString")
	if encoded := design.Text(m, "SearchStringBase64"); value == "" && encoded != "" {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			value = string(plain)
		}
	}
	if strings.Contains(value, inventory.Redacted) {
		value = a.C.ParameterOf(a.R, design.Parameter{Name: common.ParameterName(a.R.Name, name), Type: "string", Secure: true, Description: "What rule " + name + " of " + a.R.Name + " compares a header with: a secret that both sides know"})
	}
	c.values = []string{value}
	switch design.Text(m, "PositionalConstraint") {
	case "EXACTLY":
		c.operator = "Equal"
	case "STARTS_WITH":
		c.operator = "BeginsWith"
	case "ENDS_WITH":
		c.operator = "EndsWith"
	case "CONTAINS_WORD":
		a.Gap("waf.word", name)
		fallthrough
	default:
		c.operator = "Contains"
	}
	return c, ok && value != ""
}

func (a *acl) size(name string, m map[string]any) (wafCondition, bool) {
	c, ok := a.field(name, m)
	c.values = []string{design.Text(m, "Size")}
	c.operator = map[string]string{"LT": "LessThan", "LE": "LessThanOrEqual", "GT": "GreaterThan", "GE": "GreaterThanOrEqual"}[design.Text(m, "ComparisonOperator")]
	if c.operator == "" {
		a.Gap("waf.statement", name+": "+common.Shown(m))
		return c, false
	}
	return c, ok
}

func (a *acl) regex(name string, m map[string]any) (wafCondition, bool) {
	c, ok := a.field(name, m)
	c.operator = "Regex"
	if text := design.Text(m, "RegexString"); text != "" {
		c.values = []string{text}
		return c, ok
	}
	set, found := a.C.Find(a.R, m["Arn"], "AWS::WAFv2::RegexPatternSet")
	if !found {
		a.Gap("waf.group", name+": "+design.Text(m, "Arn"))
		return c, false
	}
	c.values = design.Texts(set.Properties["RegularExpressionList"])
	return c, ok && len(c.values) > 0
}

// field translates where a statement looks.
func (a *acl) field(name string, m map[string]any) (wafCondition, bool) {
	c := wafCondition{}
	for _, t := range design.Maps(m["TextTransformations"]) {
		switch kind := design.Text(t, "Type"); kind {
		case "NONE", "":
		case "LOWERCASE":
			c.transforms = with(c.transforms, "Lowercase")
		case "URL_DECODE", "URL_DECODE_UNI":
			c.transforms = with(c.transforms, "UrlDecode")
		case "COMPRESS_WHITE_SPACE":
			c.transforms = with(c.transforms, "Trim")
		case "REMOVE_NULLS", "REPLACE_NULLS":
			c.transforms = with(c.transforms, "RemoveNulls")
		default:
			a.Gap("waf.transform", name+": "+kind)
		}
	}
	where, _ := m["FieldToMatch"].(map[string]any)
	for _, key := range []string{"UriPath", "QueryString", "SingleHeader", "Body", "JsonBody", "Method", "SingleQueryArgument", "AllQueryArguments", "Cookies", "Headers"} {
		v, ok := where[key]
		if !ok {
			continue
		}
		switch key {
		case "UriPath":
			a.Gap("waf.uri", name)
			c.variable = "RequestUri"
		case "SingleHeader":
			c.variable, c.selector = "RequestHeader", design.Text(v, "Name")
			if strings.EqualFold(c.selector, "cookie") {
				c.variable, c.selector = "Cookies", ""
			}
		case "Body", "JsonBody":
			c.variable = "RequestBody"
		case "Method":
			c.variable = "RequestMethod"
		case "SingleQueryArgument", "AllQueryArguments":
			a.Gap("waf.argument", name)
			c.variable = "QueryString"
		case "Cookies":
			c.variable = "Cookies"
		case "Headers":
			a.Gap("waf.statement", name+": all headers")
			return c, false
		default:
			c.variable = "QueryString"
		}
		return c, true
	}
	a.Gap("waf.statement", name+": "+common.Shown(m["FieldToMatch"]))
	return c, false
}
