package sandbox

import (
	"context"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/sandbox/part"
)

// flexibleServer is the type of resource that has the second cluster.
const flexibleServer = "microsoft.dbforpostgresql/flexibleservers"

// startARM starts the Resource Manager, which gives out the tokens as well, and
// puts real servers behind the two kinds of resources that hold data.
func (s *supervisor) startARM(ctx context.Context) error {
	_, front := s.layout.fronts()
	server, err := arm.New(arm.Options{
		Subscription: s.ids.Subscription, Tenant: s.ids.Tenant, ClientID: s.ids.Client, ClientSecret: s.secrets.ClientSecret,
		Types: s.order.Types, Now: s.options.Now, Seed: s.order.Seed, Log: s.log.With(slog.String("part", "arm")),
		Single: []string{flexibleServer},
		Provisioners: map[string]arm.Provisioner{
			"microsoft.storage/storageaccounts": &accountServer{azurite: s.azurite, accounts: s.accounts},
			flexibleServer: &databaseServer{
				cluster: s.targetDatabase, options: s.targetOptions, name: func(fqdn string) error { return s.nameHosts(front, fqdn) },
			},
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
	// turn keeps changes of the accounts apart: Azurite reads them when it
	// starts, so each is a restart.
	turn     sync.Mutex
	azurite  *part.Running
	accounts *part.Accounts
}

var _ arm.Provisioner = (*accountServer)(nil)

// Provision makes the account known to Azurite.
func (a *accountServer) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	name := strings.ToLower(r.Name)
	key, known := a.accounts.Key(name)
	if !known {
		var err error
		if key, err = a.accounts.Add(name); err != nil {
			return nil, err
		}
		if err := a.azurite.Reconfigure(ctx, func() {}); err != nil {
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
	return a.azurite.Reconfigure(ctx, func() {})
}

// databaseServer stands the second cluster behind a flexible server. There is
// one cluster, so there can be one server at a time; two of one template are
// told apart here only.
type databaseServer struct {
	turn    sync.Mutex
	cluster *part.Running
	options part.PostgresOptions
	// id is the server that has the cluster, in lower case; "" for none.
	id string
	// name gives the server's own name the cluster's address.
	name func(fqdn string) error
}

var _ arm.Provisioner = (*databaseServer)(nil)

// Provision gives the cluster to the server and makes its administrator.
func (d *databaseServer) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	d.turn.Lock()
	defer d.turn.Unlock()
	id := strings.ToLower(r.ID)
	if d.id != "" && d.id != id {
		return nil, fault.Newf(fault.Unsupported, "create flexible server %q: the sandbox runs one PostgreSQL server for the Azure side, and %q has it", r.Name, d.id).
			Hintf("delete its resource group, or use another sandbox")
	}
	properties, _ := r.Body["properties"].(map[string]any)
	login, _ := properties["administratorLogin"].(string)
	password, _ := properties["administratorLoginPassword"].(string)
	if login != "" && password != "" {
		if err := d.administrator(ctx, login, password); err != nil {
			return nil, err
		}
	}
	if err := d.name(r.Name + ".postgres.database.azure.com"); err != nil {
		return nil, err
	}
	d.id = id
	host, _, err := net.SplitHostPort(d.cluster.Address(0))
	if err != nil {
		return nil, fault.Of(fault.Internal, "read address", d.cluster.Address(0), err)
	}
	// The address itself: programs on this machine do not ask the sandbox's
	// name server unless they are told to.
	return map[string]any{"fullyQualifiedDomainName": host}, nil
}

// Remove takes the cluster back and empties it.
func (d *databaseServer) Remove(ctx context.Context, r arm.Resource) error {
	d.turn.Lock()
	defer d.turn.Unlock()
	if d.id != strings.ToLower(r.ID) {
		return nil
	}
	if err := d.cluster.Renew(ctx); err != nil {
		return err
	}
	d.id = ""
	return nil
}

// administrator makes or changes the role that the server's creator asked for.
func (d *databaseServer) administrator(ctx context.Context, login, password string) error {
	statements, err := part.AdministratorSQL(login, password)
	if err != nil {
		return err
	}
	owner := part.PostgresURL(d.cluster.Address(0), d.options.Superuser, d.options.Password, "postgres", "require")
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return fault.Of(fault.Unavailable, "connect to the Azure side's cluster", "", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			// The statement holds the password and is not shown.
			return fault.Of(fault.Invalid, "make administrator", login, err)
		}
	}
	return nil
}
