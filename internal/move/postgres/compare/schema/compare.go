package schema

import (
	"slices"
	"sort"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// Compare compares two catalogues.
func Compare(source, target Catalogue, known Known) Result {
	c := comparing{source, target, known, roleSet(target.Roles), map[string]bool{}}
	for _, o := range source.Objects {
		if o.Kind == "schema" {
			c.schemas[o.Schema] = true
		}
	}
	r := Result{Equal: map[string]int{}, SourceUnread: source.Unread, TargetUnread: target.Unread}
	others := map[[2]string]Object{}
	for _, o := range target.Objects {
		others[[2]string{o.Kind, o.Name}] = o
	}
	for _, o := range source.Objects {
		o = c.renamed(o)
		key := [2]string{o.Kind, o.Name}
		other, there := others[key]
		if !there {
			r.Missing = append(r.Missing, c.missing(o))
			continue
		}
		delete(others, key)
		if d, differs := c.different(o, other); differs {
			r.Different = append(r.Different, d)
		} else {
			r.Equal[o.Kind]++
		}
	}
	for _, o := range others {
		r.Extra = append(r.Extra, c.extra(o))
	}
	renamedByParents(r.Missing, r.Extra, source, others)
	for _, list := range [][]Difference{r.Missing, r.Extra, r.Different} {
		slices.SortFunc(list, func(a, b Difference) int {
			return compareObjects(Object{Kind: a.Kind, Name: a.Name}, Object{Kind: b.Kind, Name: b.Name})
		})
	}
	return r
}

type comparing struct {
	source, target Catalogue
	known          Known
	// targetRoles are roles of the target, schemas those of the source.
	targetRoles, schemas map[string]bool
}

func roleSet(roles []string) map[string]bool {
	out := map[string]bool{"PUBLIC": true}
	for _, r := range roles {
		out[r] = true
	}
	return out
}

// renamed is the source's object with the target's names of roles.
func (c comparing) renamed(o Object) Object {
	if to := c.known.Roles[o.Owner]; to != "" {
		o.Owner = to
	}
	if len(c.known.Roles) == 0 || len(o.Grants) == 0 {
		return o
	}
	grants := slices.Clone(o.Grants)
	for i, g := range grants {
		role, rest, _ := strings.Cut(g, ": ")
		if to := c.known.Roles[role]; to != "" {
			grants[i] = to + ": " + rest
		}
	}
	sort.Strings(grants)
	o.Grants = grants
	return o
}

// texts are all that there is to compare of an object, by name.
func (c comparing) texts(o Object) map[string]string {
	out := map[string]string{}
	for name, text := range o.Fields {
		out[name] = text
	}
	out["owner"], out["comment"] = o.Owner, o.Comment
	out["grants"] = strings.Join(c.grants(o.Grants), "\n")
	if o.Kind == "column" {
		delete(out, "owner") // the table says it
	}
	out["labels"] = strings.Join(o.Labels, "\n")
	for name, text := range out {
		if text == "" {
			delete(out, name)
		}
	}
	return out
}

// maintain is the version whose owners have MAINTAIN on their tables by default:
// older ones have no such privilege.
const maintain = 17

func (c comparing) grants(lines []string) []string {
	if min(c.source.Server.Major(), c.target.Server.Major()) >= maintain {
		return lines
	}
	var out []string
	for _, line := range lines {
		role, list, _ := strings.Cut(line, ": ")
		privileges, by, _ := strings.Cut(list, " (by ")
		kept := slices.DeleteFunc(strings.Split(privileges, ", "), func(p string) bool { return strings.TrimSuffix(p, "*") == "MAINTAIN" })
		if len(kept) == 0 {
			continue
		}
		line = role + ": " + strings.Join(kept, ", ")
		if by != "" {
			line += " (by " + by
		}
		out = append(out, line)
	}
	return out
}

func (c comparing) different(source, target Object) (Difference, bool) {
	d := Difference{Kind: source.Kind, Name: source.Name}
	a, b := c.texts(source), c.texts(target)
	expected := map[string]string{}
	for _, name := range names(a, b) {
		if a[name] == b[name] {
			continue
		}
		d.Fields = append(d.Fields, name)
		expected[name] = c.expects(source, target, name)
	}
	if d.Fields == nil {
		return d, false
	}
	d.Source, d.Target = write(a, d.Fields), write(b, d.Fields)
	d.Expected = expected[d.Fields[0]]
	for _, name := range d.Fields {
		if expected[name] == "" {
			d.Expected = ""
			break
		}
	}
	return c.explained(d), true
}

func (c comparing) missing(o Object) Difference {
	texts := c.texts(o)
	d := Difference{Kind: o.Kind, Name: o.Name, Source: write(texts, names(texts, nil))}
	switch {
	case notCarried(o.Kind):
		d.Expected = NotCarried
	case provided(o, c.source.Server.Platform):
		d.Expected = ByProvider
	case c.known.Fenced && fencing(o):
		d.Expected = ByFence
	case c.ofOneVersion(o):
		d.Expected = ByVersion
	case !c.target.Server.Superuser && c.target.Server.Platform != pg.Plain && superusers(o):
		d.Expected = BySuperuser
	}
	return c.explained(d)
}

func (c comparing) extra(o Object) Difference {
	texts := c.texts(o)
	d := Difference{Kind: o.Kind, Name: o.Name, Target: write(texts, names(texts, nil))}
	switch {
	case notCarried(o.Kind):
		d.Expected = NotCarried
	case provided(o, c.target.Server.Platform):
		d.Expected = ByProvider
	case c.ofOneVersion(o):
		d.Expected = ByVersion
	}
	return c.explained(d)
}

func (c comparing) explained(d Difference) Difference {
	if d.Expected == "" && c.known.Expect != nil {
		d.Expected = c.known.Expect(d)
	}
	return d
}

func names(a, b map[string]string) []string {
	var out []string
	for name := range a {
		out = append(out, name)
	}
	for name := range b {
		if _, twice := a[name]; !twice {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// write is the text of some fields, a line each; what has several lines is
// indented.
func write(texts map[string]string, fields []string) string {
	var lines []string
	for _, name := range fields {
		text, there := texts[name]
		if !there {
			continue
		}
		if strings.Contains(text, "\n") {
			text = "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
		}
		lines = append(lines, name+": "+text)
	}
	return strings.Join(lines, "\n")
}
