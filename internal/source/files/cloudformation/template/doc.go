// Package template turns the text of a CloudFormation template, YAML or JSON,
// into one tree of Go values, the same for both forms: short tags become their
// long form ({"Fn::Sub": …}), numbers keep their text (json.Number), dates,
// octal-like and other numbers that JSON does not have stay text. It remembers
// where each top-level entry stands.
//
// It does no I/O, evaluates nothing and bounds size, depth and the expansion
// of aliases. Package cloudformation calls it for every template.
package template
