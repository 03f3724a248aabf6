package control

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Limits of tags (tag resources page).
const (
	maxTags        = 50
	maxTagName     = 512
	maxTagValue    = 256
	forbiddenInTag = `<>%&\?/`
)

func checkTags(body map[string]any) error {
	given, ok := document.Member(body, "tags")
	if !ok || given == nil {
		return nil
	}
	tags, ok := given.(map[string]any)
	if !ok {
		return armerror.BadRequest("InvalidRequestContent", "The request content was invalid: 'tags' is not an object.").At("tags")
	}
	if len(tags) > maxTags {
		return armerror.BadRequest("InvalidTags", "The number of tags %d exceeds the maximum %d.", len(tags), maxTags)
	}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		value, isText := tags[name].(string)
		switch {
		case name == "" || len(name) > maxTagName || strings.ContainsAny(name, forbiddenInTag):
			return armerror.BadRequest("InvalidTagNameCharacters", "The tag name '%s' is empty, longer than %d characters or has one of these reserved characters '%s'.", name, maxTagName, forbiddenInTag)
		case tags[name] != nil && !isText:
			return armerror.BadRequest("InvalidRequestContent", "The value of tag '%s' is not a string.", name).At("tags." + name)
		case len(value) > maxTagValue:
			return armerror.BadRequest("InvalidTagValueLength", "The value of tag '%s' is longer than %d characters.", name, maxTagValue)
		}
	}
	return nil
}

// tagged finds the record whose tags a tags resource stands for.
func (p *Plane) tagged(id armid.ID) (*record, error) {
	if !strings.EqualFold(id.Name(), "default") {
		return nil, armerror.BadRequest("InvalidTagsName", "The tags resource is named 'default', not '%s'.", id.Name())
	}
	scope := id.Scope()
	r, ok := p.records[scope.Key()]
	if !ok {
		return nil, p.absent(scope)
	}
	return r, nil
}

// Tags answers the tags resource of a scope.
func (p *Plane) Tags(id armid.ID) (View, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.tagged(id)
	if err != nil {
		return View{}, err
	}
	return tagsView(id, r), nil
}

func tagsView(id armid.ID, r *record) View {
	return View{ID: id, State: Succeeded, Body: map[string]any{"id": id.String(), "name": "default", "type": "Microsoft.Resources/tags", "properties": map[string]any{"tags": tagsOf(r.written)}}}
}

// writeTags replaces (PUT) or, by its operation, merges, replaces or deletes
// (PATCH) the tags of a scope.
func (p *Plane) writeTags(w Write) (Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.tagged(w.ID)
	if err != nil {
		if w.Check && w.Assume[w.ID.Scope().Key()] {
			return Outcome{Status: http.StatusOK}, nil
		}
		return Outcome{}, err
	}
	if err := p.writable(w.ID.Scope()); err != nil {
		return Outcome{}, err
	}
	given := document.Object(w.Body, "properties.tags")
	if given == nil {
		return Outcome{}, armerror.BadRequest("InvalidRequestContent", "The request content was invalid: 'properties.tags' is missing.").At("properties.tags")
	}
	tags, err := newTags(tagsOf(r.written), given, w)
	if err != nil {
		return Outcome{}, err
	}
	if err := checkTags(map[string]any{"tags": tags}); err != nil || w.Check {
		return Outcome{View: tagsView(w.ID, r), Status: http.StatusOK}, err
	}
	return Outcome{View: tagsView(w.ID, p.setTags(r, tags)), Status: http.StatusOK}, nil
}

func newTags(old, given map[string]any, w Write) (map[string]any, error) {
	operation := document.Text(w.Body, "operation")
	if !w.Patch {
		return given, nil
	}
	next := maps.Clone(old)
	switch strings.ToLower(operation) {
	case "replace":
		return given, nil
	case "merge":
		for name, value := range given {
			deleteTag(next, name)
			next[name] = value
		}
	case "delete":
		for name := range given {
			deleteTag(next, name)
		}
	default:
		return nil, armerror.BadRequest("InvalidTagPatchOperation", "The operation '%s' is not one of 'Merge', 'Replace', 'Delete'.", operation).At("operation")
	}
	return next, nil
}

// deleteTag removes a tag; tag names are compared without regard to case.
func deleteTag(tags map[string]any, name string) {
	for key := range tags {
		if strings.EqualFold(key, name) {
			delete(tags, key)
		}
	}
}

func (p *Plane) setTags(old *record, tags map[string]any) *record {
	r := *old
	r.written, r.changed = document.Set(old.written, "tags", tags), p.options.Now()
	p.put(&r)
	p.refill(&r)
	return &r
}

func (p *Plane) deleteTags(d Remove) (Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := p.tagged(d.ID)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.writable(d.ID.Scope()); err != nil || d.Check {
		return Outcome{Status: http.StatusOK}, err
	}
	p.setTags(r, map[string]any{})
	return Outcome{Status: http.StatusOK}, nil
}

// TagNames counts the tags in use in the subscription.
func (p *Plane) TagNames() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]map[string]int64{}
	for _, r := range p.records {
		for name, value := range tagsOf(r.written) {
			if counts[name] == nil {
				counts[name] = map[string]int64{}
			}
			text, _ := value.(string)
			counts[name][text]++
		}
	}
	var out []map[string]any
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		total, values := int64(0), []any{}
		for _, value := range slices.Sorted(maps.Keys(counts[name])) {
			n := counts[name][value]
			total += n
			values = append(values, map[string]any{"tagValue": value, "count": map[string]any{"type": "Total", "value": n}})
		}
		out = append(out, map[string]any{"id": p.Subscription().String() + "/tagNames/" + name, "tagName": name, "count": map[string]any{"type": "Total", "value": total}, "values": values})
	}
	return out
}
