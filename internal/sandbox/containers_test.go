package sandbox

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/part"
)

// A container that is deployed can be written to, one that is removed is gone,
// and both may be said twice.
func TestContainersAreMade(t *testing.T) {
	t.Parallel()
	accounts, err := part.NewAccounts("shop1")
	if err != nil {
		t.Fatal(err)
	}
	azurite := startServer(t, part.Azurite(accounts))
	c := &containerServer{azurite: azurite, accounts: accounts}
	resource := arm.Resource{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/Shop1/blobServices/default/containers/covers", Name: "covers"}
	key, _ := accounts.Key("shop1")
	client, err := azblob.NewClientFromConnectionString(part.ConnectionString(azurite.Site(), "shop1", key), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.Provision(t.Context(), resource); err != nil {
			t.Fatal(err)
		}
		if _, err := client.UploadBuffer(t.Context(), "covers", "k", []byte("x"), nil); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := c.Remove(t.Context(), resource); err != nil {
			t.Error(err)
		}
	}
	page, err := client.NewListContainersPager(nil).NextPage(t.Context())
	if err != nil || len(page.ContainerItems) != 0 {
		t.Errorf("%v, %v", page.ContainerItems, err)
	}
	elsewhere := arm.Resource{ID: "/x/storageAccounts/other/blobServices/default/containers/c", Name: "c"}
	if _, err := c.Provision(t.Context(), elsewhere); !fault.Is(err, fault.NotFound) {
		t.Errorf("an account that is not there: %v", err)
	}
	if err := c.Remove(t.Context(), elsewhere); err != nil {
		t.Errorf("of an account that is gone: %v", err)
	}
}
