// Package proof proves the network of a design: it gives the inventory and the
// ARM bodies to package reach, says which endpoint takes whose place, and turns
// what reach finds into findings. A widening that landfall.yaml does not accept
// by its name forbids deployment.
//
// Its family has no rules and comes last, when all bodies are written. It reads
// the bodies, not the network family's plan of them: a mistake in writing is
// found as well as one in thinking. It changes nothing.
package proof
