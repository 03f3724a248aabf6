// Package notify tells people what a run wants of them or has done: in the
// chat channels and by mail to the addresses that landfall.yaml names for their
// roles, in words that the workspace can replace.
//
// A message may go out twice, when an answer is lost or another worker takes
// over: it carries the same key each time (the run and its number), so that the
// other side and the reader can see it. The address of a chat channel is a
// secret, because whoever knows it can write there: it is read from the
// environment when it is needed and stands in no error and no result.
//
// What it is not: it does not decide who is told what (the runbook and the
// engine do), and it records nothing (app does, with the result of Tell).
//
// Called by wire. Safe for several at once.
package notify
