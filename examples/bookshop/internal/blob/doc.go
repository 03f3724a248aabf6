// Package blob is the port to object storage: cover images are put, opened
// (also in part) and listed.
//
// The web server reads through it, `bookshop stock` writes through it. It is
// no general storage library: objects are small enough to be put from memory,
// and nothing is ever deleted. Drivers are s3blob and azureblob; both pass
// the suite in blobtest.
package blob
