// Package app decides what becomes of what the application is made of:
// functions, containers, clusters and registries, the interfaces in front of
// them, the queues, topics, buses and schedules between them, and the tools
// that build and deliver them.
//
// One file holds one family of source resources, under the name that the scan
// has for it. Kinds that need no more than a sentence stand in kinds.tsv. The
// package puts target resources through package design and does no I/O;
// package rules lists its Family.
package app
