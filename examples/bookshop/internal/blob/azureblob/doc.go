// Package azureblob is the blob driver for Azure Blob Storage.
//
// Objects are block blobs of one container. The container must exist: the
// shop's credentials are for its data, not for its infrastructure.
package azureblob
