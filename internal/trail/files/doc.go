// Package files finds logs on this machine: files, folders and globs that the
// user names, for planning without access to the account. It does not open
// them; package trail does.
package files
