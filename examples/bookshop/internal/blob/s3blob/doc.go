// Package s3blob is the blob driver for Amazon S3 and what speaks its API.
//
// Region, credentials and endpoint come from the SDK's own configuration.
// With an endpoint of its own (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3) the
// bucket goes into the path, because bucket names in the host name need DNS
// that such endpoints rarely have.
package s3blob
