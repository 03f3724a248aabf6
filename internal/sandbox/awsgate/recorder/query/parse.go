package query

import (
	"slices"
	"strings"
)

const (
	maxDepth = 50
	maxTerms = 50 // fields, or values of one IN
)

// field is one element of SELECT: a property or a function of one.
type field struct {
	function string // "" for a plain property
	path     []string
	name     string
}

// order is one element of ORDER BY.
type order struct {
	field      field
	descending bool
}

// Query is a parsed query.
type Query struct {
	fields []field
	where  condition
	groups []field
	orders []order
}

// Fields returns the names of the selected fields, in the order of the query.
func (q *Query) Fields() []string {
	names := make([]string, len(q.fields))
	for i, f := range q.fields {
		names[i] = f.name
	}
	return names
}

// aggregated reports whether the query folds documents into groups.
func (q *Query) aggregated() bool {
	return len(q.groups) > 0 || slices.ContainsFunc(q.fields, func(f field) bool { return f.function != "" })
}

// topLevel lists the members of a configuration item that a property may
// start with; the scalar ones are what "*" stands for (developer guide,
// limitations of advanced queries).
func topLevel() (scalar, other []string) {
	return []string{"accountId", "arn", "availabilityZone", "awsRegion", "configurationItemCaptureTime",
			"resourceCreationTime", "resourceId", "resourceName", "resourceType", "version"},
		[]string{"configuration", "configurationItemStatus", "configurationStateId", "relationships",
			"supplementaryConfiguration", "tags", "configurationItemDeliveryTime", "recordingFrequency"}
}

type parser struct {
	tokens []token
	next   int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != end {
		p.next++
	}
	return t
}

// accept takes the next token when it is the keyword.
func (p *parser) accept(keyword string) bool {
	if p.peek().is(keyword) {
		p.next++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if t := p.take(); !t.isSign(s) {
		return errorAt(t.at, "%q is expected, not %s", s, t.show())
	}
	return nil
}

// Parse reads a query.
func Parse(from string) (*Query, error) {
	tokens, err := scan(from)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q := &Query{}
	for _, step := range []func(*Query) error{p.selected, p.filtered, p.grouped, p.ordered} {
		if err := step(q); err != nil {
			return nil, err
		}
	}
	if t := p.peek(); t.kind != end {
		return nil, unexpected(t)
	}
	return q, q.check()
}

// unexpected names what stands where the query should go on or end.
func unexpected(t token) error {
	for _, keyword := range []string{"FROM", "JOIN", "HAVING", "LIMIT", "OFFSET", "UNION", "AS", "DISTINCT"} {
		if t.is(keyword) {
			return errorAt(t.at, "%s is not supported", keyword)
		}
	}
	if t.isSign("!=") || t.isSign("<>") {
		return errorAt(t.at, "operator %s is not supported: use NOT", t.text)
	}
	return errorAt(t.at, "%s is not expected", t.show())
}

func (p *parser) selected(q *Query) error {
	if t := p.take(); !t.is("SELECT") {
		return errorAt(t.at, "SELECT is expected, not %s", t.show())
	}
	for {
		if t := p.peek(); t.isSign("*") {
			p.take()
			scalar, _ := topLevel()
			for _, name := range scalar {
				q.fields = append(q.fields, field{path: []string{name}, name: name})
			}
		} else {
			f, err := p.field()
			if err != nil {
				return err
			}
			q.fields = append(q.fields, f)
		}
		if len(q.fields) > maxTerms {
			return errorAt(p.peek().at, "more than %d fields", maxTerms)
		}
		if !p.peek().isSign(",") {
			return nil
		}
		p.take()
	}
}

// field reads a property or FUNCTION(property).
func (p *parser) field() (field, error) {
	t := p.take()
	if t.kind != word {
		return field{}, errorAt(t.at, "a property is expected, not %s", t.show())
	}
	if !p.peek().isSign("(") {
		return property(t)
	}
	function := strings.ToUpper(t.text)
	if !slices.Contains([]string{"COUNT", "MIN", "MAX", "SUM", "AVG"}, function) {
		return field{}, errorAt(t.at, "function %s is not supported", t.text)
	}
	p.take()
	if function == "COUNT" && p.peek().isSign("*") {
		p.take()
		return field{function: function, name: "COUNT(*)"}, p.expect(")")
	}
	inner, err := p.field()
	if err != nil {
		return field{}, err
	}
	if inner.function != "" {
		return field{}, errorAt(t.at, "function %s of a function is not supported", function)
	}
	return field{function, inner.path, function + "(" + inner.name + ")"}, p.expect(")")
}

func property(t token) (field, error) {
	for _, keyword := range []string{"FROM", "WHERE", "DISTINCT", "AS", "GROUP", "ORDER", "AND", "OR", "CASE"} {
		if t.is(keyword) {
			return field{}, unexpected(t)
		}
	}
	path := strings.Split(t.text, ".")
	scalar, other := topLevel()
	if slices.Contains(path, "") || !slices.Contains(append(scalar, other...), path[0]) {
		return field{}, errorAt(t.at, "property %q is not known", t.text)
	}
	return field{path: path, name: t.text}, nil
}

func (p *parser) filtered(q *Query) (err error) {
	if p.accept("WHERE") {
		q.where, err = p.or()
	}
	return err
}

func (p *parser) grouped(q *Query) error {
	if !p.accept("GROUP") {
		return nil
	}
	if !p.accept("BY") {
		return errorAt(p.peek().at, "BY is expected, not %s", p.peek().show())
	}
	for {
		t := p.take()
		f, err := property(t)
		if t.kind != word {
			err = errorAt(t.at, "a property is expected, not %s", t.show())
		}
		if err != nil {
			return err
		}
		q.groups = append(q.groups, f)
		if !p.peek().isSign(",") {
			return nil
		}
		p.take()
	}
}

func (p *parser) ordered(q *Query) error {
	if !p.accept("ORDER") {
		return nil
	}
	if !p.accept("BY") {
		return errorAt(p.peek().at, "BY is expected, not %s", p.peek().show())
	}
	for {
		f, err := p.field()
		if err != nil {
			return err
		}
		o := order{field: f, descending: p.accept("DESC")}
		if !o.descending {
			p.accept("ASC")
		}
		q.orders = append(q.orders, o)
		if !p.peek().isSign(",") {
			return nil
		}
		p.take()
	}
}

// check refuses what parses but says nothing sensible.
func (q *Query) check() error {
	if !q.aggregated() {
		for _, o := range q.orders {
			if o.field.function != "" {
				return errorAt(0, "ORDER BY %s needs that field in SELECT", o.field.name)
			}
		}
		return nil
	}
	for _, f := range q.fields {
		if f.function == "" && !slices.ContainsFunc(q.groups, func(g field) bool { return g.name == f.name }) {
			return errorAt(0, "property %q must stand in GROUP BY", f.name)
		}
	}
	for _, o := range q.orders {
		if !slices.ContainsFunc(q.fields, func(f field) bool { return f.name == o.field.name }) {
			return errorAt(0, "ORDER BY %s needs that field in SELECT", o.field.name)
		}
	}
	return nil
}
