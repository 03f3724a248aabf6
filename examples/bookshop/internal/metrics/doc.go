// Package metrics is the list of what the shop counts, on a registry of its
// own. The web server and the worker count; /metrics shows. Labels have few
// values each (a route pattern, a status class), never a user's input.
package metrics
