// Package kpi holds what was measured of a workload and how well it runs: the
// baseline that the target is compared with after the move.
//
// A driver of package meter gives Measurements: for a subject (a component or
// a flow) and a metric of the fixed vocabulary, what each period of a window
// holds, and the distribution of the single observations where it is known.
// Build makes baseline.json from them: values with their window and sample
// count, gaps, coverage, seasonality, extremes, and the sufficient statistics
// that a later comparison needs. Freeze binds it to a fingerprint.
//
// The package does no I/O, reads no clock and knows no cloud. Invariants: the
// order of measurements and of what they contain, and their duplicates, change
// nothing in the bytes of the baseline; what has no sample has no value, and is
// never zero; a value that is not exact says between which bounds it lies.
package kpi
