package part

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/tools"
)

// The sockets of Azurite, in the order of its ports.
const (
	AzuriteBlob = iota
	AzuriteQueue
	AzuriteTable
)

// Accounts are the storage accounts that Azurite knows: name to key. It is
// safe for concurrent use.
type Accounts struct {
	mu   sync.Mutex
	keys map[string]string
}

// accountName is the rule of Azure for storage account names: 3 to 24
// lower-case letters and digits.
var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// NewAccounts returns accounts with the given names, each with a random key.
// At least one is needed: without any Azurite falls back to its well-known one.
func NewAccounts(names ...string) (*Accounts, error) {
	a := &Accounts{keys: map[string]string{}}
	for _, name := range names {
		if _, err := a.Add(name); err != nil {
			return nil, err
		}
	}
	if len(a.keys) == 0 {
		return nil, fault.Newf(fault.Internal, "make storage accounts: at least one name is needed")
	}
	return a, nil
}

// Add adds an account and returns its key; for one that is there its key.
func (a *Accounts) Add(name string) (string, error) {
	if !accountName.MatchString(name) {
		return "", fault.Newf(fault.Invalid, "add storage account %q: want 3 to 24 lower-case letters and digits", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if key, ok := a.keys[name]; ok {
		return key, nil
	}
	// 64 bytes, as Azure makes them.
	raw := make([]byte, 64)
	rand.Read(raw)
	a.keys[name] = base64.StdEncoding.EncodeToString(raw)
	return a.keys[name], nil
}

// Remove forgets an account. Its data stays on disk until the sandbox goes.
func (a *Accounts) Remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, name)
}

// Key returns the key of an account.
func (a *Accounts) Key(name string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, ok := a.keys[name]
	return key, ok
}

// Names returns the accounts in order.
func (a *Accounts) Names() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.keys))
}

// environment is the form that Azurite reads: name:key;name:key.
func (a *Accounts) environment() string {
	var b strings.Builder
	for _, name := range a.Names() {
		key, _ := a.Key(name)
		fmt.Fprintf(&b, "%s:%s;", name, key)
	}
	return b.String()
}

// Azurite is Azure Storage: Blob, Queue and Table, with its data on disk. It
// reads its accounts when it starts; add one with Running.Reconfigure.
func Azurite(accounts *Accounts) Server {
	return Server{
		Name: "azurite", Tool: tools.Azurite,
		Ports:       []Port{{Name: "blob"}, {Name: "queue"}, {Name: "table"}},
		ReadyWithin: 3 * time.Minute, // a loaded machine takes its time; a server that has ended is noticed at once
		Prepare: func(_ context.Context, s Site) error {
			return fault.Wrap(os.MkdirAll(filepath.Join(s.Dir, "data"), 0o700), "make folder", "")
		},
		Command: func(s Site) Command {
			args := append([]string{}, s.Tool.Command[1:]...)
			args = append(args, "--silent", "--location", filepath.Join(s.Dir, "data"),
				// The SDKs speak a newer API version than Azurite knows by name.
				"--skipApiVersionCheck", "--disableTelemetry")
			for i, name := range []string{"blob", "queue", "table"} {
				host, port := splitAddress(s.Address(i))
				args = append(args, "--"+name+"Host", host, "--"+name+"Port", port)
			}
			return Command{
				Path: s.Tool.Command[0], Args: args,
				Env: []string{"AZURITE_ACCOUNTS=" + accounts.environment()},
				// On SIGTERM it writes its index, which it otherwise does every
				// five seconds.
				Grace: 10 * time.Second,
			}
		},
		Healthy: func(ctx context.Context, s Site) error { return askAzurite(ctx, s, accounts) },
	}
}

// AzuriteURL returns the URL of an account on one of the sockets, in the form
// with the account in the path.
func AzuriteURL(s Site, socket int, account string) string {
	return s.URL(socket) + "/" + account
}

// ConnectionString returns what Azure's storage SDKs and tools take.
func ConnectionString(s Site, account, key string) string {
	return "DefaultEndpointsProtocol=http;AccountName=" + account + ";AccountKey=" + key +
		";BlobEndpoint=" + AzuriteURL(s, AzuriteBlob, account) +
		";QueueEndpoint=" + AzuriteURL(s, AzuriteQueue, account) +
		";TableEndpoint=" + AzuriteURL(s, AzuriteTable, account) + ";"
}

// askAzurite lists the containers of the first account, and has the other two
// servers, which start after it, refuse a request without credentials.
func askAzurite(ctx context.Context, s Site, accounts *Accounts) error {
	names := accounts.Names()
	if len(names) == 0 {
		return fault.Newf(fault.Internal, "ask azurite: no account is left")
	}
	key, _ := accounts.Key(names[0])
	if err := listContainers(ctx, AzuriteURL(s, AzuriteBlob, names[0]), names[0], key); err != nil {
		return err
	}
	for _, socket := range []int{AzuriteQueue, AzuriteTable} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, AzuriteURL(s, socket, names[0])+"?comp=list", nil)
		if err != nil {
			return err
		}
		answer, err := exchange(req)
		if err != nil {
			return err
		}
		if answer.status >= 500 {
			return answer.refused(req)
		}
	}
	return nil
}

func listContainers(ctx context.Context, url, account, key string) error {
	credential, err := service.NewSharedKeyCredential(account, key)
	if err != nil {
		return fault.Wrap(err, "use the key of storage account", account)
	}
	client, err := service.NewClientWithSharedKeyCredential(url, credential, &service.ClientOptions{
		ClientOptions: azcore.ClientOptions{
			Retry:     policy.RetryOptions{MaxRetries: -1}, // the caller asks again
			Transport: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		},
	})
	if err != nil {
		return fault.Wrap(err, "make a storage client", "")
	}
	one := int32(1)
	_, err = client.NewListContainersPager(&service.ListContainersOptions{MaxResults: &one}).NextPage(ctx)
	return err
}
