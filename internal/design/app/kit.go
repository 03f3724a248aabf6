package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// The confidences that design.Decision.Confidence names.
const (
	likeForLike = common.LikeForLike
	inNamedGaps = common.NamedGaps
	redesign    = common.Redesign
	aGuess      = common.Guess
)

// told is the sheet of one resource, with what this package says of many.
type told struct {
	*common.Sheet
	c *design.Context
	r *inventory.Resource
}

func tell(c *design.Context, r *inventory.Resource, action design.Action, confidence float64) *told {
	t := &told{Sheet: common.Open(c, r), c: c, r: r}
	t.Action, t.Confidence = action, confidence
	return t
}

func (t *told) why(format string, args ...any) *told {
	t.Why = common.Readable(fmt.Sprintf(format, args...))
	return t
}

func (t *told) gap(id, at string)               { t.Gap(id, at) }
func (t *told) gapOf(id, property string)       { t.gap(id, property+"="+shown(t.at(property))) }
func (t *told) todo(format string, args ...any) { t.Do(format, args...) }
func (t *told) other(target, whyNot string)     { t.Not(target, whyNot) }
func (t *told) at(property string) any          { return t.At(property) }
func (t *told) text(property string) string     { return t.Text(property) }

// done returns the decision, with the properties that no rule reads named. A
// name may end in * for all that begin so.
func (t *told) done(read ...string) design.Decision {
	t.Knows("State", "Status")
	for _, name := range slices.Sorted(maps.Keys(map[string]any(t.r.Properties))) {
		if slices.ContainsFunc(read, func(known string) bool { return covers(known, name) }) {
			t.Knows(name)
		}
	}
	if t.r.Properties == nil && len(t.ToDo) == 0 && t.Action != design.Retire {
		t.todo("read the configuration of %s: only its existence is known, and defaults stand in", t.r.Name)
	}
	return t.Done()
}

func covers(known, name string) bool {
	if head, ok := strings.CutSuffix(known, "*"); ok {
		return strings.HasPrefix(name, head)
	}
	return known == name
}

// said reports whether a value says anything.
func said(v any) bool { return common.Said(v) }

// full gives a value as a text: what is not one as JSON.
func full(v any) string {
	text, ok := v.(string)
	if !ok {
		encoded, err := json.Marshal(v)
		if err != nil {
			return "?"
		}
		text = string(encoded)
	}
	return text
}

// shown gives a value in few characters, for people to read.
func shown(v any) string {
	text := common.Readable(full(v))
	if len(text) > 120 {
		text = strings.ToValidUTF8(text[:117], "") + "..."
	}
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(text)
}

// object returns a mapping that is given as such or as JSON text, as policies,
// patterns and definitions are.
func object(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		out := map[string]any{}
		if json.Unmarshal([]byte(v), &out) == nil {
			return out
		}
	}
	return map[string]any{}
}

// unknown reports a value that only the deployment of the template would tell:
// a reference to something that is no resource, or a parameter without value.
func unknown(v any) bool {
	text, ok := v.(string)
	return ok && strings.Contains(text, "${")
}

// seconds gives a duration as the target's APIs write it (ISO 8601).
func seconds(n int) string {
	day := 24 * 60 * 60
	switch {
	case n > 0 && n%day == 0:
		return "P" + strconv.Itoa(n/day) + "D"
	case n > 0 && n%60 == 0:
		return "PT" + strconv.Itoa(n/60) + "M"
	}
	return "PT" + strconv.Itoa(n) + "S"
}

// parentOf is the id of the resource that a child stands in.
func parentOf(id cloud.ResourceID) cloud.ResourceID {
	parts := strings.Split(string(id), "/")
	if len(parts) < 3 {
		return id
	}
	return cloud.ResourceID(strings.Join(parts[:len(parts)-2], "/"))
}

// text gives a pointer, nil for "": models leave out what is nil.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// arnService returns the service in an ARN ("sqs"), "" for what is none.
func arnService(arn string) string {
	parts := strings.SplitN(arn, ":", 4)
	if len(parts) < 4 || parts[0] != "arn" {
		return ""
	}
	return parts[2]
}

// names joins resources' names.
func names(list []*inventory.Resource) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Name)
	}
	return strings.Join(out, ", ")
}

// called is what target names are made of: what a template and a scan of the
// account both know. A task definition is known by its family.
func called(r *inventory.Resource) string {
	if r.Kind == taskKind {
		if family := design.Text(r.Properties, "Family"); family != "" && !unknown(family) {
			return family
		}
	}
	return r.Name
}

// parameterIn is the name in the expression of a parameter.
func parameterIn(expression string) string {
	return strings.TrimSuffix(strings.TrimPrefix(expression, "[parameters('"), "')]")
}
