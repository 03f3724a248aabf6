package sandbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

const (
	// flexibleServer is the type of resource that has a cluster of its own.
	flexibleServer = "microsoft.dbforpostgresql/flexibleservers"
	// flexibleDomain is where the names of flexible servers stand.
	flexibleDomain = ".postgres.database.azure.com"
	// maxFlexibleServers bounds the clusters of the Azure side at one time, and
	// with them memory and loopback addresses.
	maxFlexibleServers = 16
	// firstCluster is the name of the cluster that is there from the start; the
	// others are called after it and their server.
	firstCluster = "postgres-azure"
	// postgresPort is the port that clients assume when nobody tells them.
	postgresPort = 5432
	// clearWithin bounds how long the remains of a creation that did not succeed
	// are cleared away, also when nobody waits for it any more.
	clearWithin = time.Minute
)

// flexibleOptions say how the clusters of the Azure side are run.
type flexibleOptions struct {
	// Host is where they run; Addresses are the loopback addresses, one for each.
	Host      part.Host
	Addresses []string
	// Cluster are the options of every cluster, but for name and port.
	Cluster part.PostgresOptions
	// Name and Unname give a name an address and take it back; Gone hears of a
	// cluster that is not there any more, by the name of its part.
	Name   func(fqdn, address string) error
	Unname func(fqdn string)
	Gone   func(name string)
}

// flexibleServers stands a PostgreSQL cluster behind each flexible server. The
// first place has one from the start of the sandbox, so that the Azure side's
// database can be tried before anything is deployed: a server that is created
// while nobody has that one takes it. Each other cluster is made with its
// server and goes with it.
type flexibleServers struct {
	options flexibleOptions

	mu     sync.Mutex
	places []*place
}

var _ arm.Actor = (*flexibleServers)(nil)

// place is an address at which a cluster can stand. Its fields but runs are
// read and written with the lock of flexibleServers.
type place struct {
	address string
	// server is the id of the one that has the place, in lower case; "" for none.
	server string
	// cluster is what stands there, also when it was stopped; nil for nothing.
	cluster *part.Running
	// runs says that the cluster is up and meant to be: its failure is one of
	// the sandbox. While it is being made, or stopped on request, it is not.
	runs atomic.Bool
}

func newFlexibleServers(o flexibleOptions) *flexibleServers {
	f := &flexibleServers{options: o}
	for _, address := range o.Addresses {
		f.places = append(f.places, &place{address: address})
	}
	return f
}

// Open starts the first cluster and returns its address.
func (f *flexibleServers) Open(ctx context.Context) (string, error) {
	p := f.places[0]
	if err := f.create(ctx, p, firstCluster); err != nil {
		return "", err
	}
	return f.standing(p).Address(0), nil
}

// Close stops every cluster.
func (f *flexibleServers) Close(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(f.places))
	for i, p := range f.places {
		cluster := f.standing(p)
		if cluster == nil {
			continue
		}
		all.Go(func() { errs[i] = cluster.Stop(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Provision gives the server its cluster and makes its administrator. A server
// whose creation does not succeed leaves nothing.
func (f *flexibleServers) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	p, fresh, err := f.take(r)
	if err != nil {
		return nil, err
	}
	if err := f.furnish(ctx, p, r); err != nil {
		if fresh {
			f.abandon(ctx, p, r)
		}
		return nil, err
	}
	cluster := f.standing(p)
	if fresh {
		f.log().Info("flexible server", slog.String("name", r.Name), slog.String("part", cluster.Status().Name), slog.String("address", cluster.Address(0)))
	}
	// The address itself: programs on this machine do not ask the sandbox's
	// name server unless they are told to.
	return map[string]any{"fullyQualifiedDomainName": cluster.Site().Host}, nil
}

// take returns the place of a server; fresh says that it was free before. A
// place that has a cluster already goes first, then one at which PostgreSQL's
// own port is free: a program of the user's may listen there on some addresses,
// or on all.
func (f *flexibleServers) take(r arm.Resource) (p *place, fresh bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := strings.ToLower(r.ID)
	if p := f.of(id); p != nil {
		return p, false, nil
	}
	var free *place
	for _, p := range f.places {
		if p.server != "" {
			continue
		}
		if p.cluster != nil || !proc.PortTaken(net.JoinHostPort(p.address, itoa(postgresPort))) {
			p.server = id
			return p, true, nil
		}
		free = cmp.Or(free, p)
	}
	if free == nil {
		return nil, false, fault.Newf(fault.Conflict, "create flexible server %q: the sandbox runs at most %d at one time", r.Name, len(f.places)).
			Hintf("delete one, or use another sandbox")
	}
	free.server = id
	return free, true, nil
}

// of returns the place that a server has, or nil. The lock is held.
func (f *flexibleServers) of(id string) *place {
	i := slices.IndexFunc(f.places, func(p *place) bool { return p.server == id })
	if i < 0 {
		return nil
	}
	return f.places[i]
}

// furnish makes sure that the server has what was asked for.
func (f *flexibleServers) furnish(ctx context.Context, p *place, r arm.Resource) error {
	if f.standing(p) == nil {
		if err := f.create(ctx, p, firstCluster+"-"+strings.ToLower(r.Name)); err != nil {
			return err
		}
	}
	cluster := f.standing(p)
	if !p.runs.Load() {
		return fault.Newf(fault.Conflict, "write flexible server %q: it is stopped", r.Name).Hintf("start it first")
	}
	properties, _ := r.Body["properties"].(map[string]any)
	login, _ := properties["administratorLogin"].(string)
	password, _ := properties["administratorLoginPassword"].(string)
	if login != "" && password != "" {
		if err := f.administrator(ctx, cluster, login, password); err != nil {
			return err
		}
	}
	return f.options.Name(r.Name+flexibleDomain, cluster.Site().Host)
}

// create starts a cluster at a place.
func (f *flexibleServers) create(ctx context.Context, p *place, name string) error {
	o := f.options.Cluster
	o.Name, o.PreferredPort = "azure", postgresPort
	if name != firstCluster {
		// It stands in process titles, where a server's name has no room.
		o.Name += "-" + p.address[strings.LastIndex(p.address, ".")+1:]
		o.Settings = append(o.Settings[:len(o.Settings):len(o.Settings)], smallCluster()...)
	}
	server := part.Postgres(o)
	server.Name = name
	host := f.options.Host
	host.Address, host.Changed = p.address, func(s part.Status) { f.changed(p, s) }
	cluster, err := part.Start(ctx, host, server)
	if err != nil {
		f.options.Gone(name)
		return err
	}
	f.stand(p, cluster)
	return nil
}

// smallCluster are the settings of the clusters that come after the first: an
// environment beside the one that is tried out is looked at more than loaded.
func smallCluster() []part.Setting {
	return []part.Setting{{Name: "shared_buffers", Value: "16MB"}, {Name: "min_wal_size", Value: "32MB"}}
}

// changed passes on what a cluster says of itself. One that is being made, or
// comes back from a stop, fails its server's operation and not the sandbox.
func (f *flexibleServers) changed(p *place, s part.Status) {
	if s.State == part.Failed && !p.runs.Load() {
		s.State = part.Stopped
	}
	if f.options.Host.Changed != nil {
		f.options.Host.Changed(s)
	}
}

// administrator makes or changes the role that the server's creator asked for,
// all of it or nothing.
func (f *flexibleServers) administrator(ctx context.Context, cluster *part.Running, login, password string) error {
	statements, err := part.AdministratorSQL(login, password)
	if err != nil {
		return err
	}
	o := f.options.Cluster
	conn, err := pgx.Connect(ctx, part.PostgresURL(cluster.Address(0), o.Superuser, o.Password, "postgres", "require"))
	if err != nil {
		return fault.Of(fault.Unavailable, "connect to the server's cluster", "", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts is committed
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		// The statement holds the password and is not shown.
		return fault.Of(fault.Invalid, "make administrator", login, err)
	}
	return nil
}

// abandon clears away what a creation left that did not succeed. Who asked for
// it may have gone. What cannot be cleared stays with the server, whose
// deletion tries again.
func (f *flexibleServers) abandon(ctx context.Context, p *place, r arm.Resource) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearWithin)
	defer cancel()
	f.options.Unname(r.Name + flexibleDomain)
	// The first cluster was there before, and an administrator is made whole or
	// not at all.
	if p == f.places[0] || f.standing(p) == nil {
		f.free(p)
		return
	}
	if err := f.clear(ctx, p); err != nil {
		f.log().Error("clear away a flexible server", slog.String("name", r.Name), slog.String("cause", err.Error()))
	}
}

// Remove takes the server's cluster away, with its data. The first one is made
// anew.
func (f *flexibleServers) Remove(ctx context.Context, r arm.Resource) error {
	p := f.placeOf(r)
	if p == nil {
		return nil
	}
	f.options.Unname(r.Name + flexibleDomain)
	return f.clear(ctx, p)
}

// clear empties a place and frees it. A place that cannot be cleared stays with
// its server, and can be cleared again.
func (f *flexibleServers) clear(ctx context.Context, p *place) error {
	cluster := f.standing(p)
	p.runs.Store(false)
	if err := cluster.Remove(ctx); err != nil {
		return err
	}
	if p == f.places[0] {
		fresh, err := cluster.Again(ctx)
		if err != nil {
			return err
		}
		f.stand(p, fresh)
	} else {
		f.options.Gone(cluster.Status().Name)
		f.vacate(p)
	}
	f.free(p)
	return nil
}

// Act stops and starts the server's cluster.
func (f *flexibleServers) Act(ctx context.Context, r arm.Resource, action string) error {
	p := f.placeOf(r)
	if p == nil {
		return fault.Newf(fault.Conflict, "%s flexible server %q: it was not created", action, r.Name).Hintf("deploy it again, or delete it")
	}
	switch strings.ToLower(action) {
	case "stop":
		return f.stop(ctx, p)
	case "start":
		return f.start(ctx, p)
	case "restart":
		if err := f.stop(ctx, p); err != nil {
			return err
		}
		return f.start(ctx, p)
	}
	return nil
}

func (f *flexibleServers) stop(ctx context.Context, p *place) error {
	p.runs.Store(false)
	return f.standing(p).Stop(ctx)
}

func (f *flexibleServers) start(ctx context.Context, p *place) error {
	if p.runs.Load() {
		return nil
	}
	cluster, err := f.standing(p).Again(ctx)
	if err != nil {
		return err
	}
	f.stand(p, cluster)
	return nil
}

// placeOf returns the place that a server has, or nil.
func (f *flexibleServers) placeOf(r arm.Resource) *place {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of(strings.ToLower(r.ID))
}

// standing returns the cluster of a place, or nil.
func (f *flexibleServers) standing(p *place) *part.Running {
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.cluster
}

// stand puts a cluster that runs at a place.
func (f *flexibleServers) stand(p *place, cluster *part.Running) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.cluster = cluster
	p.runs.Store(true)
}

func (f *flexibleServers) vacate(p *place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.cluster = nil
}

func (f *flexibleServers) free(p *place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.server = ""
}

func (f *flexibleServers) log() *slog.Logger {
	if f.options.Host.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return f.options.Host.Log
}
