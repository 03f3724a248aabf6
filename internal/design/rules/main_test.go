package rules_test

import "flag"

// -update rewrites the golden files.
var _ = flag.Bool("update", false, "rewrite the golden files")
