// Package designtest helps to test rules: it makes a design from resources,
// templates and inventories with everything inside the boundary, and checks
// what no design may break: bodies that the published types accept, references
// that lead somewhere, decisions that say something, gaps that the catalogue
// has, the same bytes for the same workload in any order.
//
// It reads files and the type definitions beside the checkout, so it is no
// part of the program. It is imported by tests only.
package designtest
