// Package template reads Azure deployment templates.
//
// It turns a template, its parameters and a place (resource group or
// subscription) into a list of resources with their ids and the order between
// them, and evaluates their bodies: parameters, variables, copy loops,
// conditions, nested children, and the expression language. Functions that ask
// the running deployment (reference, list*) go through the Runtime port; until
// there is one, an expression that needs it is deferred.
//
// It is pure: no store, no HTTP, no clock of its own. It is not a deployment
// engine; the deploy package runs what this package reads. What the language
// has and this package has not is refused by name, never skipped.
package template
