//go:build !linux

package proc

// onMainThread matters only where children die with a thread.
func onMainThread() bool { return false }
