// Package app is the verbs of Landfall, a file each: what "landfall init",
// "config", "doctor", "ledger", "sandbox" and "demo" do, without knowing how
// they are called or shown. It knows ports, not drivers: package wire gives it
// the drivers. Results are values of package view.
package app
