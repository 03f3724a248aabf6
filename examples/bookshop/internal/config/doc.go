// Package config reads the shop's settings from the environment, the only
// place they come from. What the cloud SDKs read themselves (AWS_*) is left
// to them. The README lists every name; a test compares the two.
package config
