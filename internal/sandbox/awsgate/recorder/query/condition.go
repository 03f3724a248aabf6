package query

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// condition decides whether a document passes.
type condition interface {
	holds(document map[string]any) bool
}

type (
	both   struct{ left, right condition }
	either struct{ left, right condition }
	not    struct{ of condition }
	// test compares a property with literals: one for the signs and LIKE, two
	// for BETWEEN, any number for IN.
	test struct {
		path     []string
		operator string
		literals []string
	}
)

func (c both) holds(d map[string]any) bool   { return c.left.holds(d) && c.right.holds(d) }
func (c either) holds(d map[string]any) bool { return c.left.holds(d) || c.right.holds(d) }
func (c not) holds(d map[string]any) bool    { return !c.of.holds(d) }

func (c test) holds(d map[string]any) bool {
	return slices.ContainsFunc(values(d, c.path), c.fits)
}

func (p *parser) or() (condition, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, errorAt(p.peek().at, "condition is nested deeper than %d", maxDepth)
	}
	left, err := p.and()
	for err == nil && p.accept("OR") {
		var right condition
		right, err = p.and()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.accept("AND") {
		var right condition
		right, err = p.not()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) not() (condition, error) {
	negated := false
	for p.accept("NOT") {
		negated = !negated
	}
	c, err := p.compared()
	if negated {
		c = not{c}
	}
	return c, err
}

func (p *parser) compared() (condition, error) {
	if p.peek().isSign("(") {
		p.take()
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	t := p.take()
	if t.kind != word {
		return nil, errorAt(t.at, "a property is expected, not %s", t.show())
	}
	f, err := property(t)
	if err != nil {
		return nil, err
	}
	negated := p.accept("NOT")
	c, err := p.operator(f, negated)
	if err == nil && negated {
		return not{c}, nil
	}
	return c, err
}

func (p *parser) operator(f field, negated bool) (condition, error) {
	t := p.take()
	c := test{path: f.path, operator: strings.ToUpper(t.text)}
	var err error
	switch {
	case t.is("IN"):
		c.literals, err = p.literalList()
	case t.is("BETWEEN"):
		c.literals, err = p.literalPair()
	case t.is("LIKE"):
		c.literals, err = p.literalOne()
	case t.is("IS"):
		return nil, errorAt(t.at, "IS is not supported")
	case negated:
		return nil, errorAt(t.at, "IN, BETWEEN or LIKE is expected after NOT, not %s", t.show())
	case t.kind == sign && slices.Contains([]string{"=", "<", "<=", ">", ">="}, t.text):
		c.literals, err = p.literalOne()
	default:
		return nil, unexpected(t)
	}
	return c, err
}

func (p *parser) literalOne() ([]string, error) {
	t := p.take()
	if t.kind == text || t.kind == number || t.is("true") || t.is("false") {
		if t.kind == word {
			return []string{strings.ToLower(t.text)}, nil
		}
		return []string{t.text}, nil
	}
	return nil, errorAt(t.at, "a value is expected, not %s", t.show())
}

func (p *parser) literalPair() ([]string, error) {
	low, err := p.literalOne()
	if err != nil {
		return nil, err
	}
	if !p.accept("AND") {
		return nil, errorAt(p.peek().at, "AND is expected, not %s", p.peek().show())
	}
	high, err := p.literalOne()
	return append(low, high...), err
}

func (p *parser) literalList() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var all []string
	for {
		one, err := p.literalOne()
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
		if len(all) > maxTerms {
			return nil, errorAt(p.peek().at, "more than %d values", maxTerms)
		}
		if !p.peek().isSign(",") {
			return all, p.expect(")")
		}
		p.take()
	}
}

// values returns what stands at the path as texts; arrays are gone through.
func values(v any, path []string) []string {
	switch v := v.(type) {
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, values(item, path)...)
		}
		return all
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		// A key may itself hold dots: tags of supplementary configuration do.
		for n := len(path); n > 0; n-- {
			if inner, ok := v[strings.Join(path[:n], ".")]; ok {
				return values(inner, path[n:])
			}
		}
		return nil
	}
	if s, ok := scalar(v); ok && len(path) == 0 {
		return []string{s}
	}
	return nil
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func (c test) fits(value string) bool {
	switch c.operator {
	case "=":
		return equal(value, c.literals[0])
	case "<":
		return compare(value, c.literals[0]) < 0
	case "<=":
		return compare(value, c.literals[0]) <= 0
	case ">":
		return compare(value, c.literals[0]) > 0
	case ">=":
		return compare(value, c.literals[0]) >= 0
	case "LIKE":
		return like(value, strings.Split(c.literals[0], "%"))
	case "BETWEEN":
		return compare(value, c.literals[0]) >= 0 && compare(value, c.literals[1]) <= 0
	}
	return slices.ContainsFunc(c.literals, func(literal string) bool { return equal(value, literal) })
}

// equal: an address is equal to a block that contains it.
func equal(value, literal string) bool {
	if value == literal {
		return true
	}
	if block, err := netip.ParsePrefix(literal); err == nil {
		address, err := netip.ParseAddr(value)
		return err == nil && block.Contains(address)
	}
	x, errX := strconv.ParseFloat(value, 64)
	y, errY := strconv.ParseFloat(literal, 64)
	return errX == nil && errY == nil && x == y
}

// compare orders numbers as numbers, addresses as addresses, the rest as text
// (times are in ISO 8601, whose text order is their order).
func compare(value, literal string) int {
	x, errX := strconv.ParseFloat(value, 64)
	y, errY := strconv.ParseFloat(literal, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	a, errA := netip.ParseAddr(value)
	b, errB := netip.ParseAddr(literal)
	if errA == nil && errB == nil {
		return a.Compare(b)
	}
	return strings.Compare(value, literal)
}

// like matches a text against a pattern cut at its % signs.
func like(value string, parts []string) bool {
	if len(parts) == 1 {
		return value == parts[0]
	}
	rest, ok := strings.CutPrefix(value, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
