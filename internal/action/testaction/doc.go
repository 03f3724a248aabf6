// Package testaction is an action whose effect is a line in a file, for tests
// that kill real processes: it can be slow, fail before or after its effect,
// leave open what it did, yield, and kill its own process at a given moment. A
// file outlives the process, so that a test can count afterwards what was done
// and how often. It is for tests only; the product does not import it.
package testaction
