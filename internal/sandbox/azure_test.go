package sandbox

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/cert"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

// serverHost is a machine side for servers of one test.
func serverHost(t *testing.T) part.Host {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := part.Host{
		Starter: proc.NewStarter(), Tag: "azure-" + filepath.Base(filepath.Dir(dir)),
		Locate: func(n tools.Name) (tools.Tool, error) { return tools.Locate(cache, n) },
		Dir:    filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "logs"), Address: "127.0.0.1", Environ: os.Environ(),
	}
	t.Cleanup(h.Starter.Close)
	return h
}

func startServer(t *testing.T, s part.Server) *part.Running {
	t.Helper()
	r, err := part.Start(t.Context(), serverHost(t), s)
	if err != nil {
		t.Fatalf("%v\n%s", err, fault.HintOf(err))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// A storage account made through the Resource Manager is one of Azurite's,
// and one that is made again after its deletion is empty.
func TestStorageAccountIsReal(t *testing.T) {
	t.Parallel()
	accounts, err := part.NewAccounts(storageAccount)
	if err != nil {
		t.Fatal(err)
	}
	a := &accountServer{azurite: startServer(t, part.Azurite(accounts)), accounts: accounts}
	resource := arm.Resource{ID: "/subscriptions/s/x/Shop1", Name: "Shop1"}
	containers := func(make bool) int {
		t.Helper()
		properties, err := a.Provision(t.Context(), resource)
		if err != nil {
			t.Fatal(err)
		}
		key := properties[arm.KeysProperty].(map[string]any)["key1"].(string)
		blob := properties["primaryEndpoints"].(map[string]any)["blob"].(string)
		credential, err := azblob.NewSharedKeyCredential("shop1", key)
		if err != nil {
			t.Fatal(err)
		}
		client, err := azblob.NewClientWithSharedKeyCredential(blob, credential, nil)
		if err != nil {
			t.Fatal(err)
		}
		if make {
			if _, err := client.CreateContainer(t.Context(), "covers", nil); err != nil {
				t.Fatal(err)
			}
		}
		page, err := client.NewListContainersPager(nil).NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(page.ContainerItems)
	}
	started := a.azurite.Status().Process
	if n := containers(true); n != 1 {
		t.Errorf("%d containers", n)
	}
	restarted := a.azurite.Status().Process
	if n := containers(false); n != 1 || restarted == started || restarted != a.azurite.Status().Process {
		t.Errorf("written again: %d containers, processes %v, %v, %v", n, started, restarted, a.azurite.Status().Process)
	}
	for range 2 {
		if err := a.Remove(t.Context(), resource); err != nil {
			t.Fatal(err)
		}
	}
	if _, known := accounts.Key("shop1"); known {
		t.Error("the account is known after its removal")
	}
	if n := containers(false); n != 0 {
		t.Errorf("an account made again holds %d containers", n)
	}
	if _, err := a.Provision(t.Context(), arm.Resource{Name: "no-such-name"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a name Azure refuses: %v", err)
	}
	if err := a.Remove(t.Context(), arm.Resource{Name: storageAccount}); err != nil {
		t.Fatal(err)
	}
	if _, known := accounts.Key(storageAccount); !known {
		t.Error("the sandbox's own account went")
	}
}

// A flexible server is the second cluster: its administrator gets in, a second
// server is refused, and after its deletion the cluster is as new.
func TestFlexibleServerIsReal(t *testing.T) {
	t.Parallel()
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server(nil, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	o := part.PostgresOptions{
		Name: "azure", Superuser: part.FlexibleServerOwner, Password: "owner", Certificate: pair.Certificate, Key: pair.Key, RequireTLS: true,
		Statements: part.FlexibleServerStatements(adminUser, "first"),
	}
	named := ""
	d := &databaseServer{cluster: startServer(t, part.Postgres(o)), options: o, name: func(fqdn string) error { named = fqdn; return nil }}
	server := func(name, login, password string) arm.Resource {
		return arm.Resource{ID: "/subscriptions/S/flexibleServers/" + name, Name: name, Body: map[string]any{"properties": map[string]any{
			"administratorLogin": login, "administratorLoginPassword": password,
		}}}
	}
	enter := func(login, password string) error {
		conn, err := pgx.Connect(t.Context(), part.PostgresURL(d.cluster.Address(0), login, password, "postgres", "require"))
		if err == nil {
			_, err = conn.Exec(t.Context(), "CREATE DATABASE shop_"+login)
			conn.Close(t.Context())
		}
		return err
	}
	for _, password := range []string{"one", "two'"} {
		properties, err := d.Provision(t.Context(), server("shop", "Chief", password))
		if err != nil || properties["fullyQualifiedDomainName"] != "127.0.0.1" || named != "shop.postgres.database.azure.com" {
			t.Fatalf("Provision = %v, %v, named %q", properties, err, named)
		}
	}
	if err := enter("Chief", "two'"); err != nil {
		t.Errorf("the administrator: %v", err)
	}
	if err := enter("Chief", "one"); err == nil {
		t.Error("the old password is good")
	}
	if _, err := d.Provision(t.Context(), server("second", "chief", "x")); !fault.Is(err, fault.Unsupported) {
		t.Errorf("a second server: %v", err)
	}
	for _, login := range []string{"azuresu", "pg_x", `a"b`, "azure_pg_admin", "Admin"} {
		_, err := d.Provision(t.Context(), server("shop", login, "hidden-word"))
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hidden-word") {
			t.Errorf("administrator %q: %v", login, err)
		}
	}
	before := d.cluster.Status().Process
	if err := d.Remove(t.Context(), server("other", "", "")); err != nil || d.cluster.Status().Process != before {
		t.Errorf("removing a server that has no cluster: %v", err)
	}
	if err := d.Remove(t.Context(), server("shop", "", "")); err != nil {
		t.Fatal(err)
	}
	if err := enter("Chief", "two'"); err == nil {
		t.Error("the administrator outlived the server")
	}
	if _, err := d.Provision(t.Context(), server("second", adminUser, "again")); err != nil {
		t.Fatalf("another server after the first: %v", err)
	}
	if err := enter(adminUser, "again"); err != nil {
		t.Errorf("the second administrator: %v", err)
	}
}
