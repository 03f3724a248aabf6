package blob_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit/conformance"
)

// azurite returns the options of an empty container in an Azurite.
func azurite(t testing.TB, account testkit.AzuriteAccount) blob.Options {
	t.Helper()
	url := account.BlobURL + "/" + strings.ToLower(rand.Text())
	credential, err := container.NewSharedKeyCredential(account.Name, account.Key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientWithSharedKeyCredential(url, credential, &container.ClientOptions{ClientOptions: testkit.AzureOptions(t, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return blob.Options{URL: url, Credential: sharedKey(t, account), Pause: time.Millisecond}
}

func sharedKey(t testing.TB, account testkit.AzuriteAccount) blob.Credential {
	t.Helper()
	key, err := blob.SharedKey(account.Name, account.Key)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func open(t testing.TB, o blob.Options) *blob.Target {
	t.Helper()
	target, err := blob.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestConformsOverAzurite(t *testing.T) {
	t.Parallel()
	account := testkit.Azurite(t)
	conformance.Target(t, func(t *testing.T) object.Target { return open(t, azurite(t, account)) })
}
