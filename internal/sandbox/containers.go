package sandbox

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/part"
)

// blobContainer is the type of containers, as provisioners are found by.
const blobContainer = "microsoft.storage/storageaccounts/blobservices/containers"

// containerServer makes the containers of the Resource Manager in Azurite, so
// that what is deployed can be written to.
type containerServer struct {
	azurite  *part.Running
	accounts *part.Accounts
}

var _ arm.Provisioner = (*containerServer)(nil)

// Provision makes the container. One that is there stays as it is.
func (c *containerServer) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	client, err := c.client(r)
	if err != nil {
		return nil, err
	}
	if _, err := client.CreateContainer(ctx, r.Name, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return nil, fault.Of(fault.Unavailable, "make container", r.Name, err)
	}
	return nil, nil
}

// Remove deletes the container with all that is in it, as Azure does.
func (c *containerServer) Remove(ctx context.Context, r arm.Resource) error {
	client, err := c.client(r)
	if fault.Is(err, fault.NotFound) {
		return nil // the account went first
	}
	if err != nil {
		return err
	}
	if _, err := client.DeleteContainer(ctx, r.Name, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerNotFound) {
		return fault.Of(fault.Unavailable, "delete container", r.Name, err)
	}
	return nil
}

// client opens the account that the container is part of.
func (c *containerServer) client(r arm.Resource) (*azblob.Client, error) {
	words := strings.Split(strings.ToLower(r.ID), "/")
	account := ""
	for i := 0; i+1 < len(words); i++ {
		if words[i] == "storageaccounts" {
			account = words[i+1]
		}
	}
	key, known := c.accounts.Key(account)
	if !known {
		return nil, fault.Of(fault.NotFound, "find the storage account of container", r.ID, nil)
	}
	client, err := azblob.NewClientFromConnectionString(part.ConnectionString(c.azurite.Site(), account, key), nil)
	return client, fault.Wrap(err, "open the storage account of container", r.ID)
}
