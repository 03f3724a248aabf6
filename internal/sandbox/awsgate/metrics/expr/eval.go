package expr

import (
	"math"
)

// Env is what an expression is computed in.
type Env struct {
	// Start returns the time that the data points of a period are counted
	// from; End (excluded) is the end of the request. Both are Unix seconds.
	Start func(periodSeconds int64) int64
	End   int64
	// PeriodSeconds is the period of series made from a scalar.
	PeriodSeconds int64
	// Lookup returns the value of the query with the id.
	Lookup func(id string) (Value, error)
	// Metrics returns the series of the request's metrics whose id contains
	// the text, in the order of the request.
	Metrics func(contains string) ([]Series, error)
	// Search returns the series that a SEARCH expression finds.
	Search func(query, statistic string, periodSeconds int64) ([]Series, error)
}

// Eval computes the expression.
func (e *Expression) Eval(env Env) (Value, error) {
	v, err := env.eval(e.root)
	if err == nil && (v.Kind == text || v.Kind == word) {
		return Value{}, errorf("expression is %s, not a value", v.Kind)
	}
	return v, err
}

func (env Env) eval(n node) (Value, error) {
	switch n := n.(type) {
	case numberNode:
		return number(n.value), nil
	case textNode:
		return Value{Kind: text, text: n.value}, nil
	case nameNode:
		if isWord(n.name) {
			return Value{Kind: word, text: n.name}, nil
		}
		return env.Lookup(n.name)
	case listNode:
		return env.evalList(n)
	case minusNode:
		v, err := env.eval(n.of)
		if err != nil {
			return Value{}, err
		}
		return combine(n.at, "-", number(0), v)
	case signNode:
		left, err := env.eval(n.left)
		if err != nil {
			return Value{}, err
		}
		right, err := env.eval(n.right)
		if err != nil {
			return Value{}, err
		}
		return combine(n.at, n.sign, left, right)
	case callNode:
		return env.call(n)
	}
	return Value{}, errorAt(n.position(), "expression part is not known")
}

func (env Env) evalList(n listNode) (Value, error) {
	var all []Series
	for _, item := range n.items {
		v, err := env.eval(item)
		if err != nil {
			return Value{}, err
		}
		if v.Kind != One && v.Kind != Many {
			return Value{}, errorAt(item.position(), "an array holds time series, not %s", v.Kind)
		}
		all = append(all, v.Series...)
	}
	return List(all), nil
}

func (env Env) call(n callNode) (Value, error) {
	args := make([]Value, len(n.args))
	for i, arg := range n.args {
		v, err := env.eval(arg)
		if err != nil {
			return Value{}, err
		}
		args[i] = v
	}
	f, ok := functionOf(n.name)
	if !ok {
		return Value{}, errorAt(n.at, "function %q is not known", n.name)
	}
	for i, arg := range args {
		if !f.takes(i, arg.Kind) {
			return Value{}, errorAt(n.args[i].position(), "function %s does not take %s as argument %d", n.name, arg.Kind, i+1)
		}
	}
	return f.do(env, args)
}

// combine computes left sign right for any kinds that the guide allows.
func combine(at int, sign string, left, right Value) (Value, error) {
	f := operator(sign)
	for _, v := range []Value{left, right} {
		if v.Kind == text || v.Kind == word {
			return Value{}, errorAt(at, "operator %q does not take %s", sign, v.Kind)
		}
	}
	switch {
	case left.Kind == Scalar && right.Kind == Scalar:
		return number(f(left.Number, right.Number)), nil
	case left.Kind == Scalar:
		return right.each(func(s Series) Series {
			return s.pointwise(func(_ int64, v float64) float64 { return f(left.Number, v) })
		}), nil
	case right.Kind == Scalar:
		return left.each(func(s Series) Series {
			return s.pointwise(func(_ int64, v float64) float64 { return f(v, right.Number) })
		}), nil
	case left.Kind == Many && right.Kind == Many:
		return Value{}, errorAt(at, "operator %q between two arrays of time series is not supported", sign)
	case right.Kind == Many:
		return right.each(func(s Series) Series {
			joined := join(left.Series[0], s, f)
			joined.Label = s.Label
			return joined
		}), nil
	}
	return left.each(func(s Series) Series { return join(s, right.Series[0], f) }), nil
}

func operator(sign string) func(a, b float64) float64 {
	switch sign {
	case "+":
		return func(a, b float64) float64 { return a + b }
	case "-":
		return func(a, b float64) float64 { return a - b }
	case "*":
		return func(a, b float64) float64 { return a * b }
	case "/":
		return func(a, b float64) float64 { return a / b }
	case "^":
		return math.Pow
	case "<":
		return func(a, b float64) float64 { return truth(a < b) }
	case ">":
		return func(a, b float64) float64 { return truth(a > b) }
	case "<=":
		return func(a, b float64) float64 { return truth(a <= b) }
	case ">=":
		return func(a, b float64) float64 { return truth(a >= b) }
	case "==":
		return func(a, b float64) float64 { return truth(a == b) }
	case "!=":
		return func(a, b float64) float64 { return truth(a != b) }
	case "&&":
		return func(a, b float64) float64 { return truth(a != 0 && b != 0) }
	}
	return func(a, b float64) float64 { return truth(a != 0 || b != 0) }
}

// truth is how metric math writes booleans.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
