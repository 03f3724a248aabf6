// Package simulate carries a runbook out in memory and in simulated time: it
// drives the reducer of package engine as a real driver does, lets every wait
// pass at once, gives the answers of people itself, and notes what happened
// when. It knows no server and no cloud, and there is nothing in it that could
// do a step: whoever calls it (the dry run of app) says what a look at a step
// finds, and that is all it is ever asked for.
package simulate
