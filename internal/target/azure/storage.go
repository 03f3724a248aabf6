package azure

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
)

const storageVersion = "2023-05-01"

// Storage finds storage accounts, and what is needed to write to one.
type Storage struct{ client *client }

// NewStorage returns the finder. It makes no request.
func NewStorage(s Settings) (*Storage, error) {
	if s.Subscription == "" {
		return nil, fault.Newf(fault.Invalid, "no subscription is configured").Hintf("set target.subscription in landfall.yaml")
	}
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	return &Storage{c}, nil
}

// StorageAccount is an account with what its blob service can do.
type StorageAccount struct {
	ID   cloud.ResourceID
	Name string
	// Blob is the address of its blob service.
	Blob string
	// Redundancy is "LRS", "GZRS", ...; Premium accounts of block blobs have no
	// access tiers; Hierarchical ones keep folders.
	Redundancy            string
	Premium, Hierarchical bool
}

// storageAccount is the answer of Resource Manager ("Storage Accounts - List").
type storageAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
	SKU  struct {
		Name string `json:"name"`
	} `json:"sku"`
	Properties struct {
		PrimaryEndpoints struct {
			Blob string `json:"blob"`
		} `json:"primaryEndpoints"`
		IsHnsEnabled bool `json:"isHnsEnabled"`
	} `json:"properties"`
}

// Account finds the account of a name, which is one only in all of Azure.
func (s *Storage) Account(ctx context.Context, name string) (StorageAccount, error) {
	next := "/subscriptions/" + s.client.settings.Subscription + "/providers/Microsoft.Storage/storageAccounts"
	const pages = 1000 // a subscription has 250 accounts in a region at most; this is a server that loops
	for range pages {
		var page struct {
			Value    []storageAccount `json:"value"`
			NextLink string           `json:"nextLink"`
		}
		if _, err := s.client.get(ctx, next, storageVersion, &page); err != nil {
			kind := classify(ctx, err)
			return StorageAccount{}, fault.Of(kind, "find storage account", name, brief(err)).Hintf("%s", mend(kind, s.client.settings.Subscription))
		}
		for i := range page.Value {
			if a := &page.Value[i]; strings.EqualFold(a.Name, name) {
				return a.read()
			}
		}
		if page.NextLink == "" {
			return StorageAccount{}, fault.Newf(fault.NotFound, "find storage account %q: it is not in subscription %s", name, s.client.settings.Subscription).
				Hintf("az storage account list")
		}
		next = page.NextLink
	}
	return StorageAccount{}, fault.Newf(fault.Unavailable, "storage accounts go on after %d pages", pages)
}

func (a *storageAccount) read() (StorageAccount, error) {
	out := StorageAccount{ID: cloud.ResourceID(a.ID), Name: a.Name, Blob: a.Properties.PrimaryEndpoints.Blob, Hierarchical: a.Properties.IsHnsEnabled}
	if out.Blob == "" {
		return out, fault.Newf(fault.Unsupported, "use storage account %q: its kind %q has no blob service", a.Name, a.Kind)
	}
	// "Premium_LRS" of a BlockBlobStorage account; the other premium kinds have
	// no block blobs (Microsoft Learn, "Storage account overview").
	tier, redundancy, _ := strings.Cut(a.SKU.Name, "_")
	out.Premium = strings.HasPrefix(tier, "Premium")
	out.Redundancy = strings.Replace(redundancy, "RAG", "RA-G", 1)
	return out, nil
}

// Key returns a key of an account, which may everything there. It is a secret.
func (s *Storage) Key(ctx context.Context, account cloud.ResourceID) (string, error) {
	var answer struct {
		Keys []struct {
			Value       string `json:"value"`
			Permissions string `json:"permissions"`
		} `json:"keys"`
	}
	err := s.client.send(ctx, http.MethodPost, string(account)+"/listKeys", map[string]string{"api-version": storageVersion}, nil, &answer)
	if err != nil {
		return "", fault.Of(classify(ctx, err), "read the keys of", string(account), brief(err)).
			Hintf(`assign the role "Storage Account Key Operator Service Role", or let the account take tokens over https`)
	}
	for _, k := range answer.Keys {
		if k.Value != "" && strings.EqualFold(k.Permissions, "full") {
			return k.Value, nil
		}
	}
	return "", fault.Of(fault.Denied, "find a key that may write, of", string(account), nil)
}

// Credential gets tokens, also for the blob service.
func (s *Storage) Credential() azcore.TokenCredential { return s.client.credential }

// Credential gets tokens where no subscription is known. It makes no request.
func Credential(s Settings) (azcore.TokenCredential, error) {
	c, err := connect(s)
	if err != nil {
		return nil, err
	}
	return c.credential, nil
}
