package arm_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/arm/document"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

func errorsAs(err error, target **azcore.ResponseError) bool { return errors.As(err, target) }

func TestAzureSDKTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	if s.token() == "" {
		t.Fatal("no token")
	}
	wrong := &azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true, ClientOptions: policy.ClientOptions{Transport: s.http, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.url}}}
	for _, c := range []struct{ tenant, client, secret, scope, says string }{
		{tenant, client, "wrong", "https://management.azure.com/.default", "AADSTS7000215"},
		{tenant, "99999999-0000-0000-0000-000000000000", secret, "https://management.azure.com/.default", "AADSTS700016"},
		{tenant, client, secret, "https://elsewhere.example/.default", "AADSTS500011"},
		{"00000000-0000-0000-0000-00000000dead", client, secret, "https://management.azure.com/.default", ""},
	} {
		credential, err := azidentity.NewClientSecretCredential(c.tenant, c.client, c.secret, wrong)
		if err != nil {
			t.Fatal(err)
		}
		_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{c.scope}})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}

func TestAzureSDKResourceGroups(t *testing.T) {
	t.Parallel()
	s := start(t)
	groups, err := armresources.NewResourceGroupsClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	made, err := groups.CreateOrUpdate(ctx, "Shop-RG", armresources.ResourceGroup{Location: to.Ptr("East US"), Tags: map[string]*string{"team": to.Ptr("shop")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *made.Location != "eastus" || *made.Properties.ProvisioningState != "Succeeded" || *made.ID != "/subscriptions/"+subscription+"/resourceGroups/Shop-RG" {
		t.Errorf("%s %s %s", *made.Location, *made.Properties.ProvisioningState, *made.ID)
	}
	there, err := groups.CheckExistence(ctx, "shop-rg", nil)
	if err != nil || !there.Success {
		t.Errorf("exists without regard to case: %v %v", there, err)
	}
	if gone, err := groups.CheckExistence(ctx, "other", nil); err != nil || gone.Success {
		t.Errorf("%v %v", gone, err)
	}
	if _, err := groups.CreateOrUpdate(ctx, "shop-rg", armresources.ResourceGroup{Location: to.Ptr("westus")}, nil); responseCode(err) != "InvalidResourceGroupLocation" {
		t.Errorf("a group does not move: %v", err)
	}
	if _, err := groups.Get(ctx, "other", nil); responseCode(err) != "ResourceGroupNotFound" {
		t.Errorf("%v", err)
	}
	poller, err := groups.BeginDelete(ctx, "shop-rg", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := poller.PollUntilDone(ctx, pollOptions()); err != nil {
		t.Fatal(err)
	}
	if _, err := groups.Get(ctx, "shop-rg", nil); responseCode(err) != "ResourceGroupNotFound" {
		t.Errorf("%v", err)
	}
}

func TestAzureSDKGenericResources(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.group("rg")
	resources, err := armresources.NewClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	id := "/subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
	poller, err := resources.BeginCreateOrUpdateByID(ctx, id, "2025-09-01", armresources.GenericResource{Location: to.Ptr("eastus"), Properties: map[string]any{
		"addressSpace": map[string]any{"addressPrefixes": []any{"10.0.0.0/16"}}, "subnets": []any{map[string]any{"name": "app", "properties": map[string]any{"addressPrefix": "10.0.1.0/24"}}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := poller.PollUntilDone(ctx, pollOptions())
	if err != nil {
		t.Fatal(err)
	}
	properties := made.Properties.(map[string]any)
	subnet := properties["subnets"].([]any)[0].(map[string]any)
	if properties["provisioningState"] != "Succeeded" || subnet["id"] != id+"/subnets/app" || *made.Type != "Microsoft.Network/virtualNetworks" {
		t.Errorf("%v", properties)
	}
	one, err := resources.GetByID(ctx, id+"/subnets/APP", "2025-09-01", nil)
	if err != nil || *one.Name != "app" {
		t.Errorf("%v %v", one, err)
	}
	gone, err := resources.BeginDeleteByID(ctx, id, "2025-09-01", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.PollUntilDone(ctx, pollOptions()); err != nil {
		t.Fatal(err)
	}
	if _, err := resources.GetByID(ctx, id, "2025-09-01", nil); responseCode(err) != "ResourceNotFound" {
		t.Errorf("%v", err)
	}
}

func TestAzureSDKPaging(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		tags := map[string]any{"even": "no"}
		if name == "b" || name == "d" {
			tags["even"] = "yes"
		}
		s.mustPut(group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-"+name, "2024-11-30", map[string]any{"location": "eastus", "tags": tags})
	}
	resources, err := armresources.NewClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	pages, names := 0, []string{}
	pager := resources.NewListPager(&armresources.ClientListOptions{Top: to.Ptr[int32](2)})
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range page.Value {
			names = append(names, *r.Name)
		}
	}
	if pages != 3 || strings.Join(names, " ") != "id-a id-b id-c id-d id-e" {
		t.Errorf("%d pages: %v", pages, names)
	}
	filtered := resources.NewListByResourceGroupPager("rg", &armresources.ClientListByResourceGroupOptions{Filter: to.Ptr("tagName eq 'even' and tagValue eq 'yes'")})
	page, err := filtered.NextPage(t.Context())
	if err != nil || len(page.Value) != 2 || *page.Value[0].Name != "id-b" {
		t.Errorf("%v %v", page.Value, err)
	}
}

func TestAzureSDKTags(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.group("rg")
	tags, err := armresources.NewTagsClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	scope := "subscriptions/" + subscription + "/resourceGroups/rg"
	if _, err := tags.CreateOrUpdateAtScope(t.Context(), scope, armresources.TagsResource{Properties: &armresources.Tags{Tags: map[string]*string{"a": to.Ptr("1"), "b": to.Ptr("2")}}}, nil); err != nil {
		t.Fatal(err)
	}
	patched, err := tags.UpdateAtScope(t.Context(), scope, armresources.TagsPatchResource{Operation: to.Ptr(armresources.TagsPatchOperationMerge), Properties: &armresources.Tags{Tags: map[string]*string{"B": to.Ptr("3"), "c": to.Ptr("4")}}}, nil)
	if err != nil || len(patched.Properties.Tags) != 3 || *patched.Properties.Tags["B"] != "3" {
		t.Errorf("%v %v", patched.Properties, err)
	}
	got := s.call(http.MethodGet, "/resourceGroups/rg", "2021-04-01", nil)
	if document.Text(got.body, "tags.c") != "4" {
		t.Errorf("%v", got.body)
	}
}

func TestAzureSDKProviders(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	providers, err := armresources.NewProvidersClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := providers.Unregister(t.Context(), "Microsoft.Network", nil); err != nil {
		t.Fatal(err)
	}
	refused := s.call(http.MethodPut, group+"/providers/Microsoft.Network/routeTables/r", "2025-09-01", map[string]any{"location": "eastus"})
	if refused.code() != "MissingSubscriptionRegistration" {
		t.Errorf("%v", refused)
	}
	if _, err := providers.Register(t.Context(), "Microsoft.Network", nil); err != nil {
		t.Fatal(err)
	}
	got, err := providers.Get(t.Context(), "microsoft.network", nil)
	if err != nil || *got.RegistrationState != "Registered" || *got.Namespace != "Microsoft.Network" {
		t.Fatalf("%v %v", got, err)
	}
	found := false
	for _, kind := range got.ResourceTypes {
		if *kind.ResourceType == "virtualNetworks" && len(kind.APIVersions) > 3 && *kind.APIVersions[0] == "2025-09-01" {
			found = true
		}
	}
	if !found {
		t.Error("virtualNetworks is not among the types, or its newest version is not first")
	}
}

func TestAzureSDKVaultSecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	vault := s.mustPut(group+"/providers/Microsoft.KeyVault/vaults/shop-kv", "2026-02-01", map[string]any{"location": "eastus", "properties": map[string]any{"tenantId": tenant, "sku": map[string]any{"family": "A", "name": "standard"}, "accessPolicies": []any{}}})
	uri := document.Text(vault.body, "properties.vaultUri")
	secrets, err := azsecrets.NewClient(uri, s.credential, &azsecrets.ClientOptions{ClientOptions: s.options.ClientOptions, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	first, err := secrets.SetSecret(ctx, "db-password", azsecrets.SetSecretParameters{Value: to.Ptr("one")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.SetSecret(ctx, "db-password", azsecrets.SetSecretParameters{Value: to.Ptr("two"), Tags: map[string]*string{"k": to.Ptr("v")}}, nil); err != nil {
		t.Fatal(err)
	}
	newest, err := secrets.GetSecret(ctx, "db-password", "", nil)
	if err != nil || *newest.Value != "two" {
		t.Errorf("%v %v", newest, err)
	}
	old, err := secrets.GetSecret(ctx, "db-password", first.ID.Version(), nil)
	if err != nil || *old.Value != "one" {
		t.Errorf("%v %v", old, err)
	}
	if _, err := secrets.DeleteSecret(ctx, "db-password", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.GetSecret(ctx, "db-password", "", nil); responseCode(err) != "SecretNotFound" {
		t.Errorf("%v", err)
	}
	if _, err := secrets.RecoverDeletedSecret(ctx, "db-password", nil); err != nil {
		t.Fatal(err)
	}
	page, err := secrets.NewListSecretPropertiesPager(nil).NextPage(ctx)
	if err != nil || len(page.Value) != 1 || page.Value[0].ID.Name() != "db-password" {
		t.Errorf("%v %v", page, err)
	}
	s.mustPut(group+"/providers/Microsoft.KeyVault/vaults/shop-kv/secrets/by-arm", "2026-02-01", map[string]any{"properties": map[string]any{"value": "three"}})
	if got := s.call(http.MethodGet, group+"/providers/Microsoft.KeyVault/vaults/shop-kv/secrets/by-arm", "2026-02-01", nil); document.Get(got.body, "properties.value") != nil {
		t.Errorf("the value of a secret is answered: %v", got.body)
	}
	byARM, err := secrets.GetSecret(ctx, "by-arm", "", nil)
	if err != nil || *byARM.Value != "three" {
		t.Errorf("%v %v", byARM, err)
	}
}

func TestWithoutToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	for authorization, code := range map[string]string{"": "AuthenticationFailed", "Bearer x.y.z": "InvalidAuthenticationToken"} {
		a := s.send(http.MethodGet, s.url+"/subscriptions?api-version=2022-12-01", nil, "Authorization", authorization)
		if a.status != http.StatusUnauthorized || a.code() != code || !strings.Contains(a.header.Get("WWW-Authenticate"), "authorization_uri=\""+s.url+"/"+tenant) {
			t.Errorf("%q: %d %s %q", authorization, a.status, a.code(), a.header.Get("WWW-Authenticate"))
		}
	}
	if a := s.send(http.MethodGet, s.url+"/metadata/endpoints?api-version=2022-09-01", nil); a.status != http.StatusOK || document.Text(a.body, "authentication.loginEndpoint") != s.url+"/" {
		t.Errorf("%v", a)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	good := arm.Options{Subscription: subscription, Tenant: tenant, ClientID: client, ClientSecret: secret}
	for _, spoil := range []func(*arm.Options){
		func(o *arm.Options) { o.Subscription = "x" }, func(o *arm.Options) { o.Tenant = "" }, func(o *arm.Options) { o.ClientSecret = "" }, func(o *arm.Options) { o.Types = "/no/such/file" },
	} {
		o := good
		spoil(&o)
		if _, err := arm.New(o); err == nil {
			t.Errorf("accepted: %+v", o)
		}
	}
}
