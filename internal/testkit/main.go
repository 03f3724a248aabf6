package testkit

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
)

// controlVariable holds the address under which the tests of this binary find
// the keeper of the shared servers. The environment, and not a variable of the
// package, because children of the test binary find them there as well.
const controlVariable = "LANDFALL_TESTKIT_CONTROL"

// Main runs the tests of a package and ends the process; call it from
// TestMain. It stops the shared servers at the end, registers the -update
// flag of Golden, and runs one of bodies when this process is a child of the
// crash harness.
func Main(m *testing.M, bodies ...Body) {
	if name := os.Getenv(bodyVariable); name != "" {
		os.Exit(runBody(name, bodies))
	}
	if flag.Lookup(updateFlag) == nil {
		flag.Bool(updateFlag, false, "write golden files instead of comparing")
	}
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	// A child that runs this binary's tests again shares the servers of its
	// parent and must not stop them.
	if os.Getenv(controlVariable) != "" {
		return m.Run()
	}
	k, err := newKeeper()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", err)
		return 2
	}
	if err := os.Setenv(controlVariable, k.address()); err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", errors.Join(err, k.close()))
		return 2
	}
	defer func() {
		if err := k.close(); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: stop the servers:", err)
			code = max(code, 2)
		}
	}()
	return m.Run()
}
