// Package sandbox runs the local clouds: it starts, fills, watches, reports
// and stops everything behind "landfall sandbox".
//
// Up starts one detached process for a workspace, the supervisor (Serve),
// which starts the servers (package part), hosts the AWS gate, the Resource
// Manager and the name server itself, seeds the AWS side and runs the sample
// workload there. Status, Env and Down look at and end what Up began. The
// caller is internal/app.
//
// It is no cloud: nothing here answers an API call; and no product code
// depends on it: the rest of Landfall sees endpoints and credentials only.
//
// Invariants:
//   - All it keeps lies in <workspace>/.landfall/sandbox, readable by the user
//     alone, and in the folder part.ForeignDir names when servers run as
//     another user.
//   - Whoever holds the lock file "serve.lock" is the supervisor. The kernel
//     gives the lock back however its holder dies, so there is no stale one.
//   - Every process of a sandbox carries the tag of its workspace, and a sweep
//     by that tag is what makes Down and the next Up complete after a kill.
//   - A sandbox is made afresh or not at all: whatever a dead supervisor left
//     is wiped, because half a cloud looks like a whole one.
//   - Listeners are on loopback only.
package sandbox
