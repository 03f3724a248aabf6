// Package config is landfall.yaml: its types, its strict decoding, and where
// each value came from.
//
// One table (keys.go) says which keys exist, of which type, with which default
// and rule. The loader, the environment names, the flag names, the JSON Schema
// and the list that "landfall config" prints are all derived from it, so they
// cannot disagree.
//
// A value is taken from a flag before the environment, from the environment
// before the file, from the file before the default. Everything that is wrong
// is reported at once, one line each, in the order of the file. There are no
// credentials in the file: the AWS and Azure SDKs find theirs in their own
// places, and a key that looks like a credential is refused.
//
// What it is not: it does not look for the file (store.Find does), does not
// read the environment itself (the caller passes the look-up), and does not
// check that an account, a region or an address exists (doctor does).
//
// Called by cli and wire. Invariants: a *Config that Load returns satisfies
// every rule of the table; the same input gives the same result and the same
// problems in the same order; no problem text holds a value that looks like a
// secret.
package config
