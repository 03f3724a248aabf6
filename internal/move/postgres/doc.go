// Package postgres carries one database of PostgreSQL to another server while it
// is in use: look, copy, follow, compare, switch, and the way back. It puts the
// packages below it in their order, keeps in one document how far the move is, and
// takes from there whatever was killed.
//
// The stages of a move, each written down before the next is begun:
//
//	copying     rows and schema go over; the source is in use, the target is closed
//	following   the target applies what is written at the source
//	fenced      nobody writes at the source any more, and that was tried
//	drained     the target has everything up to the fence
//	proved      schema, rows, sequences were compared behind the fence, and are equal
//	returning   what will be written at the target will come back to the source
//	switched    the target is open; the source stays fenced
//	signed      the way back was given up, and nothing of the move is left
//	abandoned   the move was given up before the switch; the source is as it was
//
// Going back from any stage before "signed" ends in "following", with the source
// open: another try can be made from there. Between the fence and the end of the
// move one side is open at most, at every instant: a side is opened only after the
// other was fenced and the fence tried. A target that is left open to others while
// it follows (Settings.OpenTarget), and a copy without following, are their caller's
// affair.
//
// What it is not: it knows no ledger, no runbook and no clock but Ports.Now. It
// deletes nothing at the source; what it writes there is listed by Check.
//
// Called by app; drivers of action and of the command line stand above it.
package postgres
