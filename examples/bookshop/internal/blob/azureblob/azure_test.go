package azureblob_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/blob/azureblob"
	"example.com/landfall/examples/bookshop/internal/blob/blobtest"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func open(t *testing.T, account azureaccount.Account, name string) blob.Store {
	t.Helper()
	store, err := azureblob.Open(account, name)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := testkit.Azurite(t)
	account, err := azureaccount.New(azureaccount.Settings{ConnectionString: server.ConnectionString}, server.Name)
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientFromConnectionString(server.ConnectionString, "covers", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	blobtest.Suite(t, open(t, account, "covers"), open(t, account, "nothing-here"))
}

func TestWrongKeyIsDenied(t *testing.T) {
	t.Parallel()
	server := testkit.Azurite(t)
	account, err := azureaccount.New(azureaccount.Settings{Name: server.Name, Key: "d3Jvbmc=", BlobEndpoint: server.BlobURL}, server.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t, account, "covers").Check(t.Context()); !trouble.Is(err, trouble.Denied) {
		t.Errorf("got %v, want denied", err)
	}
}
