//go:build !linux

package proc

// awaitExit reports false: it has nothing to wait with on this system: the group is then
// signalled only while its leader lives, and Sweep finds the rest.
func awaitExit(int) bool { return false }
