// Package conformance holds what every object.Source and object.Target must do,
// as suites that a driver's tests run over a real server: names and content
// come back as they were, conditions hold, listings are complete and in order,
// errors have the kinds of the port.
//
// It is not part of the product. Called by the tests of objects/s3 and
// objects/blob.
package conformance
