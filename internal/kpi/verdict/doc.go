// Package verdict judges each KPI of the frozen baseline against what the target
// does: pass, fail, or inconclusive, with the size of the difference and the
// interval in which it lies.
//
// Both sides are compared under the same statistic, at the same hours of the day
// or week where the metric follows the clock, and only in hours in which the
// target had a load like that of the baseline. Hours that follow each other say
// less than as many apart, and count for less. What is missing, measured in
// another unit, or of another load is inconclusive and never a pass.
//
// The package is for windows that are over. What may be looked at all the time,
// while traffic moves, package sequential judges.
package verdict
