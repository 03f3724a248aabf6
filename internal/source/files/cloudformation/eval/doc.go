// Package eval evaluates the intrinsic functions and the conditions of one
// CloudFormation stack as far as its parameters, mappings and neighbours are
// known. What is not known becomes a text form (see package cloudformation);
// nothing here is an error, what cannot be right is listed as a problem.
//
// Evaluation is deterministic and bounded in depth, steps and bytes. The
// package does no I/O; package cloudformation gives it the answers of other
// stacks through the functions in Scope.
package eval
