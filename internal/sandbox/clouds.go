package sandbox

import (
	"context"
	"net"
	"net/url"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/cert"
	"example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/seed"
)

// clouds are the servers behind the two control planes. A field is set by the
// step that starts it and read by steps that need that one.
type clouds struct {
	authority      *cert.Authority
	pair           cert.Pair
	moto           *part.Running
	objects        *part.Running
	azurite        *part.Running
	accounts       *part.Accounts
	sourceDatabase *part.Running
	// targetDatabases are the clusters of the Azure side.
	targetDatabases *flexibleServers
	// gateURL is the AWS endpoint, hosts the names the clouds hand out.
	gateURL  string
	hosts    *dns.HostMap
	profiles profiles
	// shopPort is the same on both fronts; shopVariables are the shop's
	// settings on the AWS side.
	shopPort      int
	shopVariables []string
	// seeded is what the seed made.
	seeded seed.Summary
}

// bringUp starts everything. When it returns an error, what was started is on
// the stack of closers.
func (s *supervisor) bringUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	began := map[string]time.Time{}
	var mu sync.Mutex
	steps := s.steps()
	for i, st := range steps {
		run := st.run
		steps[i].run = func(ctx context.Context) error {
			mu.Lock()
			began[st.name] = s.options.Now()
			mu.Unlock()
			return run(ctx)
		}
	}
	err := runSteps(ctx, steps, func(name string) {
		mu.Lock()
		at := began[name]
		mu.Unlock()
		s.record.stageDone(name, at)
		if err := s.record.Err(); err != nil {
			fail(err)
		}
	})
	if err == nil {
		select {
		case p := <-s.failed:
			err = fault.Newf(fault.Unavailable, "start the sandbox: %s", p.Trouble)
		default:
		}
	}
	return err
}

// steps is the whole start: each step begins when those it needs are done.
func (s *supervisor) steps() []step {
	steps := []step{
		{name: "certificates", run: s.makeCertificates},
		{name: "moto", run: s.startMoto},
		{name: "objectstore", run: s.startObjectStore},
		{name: "azurite", run: s.startAzurite},
		{name: "postgres-aws", needs: []string{"certificates"}, run: s.startSourceDatabase},
		{name: firstCluster, needs: []string{"certificates"}, run: s.startTargetDatabase},
		{name: "ports", run: s.choosePorts},
	}
	return append(steps, s.frontSteps()...)
}

func (s *supervisor) start(ctx context.Context, server part.Server, host part.Host) (*part.Running, error) {
	r, err := part.Start(ctx, host, server)
	if err != nil {
		return nil, err
	}
	s.stack.add(rankServer, server.Name, r.Stop)
	s.record.say(server.Name, "ready")
	return r, nil
}

func (s *supervisor) makeCertificates(context.Context) error {
	authority, err := cert.New("Landfall sandbox "+s.layout.tag, s.options.Now())
	if err != nil {
		return err
	}
	aws, _ := s.layout.fronts()
	addresses := []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(aws)}
	for _, address := range s.layout.databases() {
		addresses = append(addresses, net.ParseIP(address))
	}
	pair, err := authority.Server(
		[]string{
			"localhost", "management.azure.com", "login.microsoftonline.com", "*.vault.azure.net",
			"*.postgres.database.azure.com", "*." + region + ".rds.amazonaws.com", "*.blob.core.windows.net",
		},
		addresses,
	)
	if err != nil {
		return err
	}
	s.authority, s.pair = authority, pair
	if err := writeFile(s.layout.authority(), authority.PEM); err != nil {
		return err
	}
	if err := writeFile(s.layout.bundle(), authority.Bundle()); err != nil {
		return err
	}
	return s.saveSecrets()
}

func (s *supervisor) saveSecrets() error { return writeJSON(s.layout.secrets(), s.secrets) }

func (s *supervisor) startMoto(ctx context.Context) (err error) {
	s.moto, err = s.start(ctx, part.Moto(part.MotoOptions{Account: account, ManagedPolicies: true}), s.host)
	return err
}

func (s *supervisor) startObjectStore(ctx context.Context) (err error) {
	o := part.ObjectStoreOptions{Key: s.secrets.ObjectKey, Secret: s.secrets.ObjectSecret, Region: region}
	s.objects, err = s.start(ctx, part.ObjectStore(o), s.host)
	return err
}

func (s *supervisor) startAzurite(ctx context.Context) (err error) {
	if s.azurite, err = s.start(ctx, part.Azurite(s.accounts), s.host); err != nil {
		return err
	}
	s.record.change(func(st *State) {
		st.Endpoints.Blob, st.Endpoints.Queue, st.Endpoints.Table =
			s.azurite.URL(part.AzuriteBlob), s.azurite.URL(part.AzuriteQueue), s.azurite.URL(part.AzuriteTable)
	})
	return nil
}

// databaseHost returns the host on which a cluster listens: the front of its
// side, where it can have PostgreSQL's own port. Clients that are given a
// server name without a port assume that one.
func (s *supervisor) databaseHost(address string) part.Host {
	host := s.host
	host.Address = address
	return host
}

func (s *supervisor) startSourceDatabase(ctx context.Context) (err error) {
	front, _ := s.layout.fronts()
	o := part.PostgresOptions{
		Name: "aws", Superuser: part.RDSOwner, Password: s.secrets.SourceOwner, PreferredPort: 5432,
		Certificate: s.pair.Certificate, Key: s.pair.Key,
		Statements: append(part.RDSStatements(masterUser, s.secrets.SourcePassword, "bookshop", "payroll"), part.MoverStatements(moverUser, s.secrets.MoverPassword, masterUser)...),
	}
	if s.sourceDatabase, err = s.start(ctx, part.Postgres(o), s.databaseHost(front)); err != nil {
		return err
	}
	s.record.change(func(st *State) { st.Endpoints.SourceDatabase = s.sourceDatabase.Address(0) })
	return nil
}

func (s *supervisor) startTargetDatabase(ctx context.Context) error {
	s.targetDatabases = newFlexibleServers(flexibleOptions{
		Host: s.host, Addresses: s.layout.databases(), Cluster: part.PostgresOptions{
			Superuser: part.FlexibleServerOwner, Password: s.secrets.TargetOwner,
			// A flexible server refuses plain connections (require_secure_transport).
			Certificate: s.pair.Certificate, Key: s.pair.Key, RequireTLS: true,
			Statements: part.FlexibleServerStatements(adminUser, s.secrets.TargetPassword),
		},
		Name: func(fqdn, address string) error { return s.nameHosts(address, fqdn) }, Unname: func(fqdn string) { s.hosts.Delete(fqdn) },
		Gone: s.record.partGone,
	})
	s.stack.add(rankServer, "flexible servers", s.targetDatabases.Close)
	address, err := s.targetDatabases.Open(ctx)
	if err != nil {
		return err
	}
	s.record.say(firstCluster, "ready")
	s.record.change(func(st *State) { st.Endpoints.TargetDatabase = address })
	return nil
}

// choosePorts looks at the ports that were asked for, first of all so that a
// taken one is told at once, and finds one for the shop that is free on both
// fronts: a name that moves from one to the other by its address alone needs
// the same on both.
func (s *supervisor) choosePorts(ctx context.Context) error {
	aws, azure := s.layout.fronts()
	if s.order.AWSPort != 0 {
		if err := proc.CheckPort(ctx, net.JoinHostPort("127.0.0.1", itoa(s.order.AWSPort))); err != nil {
			return fault.Wrap(err, "start awsgate", "")
		}
	}
	address := func(host string, port int) string { return net.JoinHostPort(host, itoa(port)) }
	if s.order.ShopPort != 0 {
		for _, host := range []string{aws, azure} {
			if err := proc.CheckPort(ctx, address(host, s.order.ShopPort)); err != nil {
				return err
			}
		}
		s.shopPort = s.order.ShopPort
		return nil
	}
	const tries = 20
	for range tries {
		port, err := proc.FreePort(aws)
		if err != nil {
			return err
		}
		if !proc.PortTaken(address(azure, port)) {
			s.shopPort = port
			return nil
		}
	}
	return fault.Newf(fault.Conflict, "choose a port for the shop: %d that were free on %s were taken on %s", tries, aws, azure)
}

// mustURL parses a URL that part.Site made.
func mustURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic("sandbox: broken URL " + text) // made from an address and a port
	}
	return u
}
