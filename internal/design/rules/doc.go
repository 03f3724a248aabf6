// Package rules lists the families of rules that a design is made with, in
// the order in which they run.
//
// It is the only list of them. Its tests design whole architectures, and print
// the reference of all mappings and gaps.
package rules
