// Package stat holds the few functions of mathematical statistics that baselines
// and verdicts stand on: distributions by the incomplete beta function, exact
// bounds of a proportion, and a test by ranks. It knows no KPI.
package stat
