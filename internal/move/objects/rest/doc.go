// Package rest is the HTTP that the drivers of objects stand on: one tuned
// transport, a call that is tried again with full jitter and obeys Retry-After,
// and a body that says when it ended early.
//
// It goes to net/http's transport directly. http.Client would follow redirects
// that a signature does not survive, and the SDKs' pipelines cost several times
// what a small object itself costs.
//
// What it is not: it knows neither S3 nor Blob. A driver builds and signs the
// request and says what an answer means (Judge). Called by objects/s3 and
// objects/blob.
package rest
