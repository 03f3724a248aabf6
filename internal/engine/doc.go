// Package engine is the interpreter of a runbook as a pure reducer: Next takes
// a state and an event, and returns the state after it and the commands that
// follow. It knows no clock, no cloud and no Temporal; engine/temporal is the
// driver that carries commands out and brings events back, and action is what
// a step does. The same plan and the same events give the same commands for
// ever: a recorded run is replayed by later releases (testdata/history-v1-*),
// and the version of the rules that a runbook names is kept as it is.
//
// # The way of a step
//
// Pending, until all that it needs is done or skipped, its phase is asked for,
// and the run moves (forward, not paused, not ending). Then Waiting, for its
// wait, and until the window opens; one that no longer fits into the window
// (its expected time and the part kept for going back) goes to the Operator.
// Then Gated, until every gate is open and was held open without a break; no
// data is not open; one that stays closed too long goes to the Operator. Then
// Asked, until different persons of the right roles have approved this
// fingerprint; a rejection goes to the Operator. After the last approval the
// window and the gates are asked once more. Then Ready, while too many attempts
// are under way or the run stands, and then Running (a step of kind "manual":
// Person; one of kind "wait": Done).
//
// # What an attempt comes to
//
// Succeeded is Done. NoEffect is tried again, each wait twice as long; used up,
// or Final, goes to the Operator. BadEffect goes to the Operator. Unknown is
// probed, never repeated: there is verified by a further attempt (which looks
// first), not there is like NoEffect, and when nobody can tell a person settles
// it. Yielded goes on from its cursor and is no try.
//
// # People
//
// Retry begins with fresh tries (with Accept also outside the window); on what
// is not known it probes once more. Skip takes a reason, and Accept for a step
// that decides who writes or serves. Settle says whether an effect is there.
// Pause starts nothing new and asks attempts to yield; answers and timers that
// come meanwhile are kept and act on Resume, which asks gates from the
// beginning. Drain lets what is under way end; the state is then the
// checkpoint, which Begin takes in another engine: what was under way is probed
// first, timers are set again, approvals stay. Abort ends the run and leaves
// effects. A run that was asked to go up to a phase is Held there until Extend.
//
// # Back
//
// Rollback stops what is under way and waits for it, then takes back what has
// an effect without being done, then the rest of Order from its end, one at a
// time, to the beginning or up to and with the step that it names. A step
// without an undo is Kept, with the reason. Going back where it loses something
// takes Accept with a reason; a trigger cannot give it and pauses instead.
// After a partial way back the run stands paused before the step.
//
// # What whoever carries commands out may rely on
//
// Records come first: what a command begins is in them. An event that does not
// fit changes nothing and is answered with an error, so reports may come twice,
// late, and in any order. A timer that fires early is set again.
package engine
