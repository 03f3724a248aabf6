// Package awserror reads errors of the AWS SDK: which of Landfall's kinds one is,
// and what it says in one line without the SDK's account of how it got there.
//
// Every driver that speaks to AWS asks it, so that one code means one thing
// everywhere. It knows codes that several services have; what a code means to
// one operation alone, its driver knows.
package awserror
