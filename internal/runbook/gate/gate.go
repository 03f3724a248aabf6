package gate

import (
	"math"
	"regexp"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Bounds of an expression and of one evaluation. A condition compares a few
// numbers; what needs more is not one.
const (
	maxRunes = 2000
	maxDepth = 40
	maxCost  = 10_000
)

var factName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Reading is what a fact was found to be.
type Reading struct {
	// Value is a float64, a string or a bool; nil is no data.
	Value any
	// AgeSeconds is how long ago it was true.
	AgeSeconds int64
}

// Program is a condition that can be evaluated. It is safe for concurrent use.
type Program struct {
	facts   []runbook.Fact
	program cel.Program
}

// Compile parses and type-checks a condition. The error has the kind Invalid
// and names what is wrong with the expression or the facts.
func Compile(expr string, facts []runbook.Fact) (*Program, error) {
	options := []cel.EnvOption{
		// "lag < 1" compares a number with a whole number.
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxRunes), cel.ParserRecursionLimit(maxDepth),
		// Macros loop; a condition over named facts has nothing to loop over.
		cel.ClearMacros(),
	}
	seen := map[string]bool{}
	for _, f := range facts {
		kind, ok := typeOf(f.Type)
		switch {
		case !factName.MatchString(f.Name):
			return nil, fault.Newf(fault.Invalid, "read condition %q: the fact %q is no name of small letters, digits and _", expr, f.Name)
		case seen[f.Name]:
			return nil, fault.Newf(fault.Invalid, "read condition %q: the fact %q stands twice", expr, f.Name)
		case !ok:
			return nil, fault.Newf(fault.Invalid, "read condition %q: the fact %q is neither number, text nor bool: %q", expr, f.Name, f.Type)
		case f.Source == "":
			return nil, fault.Newf(fault.Invalid, "read condition %q: nothing answers the fact %q", expr, f.Name)
		}
		seen[f.Name] = true
		options = append(options, cel.Variable(f.Name, kind))
	}
	environment, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read condition", expr, err)
	}
	tree, issues := environment.Compile(expr)
	if issues.Err() != nil {
		return nil, fault.Of(fault.Invalid, "read condition", expr, issues.Err())
	}
	if !tree.OutputType().IsExactType(cel.BoolType) {
		return nil, fault.Newf(fault.Invalid, "read condition %q: it gives %s and not true or false", expr, tree.OutputType())
	}
	program, err := environment.Program(tree, cel.CostLimit(maxCost))
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read condition", expr, err)
	}
	return &Program{facts: slices.Clone(facts), program: program}, nil
}

func typeOf(name string) (*cel.Type, bool) {
	switch name {
	case "number":
		return cel.DoubleType, true
	case "text":
		return cel.StringType, true
	case "bool":
		return cel.BoolType, true
	}
	return nil, false
}

// Open says whether the condition holds; nil means that there is no data, with
// the reason.
func (p *Program) Open(readings map[string]Reading) (open *bool, why string) {
	values := make(map[string]any, len(p.facts))
	for _, f := range p.facts {
		value, reason := take(f, readings[f.Name])
		if reason != "" {
			return nil, "no data: " + f.Name + " " + reason
		}
		values[f.Name] = value
	}
	result, _, err := p.program.Eval(values)
	if err != nil {
		return nil, "no data: " + err.Error()
	}
	if known, ok := result.(types.Bool); ok {
		answer := bool(known)
		return &answer, ""
	}
	return nil, "no data: the condition gave " + typeName(result)
}

func typeName(v ref.Val) string {
	if v == nil {
		return "nothing"
	}
	return v.Type().TypeName()
}

// take checks a reading against its fact.
func take(f runbook.Fact, r Reading) (value any, reason string) {
	if r.Value == nil {
		return nil, "was not measured"
	}
	if f.MaxAgeSeconds > 0 && r.AgeSeconds > f.MaxAgeSeconds {
		return nil, "is too old"
	}
	if r.AgeSeconds < 0 {
		return nil, "is from the future"
	}
	switch v := r.Value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, "is no finite number"
		}
		if f.Type == "number" {
			return v, ""
		}
	case string:
		if f.Type == "text" {
			return v, ""
		}
	case bool:
		if f.Type == "bool" {
			return v, ""
		}
	}
	return nil, "is not of type " + f.Type
}
