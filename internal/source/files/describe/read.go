package describe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// reader reads one file.
type reader struct {
	ctx   context.Context
	q     format.Request
	set   *Set
	out   *format.Output
	at    locator
	named named
	// tags are what DescribeTags says, one entry for each tag, by resource.
	tags map[string]*format.Bare
	// strange are the members of answers that hold nothing known.
	strange []string
	// unzoned are the records whose hosted zone is not known.
	unzoned int
}

// Read reads a file. Its error ends the scan.
func (s *Set) Read(ctx context.Context, q format.Request, to source.Sink) error {
	out := format.NewOutput(to, inventory.Describe, q.Document)
	r := &reader{ctx: ctx, q: q, set: s, out: out, at: s.locator(q), named: s.table.nameOf(q.Document.Name), tags: map[string]*format.Bare{}}
	err := r.read()
	if err == nil {
		err = r.finish()
	}
	return out.Finish(err)
}

func (r *reader) read() error {
	head, err := r.q.Document.Head(8192)
	if err != nil && len(head) == 0 {
		return err
	}
	text := bytes.TrimSpace(head)
	code, operation, found := failed(text)
	switch {
	case found:
		r.unread(code, operation, "")
		return nil
	case len(text) == 0:
		r.unread("", "", "the file is empty: the command wrote nothing")
		return nil
	case string(text) == "null" || string(text) == "None": // --query found nothing, in JSON and as text
		r.unread("", "", "the answer is null: the --query found nothing in it")
		return nil
	case startsJSON(text) || text[0] == '"':
		return r.readJSON()
	case bytes.Contains(text, []byte(":")) && !bytes.HasPrefix(text, []byte("|")) && !bytes.HasPrefix(text, []byte("---------")):
		return r.readYAML()
	}
	return fault.Newf(fault.Invalid, "read output: it is neither JSON nor YAML").Hintf("run the command with --output json")
}

func (r *reader) readJSON() error {
	text, err := r.q.Document.Text()
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }() // it was only read
	j := r.q.Document.JSON(text)
	for n := 0; j.Next(); n++ {
		place := "#"
		if n > 0 {
			place = fmt.Sprintf("#%d", n+1) // the second text of the file
		}
		if err := r.top(j, place); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) top(j *document.JSON, place string) error {
	kind, _, err := j.Open()
	switch {
	case err != nil:
		return err
	case kind == document.Object:
		return r.answer(j, place)
	case kind == document.List:
		for i := 0; j.Next(); i++ {
			var element any
			if err := r.value(j, &element); err != nil {
				return err
			}
			if err := r.loose(document.Plain(element), fmt.Sprintf("%s/%d", place, i), 0); err != nil {
				return err
			}
		}
		return j.Close()
	}
	r.out.Refused(place, fault.Newf(fault.Invalid, "read output: a single value tells no resource"))
	return nil
}

// value decodes a value of any form; only a broken text is an error.
func (r *reader) value(j *document.JSON, into *any) error {
	if err := errors.Join(r.ctx.Err(), r.out.Ended()); err != nil {
		return err
	}
	return j.Value(into)
}

// answer reads the members of an object that was entered. Lists of elements
// are read one by one, whatever their length.
func (r *reader) answer(j *document.JSON, place string) error {
	a := answer{reader: r, place: place, rest: map[string]any{}}
	for j.Next() {
		name, err := j.Name()
		if err != nil {
			return err
		}
		if rows := r.set.table.byMember[name]; a.streams(rows) {
			err = a.list(j, name, rows)
		} else {
			var value any
			if err = r.value(j, &value); err == nil {
				a.rest[name] = document.Plain(value)
			}
		}
		if err != nil {
			return err
		}
	}
	if err := a.finish(); err != nil {
		return err
	}
	return j.Close()
}

func (r *reader) readYAML() error {
	values, err := r.q.Document.YAML()
	for i, value := range values {
		place := fmt.Sprintf("#%d", i+1)
		switch value := value.(type) {
		case map[string]any:
			err = errors.Join(err, r.tree(value, place))
		case []any:
			err = errors.Join(err, r.loose(value, place, 0))
		default:
			err = errors.Join(err, fault.Newf(fault.Invalid, "read output: it is neither JSON nor YAML").Hintf("run the command with --output json"))
		}
	}
	return err
}

// tree reads an answer that is in memory.
func (r *reader) tree(object map[string]any, place string) error {
	a := answer{reader: r, place: place, rest: map[string]any{}}
	for _, name := range sortedNames(object) {
		rows := r.set.table.byMember[name]
		list, isList := object[name].([]any)
		if !a.streams(rows) || !isList {
			a.rest[name] = object[name]
			continue
		}
		a.enter(rows)
		for i, element := range list {
			if err := a.element(rows, element, fmt.Sprintf("%s/%s/%d", place, name, i)); err != nil {
				return err
			}
		}
		a.strangers(name)
	}
	return a.finish()
}

// loose reads an element of a bare list, which --query made of an answer:
// elements, lists of elements ("Reservations[].Instances"), ARNs, or whole
// answers after one another.
func (r *reader) loose(element any, place string, depth int) error {
	const deepest = 3
	switch element := element.(type) {
	case []any:
		if depth == deepest {
			r.out.Refused(place, fault.Newf(fault.Invalid, "read list: lists nest deeper than any answer"))
			return nil
		}
		for i, member := range element {
			if err := r.loose(member, fmt.Sprintf("%s/%d", place, i), depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		return r.looseObject(element, place)
	case string:
		return r.looseText(element, place)
	default:
		r.out.Refused(place, fault.Newf(fault.Invalid, "read list: a value without a name tells no resource").
			Hintf("export whole elements, without --query"))
	}
	return r.out.Ended()
}

func (r *reader) looseObject(object map[string]any, place string) error {
	if row := choose(r.named.rows(r.set.table), r.named, object); row != nil {
		return r.emit(row, object, place)
	}
	if row := choose(r.set.table.elements(), r.named, object); row != nil {
		return r.emit(row, object, place)
	}
	for name := range object {
		if r.set.table.byMember[name] != nil {
			return r.tree(object, place)
		}
	}
	r.out.Refused(place, fault.Newf(fault.Unsupported, "read list: which kind the element with %s is cannot be told", names(object)).
		Hintf("name the file after the command, such as describe-instances.json"))
	return nil
}

func (r *reader) looseText(text, place string) error {
	for _, row := range r.named.rows(r.set.table) {
		if row.wrap != "" {
			return r.emit(row, map[string]any{row.wrap: text}, place)
		}
	}
	resource, ok := format.Bare{ARN: text, Place: r.at.general()}.Resource(r.q.Kinds)
	if !ok {
		r.out.Refused(place, fault.Newf(fault.Invalid, "read list: %q is no ARN", format.Cut(text)))
		return nil
	}
	return r.out.Found(place, resource)
}

// rows are the operations that the name of the file means.
func (n named) rows(t *table) []*command {
	var out []*command
	for _, o := range t.byName[n.operation] {
		if n.service == "" || o.service == n.service {
			out = append(out, o)
		}
	}
	return out
}

// elements are the operations by which an element alone can be known.
func (t *table) elements() []*command {
	var out []*command
	for _, o := range t.all {
		if len(o.members) > 1 && o.kind != "" {
			out = append(out, o)
		}
	}
	return out
}

// finish hands over what was gathered, and refuses what nothing is known of.
func (r *reader) finish() error {
	for _, id := range sortedNames(r.tags) {
		b := r.tags[id]
		if resource, ok := b.Resource(r.q.Kinds); ok {
			if err := r.out.Found("", resource); err != nil {
				return err
			}
		}
	}
	if r.unzoned > 0 {
		r.out.Refused("", fault.Newf(fault.Invalid, "read records: the output does not say of which hosted zone %d of them are", r.unzoned).
			Hintf("name the file after the zone, such as list-resource-record-sets-Z0123456789.json, or give list-hosted-zones.json as well"))
	}
	if len(r.strange) > 0 {
		slices.Sort(r.strange)
		r.out.Refused("", fault.Newf(fault.Unsupported, "read output: no kind of resource is known by %s", format.Cut(strings.Join(slices.Compact(r.strange), ", "))))
	}
	return nil
}

// folder is where a file lies: the pages of one answer lie in one folder.
func (r *reader) folder() string { return path.Dir(strings.ReplaceAll(r.q.Document.Name, `\`, "/")) }

func sortedNames[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// names are the members of an object, for a reason.
func names(object map[string]any) string {
	if len(object) == 0 {
		return "no members"
	}
	return "the members " + format.Cut(strings.Join(sortedNames(object), ", "))
}
