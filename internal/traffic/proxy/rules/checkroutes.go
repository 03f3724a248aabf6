package rules

import (
	"fmt"
	"maps"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (p *problems) routes(c *Config) {
	between(p, "routes", len(c.Routes), 1, maxRoutes)
	seen, splits := map[string]bool{}, false
	for i := range c.Routes {
		at, r := fmt.Sprintf("routes[%d]", i), &c.Routes[i]
		p.named(at+".name", r.Name)
		if seen[r.Name] {
			p.add(at+".name", "%q stands twice", r.Name)
		}
		seen[r.Name] = true
		splits = splits || r.Split != nil
		p.match(at+".match", r.Match)
		p.cohorts(at+".cohorts", r.Cohorts, c.Sides)
		switch {
		case (r.Side == "") == (r.Split == nil):
			p.add(at, "wants either side or split")
		case r.Split == nil:
			p.knownSide(at+".side", r.Side, c.Sides)
		default:
			p.split(at+".split", r.Split, c.Sides)
		}
		between(p, at+".bodyBytes", r.BodyBytes, 1, 1<<40)
		p.rate(at+".rate", r.Rate)
		if r.Shadow != nil {
			p.shadow(at+".shadow", r.Shadow, c.Sides)
		}
	}
	if splits && c.Salt == "" {
		p.add("salt", "wanted where a route is split: any text, the same on each instance, kept as long as the split")
	}
}

func (p *problems) knownSide(at, name string, sides map[string]Side) {
	if _, ok := sides[name]; !ok {
		p.add(at, "there is no side %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(sides)), ", "))
	}
}

func (p *problems) match(at string, m Match) {
	for i, h := range m.Hosts {
		name := strings.TrimPrefix(h, "*.")
		if name == "" || !httpguts.ValidHostHeader(name) || strings.ContainsAny(name, "*:/") {
			p.add(fmt.Sprintf("%s.hosts[%d]", at, i), "%q is no host name, and no *.NAME", h)
		}
	}
	given := 0
	for _, path := range []string{m.Path.Exact, m.Path.Prefix} {
		if path == "" {
			continue
		}
		given++
		if !strings.HasPrefix(path, "/") {
			p.add(at+".path", "%q does not begin with a slash", path)
		}
	}
	if m.Path.Regexp != "" {
		given++
		p.expression(at+".path.regexp", m.Path.Regexp)
	}
	if given > 1 {
		p.add(at+".path", "wants one of exact, prefix and regexp")
	}
	for i, method := range m.Methods {
		p.method(fmt.Sprintf("%s.methods[%d]", at, i), method)
	}
	for i, v := range m.Headers {
		p.value(fmt.Sprintf("%s.headers[%d]", at, i), v)
	}
	for i, v := range m.Cookies {
		p.value(fmt.Sprintf("%s.cookies[%d]", at, i), v)
	}
}

func (p *problems) method(at, method string) {
	if !httpguts.ValidHeaderFieldName(method) || strings.ToUpper(method) != method || method == "CONNECT" {
		p.add(at, "%q is no method in capital letters", method)
	}
}

func (p *problems) expression(at, text string) {
	if _, err := regexp.Compile(text); err != nil {
		p.add(at, "%s", err)
	}
}

func (p *problems) value(at string, v ValueMatch) {
	if !httpguts.ValidHeaderFieldName(v.Name) {
		p.add(at+".name", "%q is no name of a header or cookie", v.Name)
	}
	if v.Value != "" && v.Regexp != "" {
		p.add(at, "wants value or regexp, not both")
	}
	p.expression(at+".regexp", v.Regexp)
}

func (p *problems) cohorts(at string, list []Cohort, sides map[string]Side) {
	seen := map[string]bool{}
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", at, i)
		p.named(at+".name", c.Name)
		if seen[c.Name] {
			p.add(at+".name", "%q stands twice", c.Name)
		}
		seen[c.Name] = true
		if (c.Header == "") == (c.Cookie == "") || !httpguts.ValidHeaderFieldName(c.Header+c.Cookie) {
			p.add(at, "wants either header or cookie, by name")
		}
		if len(c.Values) == 0 || slices.Contains(c.Values, "") {
			p.add(at+".values", "wants values, none of them empty")
		}
		p.knownSide(at+".side", c.Side, sides)
	}
}

func (p *problems) split(at string, s *Split, sides map[string]Side) {
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(s.Weights)) {
		p.knownSide(at+".weights."+name, name, sides)
		between(p, at+".weights."+name, s.Weights[name], 0, Whole)
		sum += s.Weights[name]
	}
	if sum != Whole {
		p.add(at+".weights", "add up to %d, want %d (basis points)", sum, Whole)
	}
	given := 0
	for _, name := range []string{s.Key.Header, s.Key.Cookie} {
		if name == "" {
			continue
		}
		given++
		if !httpguts.ValidHeaderFieldName(name) {
			p.add(at+".key", "%q is no name of a header or cookie", name)
		}
	}
	if s.Key.Client {
		given++
	}
	if given > 1 {
		p.add(at+".key", "wants one of header, cookie and client")
	}
}

// OwnHeader marks a copied request for the workload.
const OwnHeader = "X-Landfall-Shadow"

func (p *problems) shadow(at string, s *Shadow, sides map[string]Side) {
	p.knownSide(at+".side", s.Side, sides)
	between(p, at+".share", s.Share, 0, Whole)
	for i, method := range s.Methods {
		p.method(fmt.Sprintf("%s.methods[%d]", at, i), method)
	}
	for i, name := range s.Headers {
		if !httpguts.ValidHeaderFieldName(name) || textproto.CanonicalMIMEHeaderKey(name) == OwnHeader {
			p.add(fmt.Sprintf("%s.headers[%d]", at, i), "%q is no header to compare", name)
		}
	}
	for i, path := range s.Ignore {
		if !strings.HasPrefix(path, "$") {
			p.add(fmt.Sprintf("%s.ignore[%d]", at, i), "%q is no path of a field, such as $.items[].id", path)
		}
	}
}
