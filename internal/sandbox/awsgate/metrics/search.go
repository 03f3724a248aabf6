package metrics

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/landfall/internal/sandbox/awsgate/metrics/expr"
)

const (
	// maxFound is how many series a SEARCH returns at most.
	maxFound      = 100
	maxSearchTerm = 1024
)

// search is SEARCH(): the series of all metrics that match, in the order of
// namespace, name and dimensions. What was left out is said in a message.
func (r *request) search(text, stat string, period int64) ([]expr.Series, error) {
	matches, err := parseSearch(text)
	if err != nil {
		return nil, &expr.Error{At: -1, Reason: "SEARCH: " + err.Error()}
	}
	parsed, ok := parseStatistic(stat)
	if !ok {
		return nil, &expr.Error{At: -1, Reason: fmt.Sprintf("SEARCH: %q is no statistic", stat)}
	}
	if !isPeriod(period) {
		return nil, &expr.Error{At: -1, Reason: fmt.Sprintf("SEARCH: period %d must be 1, 5, 10, 20, 30 or a multiple of 60", period)}
	}
	since := r.now.Add(-listed).Unix()
	var found []identity
	more := false
	r.service.store.walk("", func(_ string, m *metric) bool {
		if m.last < since || !matches(m.identity) {
			return true
		}
		if len(found) == maxFound {
			more = true
			return false
		}
		found = append(found, m.identity)
		return true
	})
	if more {
		r.message("MaxMetricsExceeded", fmt.Sprintf("SEARCH found more than %d metrics; the first %d are returned", maxFound, maxFound))
	}
	var out []expr.Series
	for _, id := range found {
		series := r.read(metricStat{id: id, period: period, text: stat, statistic: parsed})
		series.Label = describe(id)
		out = append(out, series)
	}
	return out, nil
}

// matcher decides whether a metric is found.
type matcher func(identity) bool

// parseSearch reads `{Namespace,Dimension,...} term AND (term OR NOT term)`.
// Terms beside each other are joined by AND, which binds tighter than OR.
func parseSearch(text string) (matcher, error) {
	if len(text) > maxSearchTerm {
		return nil, fmt.Errorf("search has %d characters, the limit is %d", len(text), maxSearchTerm)
	}
	schema := func(identity) bool { return true }
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		inner, rest, ok := strings.Cut(text[1:], "}")
		if !ok {
			return nil, fmt.Errorf("schema without closing brace")
		}
		schema, text = parseSchema(inner), rest
	}
	p := &searchParser{words: searchWords(text)}
	if len(p.words) == 0 {
		return schema, nil
	}
	terms, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.next < len(p.words) {
		return nil, fmt.Errorf("%q is not expected", p.words[p.next])
	}
	return func(id identity) bool { return schema(id) && terms(id) }, nil
}

// parseSchema reads "Namespace,Dimension,...": exactly these dimensions.
func parseSchema(inner string) matcher {
	parts := strings.Split(inner, ",")
	for i := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(parts[i]), `"`)
	}
	namespace, names := parts[0], parts[1:]
	slices.Sort(names)
	return func(id identity) bool {
		if id.namespace != namespace || len(id.dims) != len(names) {
			return false
		}
		for i, d := range id.dims {
			if d.name != names[i] {
				return false
			}
		}
		return true
	}
}

// searchWords cuts at spaces and parentheses outside of double quotes.
func searchWords(text string) []string {
	var words []string
	quoted, from := false, 0
	flush := func(to int) {
		if to > from {
			words = append(words, text[from:to])
		}
		from = to
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ' ' || c == '\t' || c == '\n':
			flush(i)
			from = i + 1
		case c == '(' || c == ')':
			flush(i)
			words = append(words, string(c))
			from = i + 1
		}
	}
	flush(len(text))
	return words
}

type searchParser struct {
	words []string
	next  int
}

func (p *searchParser) peek() string {
	if p.next < len(p.words) {
		return p.words[p.next]
	}
	return ""
}

func (p *searchParser) or(depth int) (matcher, error) {
	left, err := p.and(depth)
	for err == nil && p.peek() == "OR" {
		p.next++
		var right matcher
		if right, err = p.and(depth); err == nil {
			a := left
			left = func(id identity) bool { return a(id) || right(id) }
		}
	}
	return left, err
}

func (p *searchParser) and(depth int) (matcher, error) {
	left, err := p.term(depth)
	for err == nil && p.peek() != "" && p.peek() != "OR" && p.peek() != ")" {
		if p.peek() == "AND" {
			p.next++
		}
		var right matcher
		if right, err = p.term(depth); err == nil {
			a := left
			left = func(id identity) bool { return a(id) && right(id) }
		}
	}
	return left, err
}

func (p *searchParser) term(depth int) (matcher, error) {
	if depth > 50 {
		return nil, fmt.Errorf("search is nested deeper than 50")
	}
	word := p.peek()
	p.next++
	switch word {
	case "", "AND", "OR", ")":
		return nil, fmt.Errorf("a term is expected, not %q", word)
	case "NOT":
		inner, err := p.term(depth + 1)
		return func(id identity) bool { return !inner(id) }, err
	case "(":
		inner, err := p.or(depth + 1)
		if err == nil && p.peek() != ")" {
			return nil, fmt.Errorf("%q is expected", ")")
		}
		p.next++
		return inner, err
	}
	return searchTerm(word), nil
}

// searchTerm is one word, "exact", property=word or property="exact".
func searchTerm(word string) matcher {
	property, wanted, has := strings.Cut(word, "=")
	if !has || strings.HasPrefix(word, `"`) {
		property, wanted = "", word
	}
	property = strings.Trim(property, `"`)
	fits := loosely(wanted)
	if len(wanted) > 1 && strings.HasPrefix(wanted, `"`) && strings.HasSuffix(wanted, `"`) {
		exact := wanted[1 : len(wanted)-1]
		fits = func(field string) bool { return field == exact }
	}
	return func(id identity) bool {
		switch property {
		case "":
			return slices.ContainsFunc(fields(id), fits)
		case "MetricName":
			return fits(id.name)
		case "Namespace":
			return fits(id.namespace)
		}
		value, ok := id.value(property)
		return ok && fits(value)
	}
}

func fields(id identity) []string {
	out := []string{id.namespace, id.name}
	for _, d := range id.dims {
		out = append(out, d.name, d.value)
	}
	return out
}

// loosely: an unquoted word matches a field that has all of its tokens.
func loosely(wanted string) func(string) bool {
	tokens := searchTokens(wanted)
	return func(field string) bool {
		have := searchTokens(field)
		for _, token := range tokens {
			if !slices.Contains(have, token) {
				return false
			}
		}
		return len(tokens) > 0
	}
}

// searchTokens cuts at what is neither letter nor digit and where lower case
// turns to upper case: CPUUtilization is cpu and utilization. The last capital
// of a run belongs to the word behind it.
func searchTokens(text string) []string {
	var tokens []string
	runes := []rune(text)
	from := 0
	flush := func(to int) {
		if to > from {
			tokens = append(tokens, strings.ToLower(string(runes[from:to])))
		}
		from = to
	}
	for i, c := range runes {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			flush(i)
			from = i + 1
		case i > 0 && unicode.IsUpper(c) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush(i)
		case i > 0 && unicode.IsDigit(c) != unicode.IsDigit(runes[i-1]):
			flush(i)
		}
	}
	flush(len(runes))
	return tokens
}
