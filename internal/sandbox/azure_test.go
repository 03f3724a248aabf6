package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
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
	a := &accountServer{azurite: startServer(t, part.Azurite(accounts)), accounts: accounts, served: accounts.Names()}
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

// Accounts that are made at one time are all there after fewer restarts than
// there are accounts.
func TestStorageAccountsAtOneTime(t *testing.T) {
	t.Parallel()
	accounts, err := part.NewAccounts(storageAccount)
	if err != nil {
		t.Fatal(err)
	}
	var starts atomic.Int32
	host := serverHost(t)
	host.Changed = func(s part.Status) {
		if s.State == part.Ready {
			starts.Add(1)
		}
	}
	running, err := part.Start(t.Context(), host, part.Azurite(accounts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	a := &accountServer{azurite: running, accounts: accounts, served: accounts.Names()}
	names := []string{"one1", "two2", "three3", "four4", "five5"}
	var all sync.WaitGroup
	before := starts.Load()
	for _, name := range names {
		all.Go(func() {
			properties, err := a.Provision(t.Context(), arm.Resource{Name: name})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			credential, err := azblob.NewSharedKeyCredential(name, properties[arm.KeysProperty].(map[string]any)["key1"].(string))
			if err != nil {
				t.Error(err)
				return
			}
			client, err := azblob.NewClientWithSharedKeyCredential(properties["primaryEndpoints"].(map[string]any)["blob"].(string), credential, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := client.CreateContainer(t.Context(), "covers", nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	if n := int(starts.Load() - before); n == 0 || n >= len(names) {
		t.Errorf("%d restarts for %d accounts", n, len(names))
	}
}
