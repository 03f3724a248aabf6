// Package testkit is what tests of this repository share: real servers on
// loopback, clients whose settings come from nowhere else, golden files, a
// crash harness, a full disk, and waiting without sleeping.
//
// It is not part of the product: only test files import it. Nothing here fakes
// a server; the servers are those of the sandbox (internal/sandbox/part).
//
// A test package that uses shared servers or children says so once:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// Moto, ObjectStore, Azurite and Postgres may be called from parallel tests.
// Moto starts a server of its own for each call, because its state cannot be
// cut into parts; SharedMoto gives each call an account of its own in one
// server. The other three give each call a part of one shared server (a
// bucket, a storage account, a database); OwnObjectStore, OwnAzurite and
// OwnPostgres start one for the test alone. Without Main everything is "own".
//
// Invariants:
//   - A missing tool fails the test with the command that installs it.
//   - No process outlives the test binary, however it ends: the kernel kills
//     the servers with it, and the next run sweeps what escaped even that.
//   - Nothing depends on the environment of whoever runs the tests.
package testkit
