package sandbox

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/sandbox/part"
)

// startARM starts the Resource Manager, which gives out the tokens as well, and
// puts real servers behind the kinds of resources that hold data.
func (s *supervisor) startARM(ctx context.Context) error {
	server, err := arm.New(arm.Options{
		Subscription: s.ids.Subscription, Tenant: s.ids.Tenant, ClientID: s.ids.Client, ClientSecret: s.secrets.ClientSecret,
		Types: s.order.Types, Now: s.options.Now, Seed: s.order.Seed, Log: s.log.With(slog.String("part", "arm")),
		AtMost: map[string]int{flexibleServer: maxFlexibleServers},
		Provisioners: map[string]arm.Provisioner{
			"microsoft.storage/storageaccounts": &accountServer{azurite: s.azurite, accounts: s.accounts, served: s.accounts.Names()},
			blobContainer:                       &containerServer{s.azurite, s.accounts},
			flexibleServer:                      s.targetDatabases,
			flexibleDatabase:                    databaseServer{s.targetDatabases},
		},
	})
	if err != nil {
		return err
	}
	s.stack.add(rankBehind, "arm operations", server.Close)
	secure, err := s.pair.TLS()
	if err != nil {
		return err
	}
	url, err := s.serveHere(ctx, "arm", "127.0.0.1:0", server, secure)
	if err != nil {
		return err
	}
	s.profiles.Store(server)
	s.record.change(func(st *State) { st.Endpoints.ResourceManager, st.Endpoints.Authority = url, url })
	return nil
}

// profiles gives the name server the Traffic Manager profiles. It may be asked
// before the Resource Manager is there: then there are none.
type profiles struct{ atomic.Pointer[arm.Server] }

var _ dns.ProfileSource = (*profiles)(nil)

// Profiles returns the profiles as they are now.
func (p *profiles) Profiles() []dns.Profile {
	server := p.Load()
	if server == nil {
		return nil
	}
	var out []dns.Profile
	for _, from := range server.Profiles() {
		to := dns.Profile{
			Name:    strings.TrimSuffix(strings.ToLower(from.Name), ".trafficmanager.net"),
			Enabled: from.Enabled, Method: dns.Method(from.Routing), TTL: uint32(max(0, min(from.TTLSeconds, math.MaxInt32))),
			MaxReturn: int(from.MaxReturn),
		}
		for _, e := range from.Endpoints {
			to.Endpoints = append(to.Endpoints, dns.Endpoint{
				Name: e.Name, Target: e.Target, Enabled: e.Serving, Weight: uint64(max(0, e.Weight)), Priority: int(e.Priority),
				Location: e.Location, Geo: e.Geo,
			})
		}
		out = append(out, to)
	}
	return out
}

// accountServer stands Azurite behind storage accounts: an account of the
// Resource Manager is one that Azurite knows, under the same name and key.
type accountServer struct {
	azurite  *part.Running
	accounts *part.Accounts

	// turn keeps changes of the accounts apart: Azurite reads them when it
	// starts, so each is a restart. served are those that it has read since.
	turn   sync.Mutex
	served []string
}

var _ arm.Provisioner = (*accountServer)(nil)

// Provision makes the account known to Azurite. Accounts that are made at one
// time wait for one restart and not for one each.
func (a *accountServer) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	name := strings.ToLower(r.Name)
	key, err := a.accounts.Add(name)
	if err != nil {
		return nil, err
	}
	a.turn.Lock()
	defer a.turn.Unlock()
	if !slices.Contains(a.served, name) {
		if err := a.restart(ctx); err != nil {
			a.accounts.Remove(name)
			return nil, err
		}
	}
	site := a.azurite.Site()
	return map[string]any{
		"primaryEndpoints": map[string]any{
			"blob":  part.AzuriteURL(site, part.AzuriteBlob, name) + "/",
			"queue": part.AzuriteURL(site, part.AzuriteQueue, name) + "/",
			"table": part.AzuriteURL(site, part.AzuriteTable, name) + "/",
		},
		// Azurite takes two keys; one that answers to both names is enough.
		arm.KeysProperty: map[string]any{"key1": key, "key2": key},
	}, nil
}

// Remove empties the account and has Azurite forget it. The sandbox's own
// first account is emptied only.
func (a *accountServer) Remove(ctx context.Context, r arm.Resource) error {
	a.turn.Lock()
	defer a.turn.Unlock()
	name := strings.ToLower(r.Name)
	key, known := a.accounts.Key(name)
	if !known {
		return nil
	}
	if err := part.PurgeAccount(ctx, a.azurite.Site(), name, key); err != nil {
		return err
	}
	if name == storageAccount {
		return nil
	}
	a.accounts.Remove(name)
	return a.restart(ctx)
}

// restart has Azurite read its accounts. The turn is held.
func (a *accountServer) restart(ctx context.Context) error {
	var names []string
	if err := a.azurite.Reconfigure(ctx, func() { names = a.accounts.Names() }); err != nil {
		return err
	}
	a.served = names
	return nil
}
