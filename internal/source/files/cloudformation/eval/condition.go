package eval

import (
	"maps"
	"slices"
)

// Truth is the value of a condition.
type Truth int

// The three values. Unknown is what depends on something that is not known.
const (
	Unknown Truth = iota
	True
	False
)

func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Condition decides a condition of the template by its name.
func (e *Evaluator) Condition(name string) Truth {
	if t, ok := e.truths[name]; ok {
		return t
	}
	expression, ok := e.scope.Conditions[name]
	switch {
	case !ok && e.scope.Lenient:
		return Unknown
	case !ok:
		e.problem("the condition %q is not defined", name)
		return Unknown
	case len(e.deciding) > maxDepth:
		e.problem("more than %d conditions depend on each other in a row", maxDepth)
		return Unknown
	case e.deciding[name]:
		e.problem("the condition %q depends on itself", name)
		return Unknown
	}
	e.deciding[name] = true
	t := e.decide(expression, 0)
	delete(e.deciding, name)
	e.truths[name] = t
	return t
}

// Conditions decides all conditions, so that what is wrong with one that
// nothing uses is known as well.
func (e *Evaluator) Conditions(path string) map[string]Truth {
	out := map[string]Truth{}
	for _, name := range slices.Sorted(maps.Keys(e.scope.Conditions)) {
		e.path = append(e.path[:0], path, name)
		out[name] = e.Condition(name)
	}
	return out
}

// Decide decides an expression that stands at path.
func (e *Evaluator) Decide(path string, expression any) Truth {
	e.path = append(e.path[:0], path)
	return e.decide(expression, 0)
}

func (e *Evaluator) decide(expression any, depth int) Truth {
	if depth > maxDepth || !e.afford(0) {
		return Unknown
	}
	switch x := expression.(type) {
	case bool:
		return truth(x)
	case string:
		return e.word(x)
	case map[string]any:
		if len(x) == 1 {
			for name, args := range x {
				return e.decideFunction(name, args, depth)
			}
		}
	}
	e.problem("a condition is one condition function, this is %s", compact(finish(e.eval(expression, depth))))
	return Unknown
}

// word decides a text: a boolean, or the name of a condition, which older
// templates write without {"Condition": …}.
func (e *Evaluator) word(s string) Truth {
	switch s {
	case "true", "True":
		return True
	case "false", "False":
		return False
	}
	return e.Condition(s)
}

func (e *Evaluator) decideFunction(name string, args any, depth int) Truth {
	list, isList := args.([]any)
	switch name {
	case "Condition":
		return e.word(e.text(e.eval(args, depth+1)))
	case "Fn::Not":
		if !isList {
			list = []any{args}
		}
		if len(list) != 1 {
			e.problem("Fn::Not takes one condition, here are %d", len(list))
			return Unknown
		}
		return e.decide(list[0], depth+1).not()
	case "Fn::And", "Fn::Or":
		if !isList || len(list) == 0 {
			e.problem("%s takes a list of conditions", name)
			return Unknown
		}
		return e.combine(name == "Fn::Or", list, depth)
	case "Fn::Equals":
		if len(list) != 2 {
			e.problem("Fn::Equals takes two values, here are %d", len(list))
			return Unknown
		}
		return e.equals(list[0], list[1], depth)
	}
	// Any other function (FindInMap, If, Sub, …) gives "true" or "false", or
	// the name of a condition, as in loops.
	v := e.text(e.eval(map[string]any{name: args}, depth+1))
	if Undecided(v) {
		return Unknown
	}
	return e.word(v)
}

func (t Truth) not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// combine is Or, or And: one deciding member decides, an unknown one spoils
// the other result.
func (e *Evaluator) combine(or bool, list []any, depth int) Truth {
	deciding := truth(or)
	result := deciding.not()
	for _, item := range list {
		switch e.decide(item, depth+1) {
		case deciding:
			return deciding
		case Unknown:
			result = Unknown
		}
	}
	return result
}

func (e *Evaluator) equals(left, right any, depth int) Truth {
	a, b := e.eval(left, depth+1), e.eval(right, depth+1)
	ta, tb := e.text(a), e.text(b)
	if known(a) && known(b) || ta == tb {
		return truth(ta == tb)
	}
	if e.excluded(left, b) || e.excluded(right, a) {
		return False
	}
	return Unknown
}

// excluded reports whether side refers to a parameter that cannot have the
// known value.
func (e *Evaluator) excluded(side, value any) bool {
	m, ok := side.(map[string]any)
	if !ok || len(m) != 1 || !known(value) {
		return false
	}
	name, _ := m["Ref"].(string)
	allowed, ok := e.scope.Allowed[name]
	return ok && !slices.Contains(allowed, e.text(value))
}
