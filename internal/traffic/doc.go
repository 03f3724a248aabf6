// Package traffic is the port to what leads users to a side: the share of a
// name's answers, or of its requests, that the target gets, and for how long
// resolvers may keep an answer.
//
// Each driver keeps how the name was led before its first change where the name
// itself is kept (a record beside it, a tag of the profile), so that any worker
// can take a change back, also after the machine that made it is gone. Package
// action calls the port for the steps that shift traffic; it measures what users
// really get, which is not what this port says.
package traffic
