// Package target is the port to the Azure side: what the credentials may do
// there, and later deployment and probing of what was deployed.
package target
