// Package picture draws the dependency graph: as SVG for people, as Mermaid and
// DOT for documents and tools, as JSON for programs, and as a page that answers
// to the mouse.
//
// A picture is grouped by network (rows, the workload's VPCs first) and tier
// (columns). It shows what is in the workload, what is shared with it, and what
// it works with outside. Parts stand in the box of what they belong to
// (listeners, disks, parameter groups, the instances of a group), and networks,
// identities and operations are counted on the nodes that use them, unless all
// is asked for. Lines run between the boxes, never behind them. The package does
// no I/O but to the writer it is given, and the same graph gives the same bytes.
package picture
