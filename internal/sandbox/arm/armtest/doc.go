// Package armtest is what the tests of the Resource Manager sandbox share.
//
// It finds the type definitions beside the checkout. It is used by tests only
// and is no part of a running sandbox.
package armtest
