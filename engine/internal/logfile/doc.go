// Package logfile is the engine's log: a file of bounded size, and the bridge
// from the server's own logger to it.
//
// One older file is kept beside the current one, so that the two together
// never take more than twice the bound. It writes JSON lines by log/slog and
// knows nothing of what is logged; payloads reach neither the server nor its
// log in readable form. The caller is the command's serve.
package logfile
