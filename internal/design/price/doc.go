// Package price completes the costs of a design: what a family did not price
// itself is priced from the catalogue's unit prices, by one table for each
// side. What is billed by use and has no known quantity stays unknown, and the
// basis says why. It decides nothing and puts nothing; package rules lists it
// after the families that do.
package price
