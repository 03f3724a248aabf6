// Package gate compiles and evaluates the conditions of gates, triggers and
// acceptance criteria: CEL expressions over named facts of a stated type.
//
// A condition is open only when it is known to be true. A fact that is
// missing, too old, of another type or no finite number makes the result "no
// data", which is nil and never a yes: a gate without data stays closed. The
// work of one evaluation is bounded. The package measures nothing; whoever runs
// a step brings the facts.
package gate
