// Package design decides what becomes of each resource of the workload at the
// target, and why.
//
// Make goes through the inventory resource by resource and asks the rule of
// its kind. A rule gives a Decision and puts target resources, which are ARM
// bodies built from the typed models of an Azure SDK. The rules live in the
// packages below this one, a file for each family of resources; package rules
// lists them.
//
// Every resource inside the boundary is in exactly one decision: what no rule
// knows becomes "manual" with what a person has to do. The same inventory and
// graph give the same bytes, in whatever order they were read, and a template
// gives the resources that a live scan of the same account gives.
//
// It is no printer and no deployer: package iac prints a design, the target
// port deploys it. It does no I/O.
package design
