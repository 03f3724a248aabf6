// Package archtest holds the invariants of the repository as tests: who may
// import whom, how long a file and a function may be, that every package says
// what it is for, that nothing registers itself in an init function and that
// no package keeps mutable state. It exports nothing and nothing imports it.
//
// The walls are there from the first commit because they cannot be built
// later: a style that no test keeps does not survive growth. A wall has no
// list of exceptions; code that meets one is cut.
package archtest
