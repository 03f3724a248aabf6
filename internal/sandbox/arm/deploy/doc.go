// Package deploy runs template deployments against the control plane.
//
// A deployment is validated as a whole before anything is written; then its
// resources are written in waves, each resource after those it depends on, and
// every write is recorded as a deployment operation. What-if computes the same
// writes without doing them and says, property by property, what would change.
// Complete mode removes what the template does not have.
//
// The template language is package template; what may be written is decided by
// package control, for deployments as for single requests. The HTTP front calls
// Runner. Deployments of the same name do not overlap; different ones run side
// by side.
package deploy
