// Package object is the vocabulary of moving objects: an object of a bucket, a
// blob of a container, what each says about its content, and the two ports
// through which they are read and written.
//
// What it is not: a driver or a plan. The drivers are objects/s3 and
// objects/blob, the pipeline between them is objects.
package object
