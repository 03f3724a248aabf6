// Package s3 is the object.Source of Amazon S3 and of servers that speak its
// protocol.
//
// Endpoints (regions, access points, dual stack, FIPS), credentials and the
// signature are those of the AWS SDK; the requests themselves go over
// objects/rest, because the SDK's pipeline costs more than a small object does,
// and its models would lose what a mover needs: the order of versions among
// delete markers, and keys that XML 1.0 cannot hold.
//
// What it is not: a writer. The one request that changes anything is Restore.
// Called by objects through the port; built in wire.
package s3
