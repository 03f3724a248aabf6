// Package blobtest is the conformance suite of the blob port: every driver's
// test calls Suite with an empty bucket or container.
package blobtest
