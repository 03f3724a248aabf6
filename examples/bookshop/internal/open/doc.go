// Package open turns settings into drivers: it is the only place that knows
// which clouds there are. Everything else in the shop sees the ports.
package open
