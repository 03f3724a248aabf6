// Package testgate starts the sandbox's AWS gate for a test. It stands apart
// from package testkit because the gate brings the clients of two dozen AWS
// services, which a test of something else should not have to link.
package testgate
