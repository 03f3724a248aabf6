package cloudformation

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/cloudformation/template"
)

// The bounds of a run.
const (
	maxNesting = 10
	maxStacks  = 5_000
)

// root is a template that is a stack of its own.
type root struct {
	doc   *document
	stack string
}

// run reads the templates given together.
type run struct {
	o       Options
	library *library
	kinds   *kinds.Converter
	log     *slog.Logger

	// stacks are the top stacks by name, built when first asked for.
	stacks map[string]*stack
	docs   map[string]*document
	built  int
	// exports says where an export comes from; nil while that is being found out.
	exports map[string]exported
	// broken holds the top stacks at which the reader itself broke down.
	broken map[string]string
	result Result
}

// exported is the place of an export. The same name from two stacks is nobody's.
type exported struct {
	path      []string // the top stack, then the nested ones
	output    string
	ambiguous bool
}

func newRun(o Options) *run {
	r := &run{o: o, library: newLibrary(o), kinds: o.Kinds, log: o.Log, broken: map[string]string{}}
	if r.kinds == nil {
		r.kinds = kinds.New()
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

// usable says why a document cannot be read as a template.
func (r *run) usable(d *document) error {
	switch {
	case d.err != nil:
		return d.err
	case !isTemplate(d.tree):
		return fault.Newf(fault.Invalid, "parse: no CloudFormation template: it has neither Resources nor AWSTemplateFormatVersion")
	}
	return nil
}

func isTemplate(t *template.Template) bool {
	for _, key := range []string{"Resources", "AWSTemplateFormatVersion", "Fn::Transform"} {
		if _, ok := t.Body[key]; ok {
			return true
		}
	}
	return false
}

// roots takes the files in the order of their paths. Equal texts are one
// template, whatever the copies are called.
func (r *run) roots(files []File) []root {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int {
		return cmp.Or(cmp.Compare(len(path.Clean(a.Name)), len(path.Clean(b.Name))), cmp.Compare(path.Clean(a.Name), path.Clean(b.Name)), cmp.Compare(a.Stack, b.Stack))
	})
	var out []root
	seen := map[string]bool{}
	for _, f := range files {
		d := r.library.add(f)
		key := d.sum + "|" + f.Stack
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := r.usable(d); err != nil {
			r.refuse(d.name, "", template.Place{}, err.Error())
			continue
		}
		out = append(out, root{d, f.Stack})
	}
	nameStacks(out)
	return out
}

// nameStacks gives every template without a name one of its own: the file's
// name, with as many folders before it as it takes to tell them apart.
func nameStacks(roots []root) {
	taken := map[string]int{}
	level := make([]int, len(roots))
	name := func(i int) string {
		if roots[i].stack != "" {
			return clean(roots[i].stack)
		}
		parts := []string{stackName(roots[i].doc.name)}
		dir := path.Dir(path.Clean(roots[i].doc.name))
		for range level[i] {
			parts = append([]string{clean(path.Base(dir))}, parts...)
			dir = path.Dir(dir)
		}
		return strings.Join(parts, "-")
	}
	const deepest = 6
	for range deepest {
		clear(taken)
		for i := range roots {
			taken[name(i)]++
		}
		for i := range roots {
			if taken[name(i)] > 1 && roots[i].stack == "" {
				level[i]++
			}
		}
	}
	used, chosen := map[string]bool{}, make([]string, len(roots))
	for i := range roots {
		chosen[i] = name(i)
		for n := 2; used[chosen[i]]; n++ {
			chosen[i] = name(i) + "-" + strconv.Itoa(n)
		}
		used[chosen[i]] = true
	}
	for i := range roots { // afterwards, because name tells given names from made ones
		roots[i].stack = chosen[i]
	}
}

// read evaluates the templates: once to see which are nested in others and
// what is exported, and then for good.
func (r *run) read(roots []root) Result {
	for i := range roots {
		if roots[i].stack = clean(roots[i].stack); roots[i].stack == noName {
			roots[i].stack = stackName(roots[i].doc.name)
		}
	}
	refused := r.result.Refused
	top := r.survey(roots)
	r.begin(top)
	r.result.Refused = refused
	for _, t := range top {
		r.guarded(t, func() { r.report(r.stack(t.stack)) })
	}
	for _, t := range roots {
		if reason, ok := r.broken[t.stack]; ok {
			r.refuse(t.doc.name, "", template.Place{}, "the reader broke down: "+reason)
		}
	}
	return r.sorted()
}

// guarded does something with a top stack and reports whether it went well. A
// template that breaks the reader costs itself alone, not the whole run.
func (r *run) guarded(t root, do func()) (ok bool) {
	if _, before := r.broken[t.stack]; before {
		return false
	}
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("reader broke down", "file", t.doc.name, "reason", p, "stack", string(debug.Stack()))
			r.broken[t.stack], ok = fmt.Sprint(p), false
		}
	}()
	do()
	return true
}

// begin forgets all stacks.
func (r *run) begin(roots []root) {
	r.stacks, r.docs, r.built = map[string]*stack{}, map[string]*document{}, 0
	r.result = Result{}
	for _, t := range roots {
		r.docs[t.stack] = t.doc
	}
}

// survey returns the roots that no other root nests, and notes the exports.
func (r *run) survey(roots []root) []root {
	r.begin(roots)
	nested := map[string]map[string]bool{} // document -> the roots that nest it
	for _, t := range roots {
		r.guarded(t, func() {
			for _, sum := range r.nestedIn(t) {
				if nested[sum] == nil {
					nested[sum] = map[string]bool{}
				}
				nested[sum][t.doc.sum] = true
			}
		})
	}
	covered := map[string]bool{}
	var top []root
	take := func(t root) {
		top = append(top, t)
		covered[t.doc.sum] = true
		for sum, by := range nested {
			if by[t.doc.sum] {
				covered[sum] = true
			}
		}
	}
	for _, t := range roots {
		if by := nested[t.doc.sum]; len(by) == 0 || len(by) == 1 && by[t.doc.sum] {
			take(t)
		}
	}
	for _, t := range roots { // what is left nests itself in a circle: its first begins it
		if !covered[t.doc.sum] {
			take(t)
		}
	}
	exports := map[string]exported{}
	for _, t := range top {
		r.guarded(t, func() {
			r.walk(r.stack(t.stack), func(s *stack) {
				for name, output := range s.exportNames() {
					_, twice := exports[name]
					exports[name] = exported{s.path(), output, twice}
				}
			})
		})
	}
	r.exports = exports
	return top
}

// nestedIn names the documents that a root nests, at any depth.
func (r *run) nestedIn(t root) []string {
	var sums []string
	r.walk(r.stack(t.stack), func(s *stack) {
		if s.parent != nil {
			sums = append(sums, s.doc.sum)
		}
	})
	return sums
}

// stack returns a top stack by its name.
func (r *run) stack(name string) *stack {
	if s, ok := r.stacks[name]; ok {
		return s
	}
	d, ok := r.docs[name]
	if !ok {
		return nil
	}
	given := map[string]any{}
	for k, v := range r.o.Parameters {
		given[k] = v
	}
	s := &stack{run: r, name: name, doc: d}
	r.stacks[name] = s // before it is built: an import may come back to it
	s.build(given)
	return s
}

// walk visits a stack and all stacks nested in it.
func (r *run) walk(s *stack, visit func(*stack)) {
	visit(s)
	for _, name := range s.nestedNames() {
		if child := s.child(name); child != nil {
			r.walk(child, visit)
		}
	}
}

// imported resolves an import through to the resource that the exporting
// stack's output stands for.
func (r *run) imported(name string) (any, bool) {
	e, ok := r.exports[name]
	if !ok || e.ambiguous {
		return nil, false
	}
	s := r.stack(e.path[0])
	for _, nested := range e.path[1:] {
		if s == nil {
			return nil, false
		}
		s = s.child(nested)
	}
	if s == nil || s.eval == nil {
		return nil, false
	}
	return s.output(e.output)
}

// refuse notes what was not understood. path is the place in the document.
func (r *run) refuse(file, at string, place template.Place, reason string) {
	if at != "" {
		file += "#/" + at
	}
	if place.Line > 0 {
		reason = place.String() + ": " + reason
	}
	r.result.Refused = append(r.result.Refused, inventory.Refused{File: file, Reason: strings.Join(strings.Fields(reason), " ")})
}

// unread notes what exists and was not read.
func (r *run) unread(file, at, reason, hides string) {
	if at != "" {
		file += "#/" + at
	}
	r.result.Unread = append(r.result.Unread, inventory.Unread{
		Source: inventory.CloudFormation, Operation: file, Account: r.o.Account, Region: r.o.Region, Reason: reason, Hides: hides,
	})
}

func (r *run) sorted() Result {
	out := r.result
	slices.SortFunc(out.Observations, func(a, b inventory.Observation) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Origin, b.Origin))
	})
	slices.SortFunc(out.Refused, func(a, b inventory.Refused) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(out.Unread, func(a, b inventory.Unread) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Hides, b.Hides))
	})
	fold(out.Observations) // in the order of their ids, so that lists have one order
	out.Refused, out.Unread = slices.Compact(out.Refused), slices.Compact(out.Unread)
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
