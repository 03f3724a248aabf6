// Package wire builds the application for one command: it finds the
// workspace, loads the configuration and builds the drivers. It is the only
// list of drivers in the program.
package wire
