package testkit

import (
	"testing"
	"time"
)

// firstLook and longestLook bound the pause between two looks of Eventually.
const (
	firstLook   = 2 * time.Millisecond
	longestLook = 200 * time.Millisecond
)

// Eventually looks until ok returns nil, and ends the test with the last
// error when that does not happen within the deadline, which is generous: a
// busy machine must not fail a test. It is for waiting on other processes;
// inside one, wait on a signal.
func Eventually(t testing.TB, deadline time.Duration, ok func() error) {
	t.Helper()
	end := time.Now().Add(deadline)
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		err := ok()
		if err == nil {
			return
		}
		if !time.Now().Before(end) {
			t.Fatalf("not within %s: %v", deadline, err)
		}
		select {
		case <-time.After(pause):
		case <-t.Context().Done():
			t.Fatalf("the test ended while waiting: %v", err)
		}
	}
}
