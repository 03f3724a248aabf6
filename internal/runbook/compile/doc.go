// Package compile makes a runbook of a design: the steps that this workload
// really needs, from what the inventory holds, in the phases of the journey,
// with a cutover by the chosen strategy. It also compares the strategies for
// the workload.
//
// It is pure: the same input in any order gives the same runbook. Kinds of
// steps that nothing carries out by itself are compiled as "manual", with the
// instructions and the evidence that a person has to give. It proves nothing;
// runbook/check does. The app calls it for "landfall plan".
package compile
