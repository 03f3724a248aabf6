package arm_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/commonids"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualnetworks"
	"github.com/hashicorp/go-azure-sdk/resource-manager/postgresql/2025-08-01/servers"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/storageaccounts"
	"github.com/hashicorp/go-azure-sdk/sdk/client/resourcemanager"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
	"golang.org/x/oauth2"
)

// bearer hands the sandbox's token to the SDK's clients.
type bearer struct{ s *sandbox }

func (b bearer) Token(context.Context, *http.Request) (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: b.s.token(), TokenType: "Bearer"}, nil
}

func (b bearer) AuxiliaryTokens(context.Context, *http.Request) ([]*oauth2.Token, error) {
	return nil, nil
}

func (s *sandbox) typed(c *resourcemanager.Client) {
	c.SetAuthorizer(bearer{s})
	c.SetTransport(s.http.Transport)
}

func (s *sandbox) api() environments.Api {
	return environments.NewApiEndpoint("ResourceManager", s.url, nil)
}

// The typed clients check the status code of each operation against what the
// real service answers, so they prove the table.
func TestTypedClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.group("rg")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	t.Run("virtual network", func(t *testing.T) { s.typedNetwork(ctx, t) })
	t.Run("storage account", func(t *testing.T) { s.typedStorage(ctx, t) })
	t.Run("PostgreSQL flexible server", func(t *testing.T) { s.typedPostgres(ctx, t) })
}

func (s *sandbox) typedNetwork(ctx context.Context, t *testing.T) {
	c, err := virtualnetworks.NewVirtualNetworksClientWithBaseURI(s.api())
	if err != nil {
		t.Fatal(err)
	}
	s.typed(c.Client)
	id := commonids.NewVirtualNetworkID(subscription, "rg", "vnet")
	if err := c.CreateOrUpdateThenPoll(ctx, id, virtualnetworks.VirtualNetwork{Location: to.Ptr("eastus"), Properties: &virtualnetworks.VirtualNetworkPropertiesFormat{
		AddressSpace: &virtualnetworks.AddressSpace{AddressPrefixes: &[]string{"10.1.0.0/16"}},
		Subnets:      &[]virtualnetworks.Subnet{{Name: to.Ptr("app"), Properties: &virtualnetworks.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.1.0.0/24")}}},
	}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, id, virtualnetworks.DefaultGetOperationOptions())
	if err != nil || len(*got.Model.Properties.Subnets) != 1 || *got.Model.Properties.ProvisioningState != virtualnetworks.ProvisioningStateSucceeded {
		t.Fatalf("%+v %v", got.Model, err)
	}
	// The SDK's own wait for a deletion takes ten seconds at least, whatever
	// the service says.
	if gone, err := c.Delete(ctx, id); err != nil || gone.HttpResponse.StatusCode != http.StatusAccepted {
		t.Fatalf("%v %v", gone.HttpResponse, err)
	}
	s.vanishes(id.ID(), "2025-07-01")
}

// vanishes waits until a resource is gone.
func (s *sandbox) vanishes(id, version string) {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if got := s.call(http.MethodGet, "/"+id, version, nil); got.status == http.StatusNotFound {
			return
		}
	}
	s.t.Errorf("%s stays", id)
}

func (s *sandbox) typedStorage(ctx context.Context, t *testing.T) {
	c, err := storageaccounts.NewStorageAccountsClientWithBaseURI(s.api())
	if err != nil {
		t.Fatal(err)
	}
	s.typed(c.Client)
	id := commonids.NewStorageAccountID(subscription, "rg", "shopimages")
	body := storageaccounts.StorageAccountCreateParameters{Location: "eastus", Kind: storageaccounts.KindStorageVTwo, Sku: storageaccounts.Sku{Name: storageaccounts.SkuNameStandardLRS}}
	first, err := c.Create(ctx, id, body)
	if err != nil || first.HttpResponse.StatusCode != http.StatusAccepted {
		t.Fatalf("%v %v", first.HttpResponse, err)
	}
	if err := first.Poller.PollUntilDone(ctx); err != nil {
		t.Fatal(err)
	}
	keys, err := c.ListKeys(ctx, id, storageaccounts.DefaultListKeysOperationOptions())
	if err != nil || len(*keys.Model.Keys) != 2 {
		t.Fatalf("%v %v", keys.Model, err)
	}
	before := *(*keys.Model.Keys)[0].Value
	renewed, err := c.RegenerateKey(ctx, id, storageaccounts.StorageAccountRegenerateKeyParameters{KeyName: "key1"})
	if err != nil || *(*renewed.Model.Keys)[0].Value == before || *(*renewed.Model.Keys)[1].Value != *(*keys.Model.Keys)[1].Value {
		t.Errorf("key1 is made anew, key2 is not: %v", err)
	}
	name, err := c.CheckNameAvailability(ctx, commonids.NewSubscriptionID(subscription), storageaccounts.StorageAccountCheckNameAvailabilityParameters{Name: "shopimages", Type: "Microsoft.Storage/storageAccounts"})
	if err != nil || *name.Model.NameAvailable {
		t.Errorf("%+v %v", name.Model, err)
	}
	props, err := c.GetProperties(ctx, id, storageaccounts.DefaultGetPropertiesOperationOptions())
	if err != nil || !strings.HasPrefix(*props.Model.Properties.PrimaryEndpoints.Blob, "https://shopimages.blob.") {
		t.Errorf("%+v %v", props.Model, err)
	}
	if _, err := c.Delete(ctx, id); err != nil {
		t.Error(err)
	}
}

func (s *sandbox) typedPostgres(ctx context.Context, t *testing.T) {
	c, err := servers.NewServersClientWithBaseURI(s.api())
	if err != nil {
		t.Fatal(err)
	}
	s.typed(c.Client)
	id := servers.NewFlexibleServerID(subscription, "rg", "shop-pg")
	made, err := c.CreateOrUpdate(ctx, id, servers.Server{Location: "eastus", Sku: &servers.Sku{Name: "Standard_D2ds_v5", Tier: servers.SkuTierGeneralPurpose}, Properties: &servers.ServerProperties{
		Version: to.Ptr(servers.PostgresMajorVersionOneSix), AdministratorLogin: to.Ptr("shop"), AdministratorLoginPassword: to.Ptr("Sandbox-0nly!"), Storage: &servers.Storage{StorageSizeGB: to.Ptr[int64](128)},
	}})
	if err != nil || made.HttpResponse.StatusCode != http.StatusAccepted || made.HttpResponse.Header.Get("Azure-AsyncOperation") == "" {
		t.Fatalf("%v %v", made.HttpResponse, err)
	}
	if err := made.Poller.PollUntilDone(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, id)
	if err != nil || *got.Model.Properties.State != servers.ServerStateReady || *got.Model.Properties.FullyQualifiedDomainName != "shop-pg.postgres.database.azure.com" || got.Model.Properties.AdministratorLoginPassword != nil {
		t.Fatalf("%+v %v", got.Model, err)
	}
	if err := c.UpdateThenPoll(ctx, id, servers.ServerForPatch{Properties: &servers.ServerPropertiesForPatch{Storage: &servers.Storage{StorageSizeGB: to.Ptr[int64](256)}}}); err != nil {
		t.Fatal(err)
	}
	if err := c.UpdateThenPoll(ctx, id, servers.ServerForPatch{Properties: &servers.ServerPropertiesForPatch{Storage: &servers.Storage{StorageSizeGB: to.Ptr[int64](64)}}}); err == nil {
		t.Error("storage shrank")
	}
	if gone, err := c.Delete(ctx, id); err != nil || gone.HttpResponse.StatusCode != http.StatusAccepted {
		t.Fatalf("%v %v", gone.HttpResponse, err)
	}
	s.vanishes(id.ID(), "2025-08-01")
}
