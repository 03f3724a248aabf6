// Package armtest is what the tests of the Resource Manager sandbox share.
//
// It finds the type definitions beside the checkout, and serves an empty
// subscription over TLS for tests of programs that deploy to it. It is used by
// tests only and is no part of a running sandbox.
package armtest
