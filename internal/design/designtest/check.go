package designtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/arm/schema"
)

// Check reports what no design may break. The type definitions cost most of a
// second to read: a test of many designs gives all of them at once, or keeps an
// Oracle.
func Check(t testing.TB, designs ...*design.Design) {
	t.Helper()
	o := NewOracle(t)
	for _, d := range designs {
		for _, fault := range o.Faults(d) {
			t.Error(fault)
		}
	}
}

// Oracle judges designs by the published types.
type Oracle struct {
	types *schema.Definitions
	facts *catalog.Catalog
}

// NewOracle reads the type definitions and the catalogue.
func NewOracle(t testing.TB) *Oracle {
	t.Helper()
	types, err := schema.Load(armtest.Types(t))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Oracle{types, facts}
}

// Faults returns what a design breaks, in order.
func (o *Oracle) Faults(d *design.Design) []string {
	c := &checker{d: d, types: o.types, facts: o.facts, byID: map[string]*design.Resource{}}
	c.all()
	return c.faults
}

type checker struct {
	d      *design.Design
	types  *schema.Definitions
	facts  *catalog.Catalog
	byID   map[string]*design.Resource
	faults []string
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) all() {
	for i := range c.d.Resources {
		r := &c.d.Resources[i]
		if c.byID[strings.ToLower(string(r.ID))] != nil {
			c.fault("%s is there twice", r.ID)
		}
		c.byID[strings.ToLower(string(r.ID))] = r
	}
	for i := range c.d.Resources {
		c.body(&c.d.Resources[i])
		c.texts(&c.d.Resources[i])
		c.place(&c.d.Resources[i])
	}
	for _, f := range defects(c.d) {
		c.fault("%s", f.Text)
	}
	decided := map[cloud.ResourceID]bool{}
	for i := range c.d.Decisions {
		one := &c.d.Decisions[i]
		if decided[one.Source] {
			c.fault("%s has two decisions", one.Source)
		}
		decided[one.Source] = true
		c.decision(one)
	}
	c.roundTrip()
}

// body asks the published types.
func (c *checker) body(r *design.Resource) {
	body := map[string]any{}
	for k, v := range r.Body {
		body[k] = v
	}
	if r.Location != "" {
		body["location"] = string(r.Location)
	}
	if len(r.Tags) > 0 {
		tags := map[string]any{}
		for k, v := range r.Tags {
			tags[k] = v
		}
		body["tags"] = tags
	}
	_, findings, known := c.types.Check(string(r.Type), body, schema.Mode{Deferred: true})
	if _, named := c.facts.NameRule(r.Type); !known && !named {
		c.fault("%s: neither the published types nor the table of names has %s", r.ID, r.Type)
	}
	for _, f := range findings {
		c.fault("%s: %s", r.ID, f.Message)
	}
	last := r.Name[strings.LastIndexByte(r.Name, '/')+1:]
	if text := c.types.CheckName(string(r.Type), last); text != "" {
		c.fault("%s: %s", r.ID, text)
	}
}

var (
	idForm        = regexp.MustCompile(`(?i)/subscriptions/[^/'"\s]+/resourceGroups/[^/'"\s]+/providers/[^'"\s,()]+`)
	parameterForm = regexp.MustCompile(`^\[parameters\('([^']+)'\)\]$`)
	outputForm    = regexp.MustCompile(`^\[reference\('([^']+)', '([^']+)'\)\.[A-Za-z0-9_.\[\]]+\]$`)
)

// texts follows every reference in a body.
func (c *checker) texts(r *design.Resource) {
	walk(r.Body, "", func(path, text string, isKey bool) {
		for _, id := range idForm.FindAllString(text, -1) {
			c.reference(r, path, id)
		}
		if isKey {
			return
		}
		secret := strings.HasSuffix(strings.ToLower(path), "password")
		switch {
		case strings.HasPrefix(text, "[parameters("):
			c.parameter(r, path, text, secret)
		case strings.HasPrefix(text, "[reference("):
			m := outputForm.FindStringSubmatch(text)
			if m == nil {
				c.fault("%s: %s: %q is no output", r.ID, path, text)
			} else if to := c.byID[strings.ToLower(m[1])]; to == nil || to.APIVersion != m[2] {
				c.fault("%s: %s: %q names nothing that is put, or another API version", r.ID, path, text)
			}
		case secret:
			c.fault("%s: %s holds a password", r.ID, path)
		}
	})
}

func (c *checker) parameter(r *design.Resource, path, text string, secret bool) {
	m := parameterForm.FindStringSubmatch(text)
	if m == nil {
		c.fault("%s: %s: %q is no parameter", r.ID, path, text)
		return
	}
	i := slices.IndexFunc(c.d.Parameters, func(p design.Parameter) bool { return p.Name == m[1] })
	switch {
	case i < 0:
		c.fault("%s: %s: parameter %q is not declared", r.ID, path, m[1])
	case secret && !c.d.Parameters[i].Secure:
		c.fault("%s: %s: parameter %q is not secure", r.ID, path, m[1])
	case c.d.Parameters[i].Description == "":
		c.fault("parameter %q has no description", m[1])
	}
}

// reference checks that an id names a resource that is put, or a part that
// its body has.
func (c *checker) reference(from *design.Resource, path, id string) {
	to, rest := c.nearest(id)
	if to == nil {
		c.fault("%s: %s: nothing is put as %s", from.ID, path, id)
		return
	}
	if to != from && !strings.HasPrefix(strings.ToLower(string(to.ID)), strings.ToLower(string(from.ID))+"/") && !slices.Contains(from.DependsOn, to.ID) {
		c.fault("%s: %s: dependsOn lacks %s", from.ID, path, to.ID)
	}
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	// Deeper parts are the part's own.
	if len(parts) > 1 && !hasPart(to, parts[0], parts[1]) {
		c.fault("%s: %s: %s has no %s %q", from.ID, path, to.ID, parts[0], parts[1])
	}
}

func (c *checker) nearest(id string) (*design.Resource, string) {
	whole := id
	for id != "" {
		if r := c.byID[strings.ToLower(id)]; r != nil {
			return r, whole[len(id):]
		}
		i := strings.LastIndexByte(id, '/')
		if i < 0 {
			break
		}
		id = id[:i]
	}
	return nil, ""
}

// hasPart looks a sub-resource up in a list of the body. A collection that
// the body does not have may be one that Azure makes by itself, except in
// the network provider, where every part stands in the body.
func hasPart(r *design.Resource, collection, name string) bool {
	properties, _ := r.Body["properties"].(map[string]any)
	for k, v := range properties {
		list, isList := v.([]any)
		if !isList || !strings.EqualFold(k, collection) {
			continue
		}
		return slices.ContainsFunc(list, func(e any) bool { return strings.EqualFold(design.Text(e, "name"), name) })
	}
	return !strings.HasPrefix(string(r.Type), "Microsoft.Network/")
}

// place checks what stands around the body.
func (c *checker) place(r *design.Resource) {
	if r.APIVersion == "" || r.Name == "" {
		c.fault("%s lacks its API version or its name", r.ID)
	}
	for _, id := range r.DependsOn {
		if c.byID[strings.ToLower(string(id))] == nil {
			c.fault("%s waits for %s, which is not put", r.ID, id)
		}
	}
	if r.Scope != "" && idForm.MatchString(string(r.Scope)) {
		c.reference(r, "scope", string(r.Scope))
	}
	if parts := strings.Split(string(r.Type), "/"); len(parts) > 2 && r.Scope == "" {
		parent := string(r.ID)
		for range 2 {
			parent = parent[:strings.LastIndexByte(parent, '/')]
		}
		// A level in between that Azure makes by itself ("blobServices/default")
		// needs no resource of its own.
		if to, _ := c.nearest(parent); to == nil {
			c.fault("%s stands in nothing that is put", r.ID)
		}
	}
}

func (c *checker) decision(d *design.Decision) {
	fail := func(format string, args ...any) {
		c.fault("decision for %s %s (%s): "+format, append([]any{d.Kind, d.Source, d.Rule}, args...)...)
	}
	switch d.Action {
	case design.Manual:
		if len(d.ToDo) == 0 {
			fail("it does not say what to do")
		}
	case design.Migrate:
		if len(d.Targets) == 0 {
			fail("it migrates to nothing")
		}
	case design.Replace, design.Retain, design.Retire:
	default:
		fail("action %q", d.Action)
	}
	if d.Why == "" || strings.Contains(d.Why, "\n") {
		fail("why is %q", d.Why)
	}
	if d.Confidence <= 0 || d.Confidence > 1 {
		fail("confidence is %v", d.Confidence)
	}
	for _, id := range d.Targets {
		if c.byID[strings.ToLower(string(id))] == nil {
			fail("target %s is not put", id)
		}
	}
	for _, g := range d.Gaps {
		if g.Title == "" || g.Severity == "" || g.Do == "" {
			fail("gap %q is not in the catalogue", g.ID)
		}
	}
	for _, a := range d.Alternatives {
		if a.Target == "" || a.WhyNot == "" {
			fail("an alternative without target or reason: %+v", a)
		}
	}
	if slices.Contains(d.ToDo, "") || d.Cost != nil && d.Cost.Basis == "" {
		fail("an empty to-do, or a cost that does not say where it comes from")
	}
	for _, text := range append([]string{d.Why}, d.ToDo...) {
		if strings.Contains(text, "%!") || strings.Contains(text, "<nil>") {
			fail("a broken sentence: %q", text)
		}
	}
}

// roundTrip checks that what is written is what is read.
func (c *checker) roundTrip() {
	first, err := json.Marshal(c.d)
	if err != nil {
		c.fault("write the design: %v", err)
		return
	}
	var back design.Design
	if err := json.Unmarshal(first, &back); err != nil {
		c.fault("read the design: %v", err)
		return
	}
	second, err := json.Marshal(back)
	if err != nil || !reflect.DeepEqual(first, second) {
		c.fault("the design reads back differently (%v)", err)
	}
}

// walk calls visit with every text and every key of a tree.
func walk(v any, path string, visit func(path, text string, isKey bool)) {
	switch v := v.(type) {
	case string:
		visit(path, v, false)
	case []any:
		for _, w := range v {
			walk(w, path, visit)
		}
	case map[string]any:
		for k, w := range v {
			visit(path, k, true)
			walk(w, strings.TrimPrefix(path+"."+k, "."), visit)
		}
	}
}

// Gaps checks a family's part of the gap catalogue from the folder of its
// package: every row is there once, and the code names every row.
func Gaps(t testing.TB, f design.Family) {
	t.Helper()
	entries, err := design.ParseGaps(f.Gaps)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(data)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.ID] {
			t.Errorf("gap %q is there twice", e.ID)
		}
		seen[e.ID] = true
		if !strings.Contains(code.String(), `"`+e.ID+`"`) {
			t.Errorf("no rule meets gap %q", e.ID)
		}
	}
}
