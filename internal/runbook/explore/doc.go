// Package explore walks through everything that can happen in a cutover: every
// order in which steps may be done, every step that is done, fails before or
// after its effect, or has an outcome that nobody knows, and a rollback that
// begins at any moment. It looks for a way to two writers, to users without
// service, to lost writes that the plan did not declare, and to a rollback that
// does not bring the source back; it returns the shortest such way.
//
// It is pure and bounded: when there are more states than allowed it says so in
// a finding of its own, and never that all is well. Operators who skip a step,
// or confirm what is not so, are not part of the model.
package explore
