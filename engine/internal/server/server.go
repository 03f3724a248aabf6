package server

import (
	"context"
	"errors"
	"maps"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/rpc/encryption"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"

	"example.com/landfall/engine/internal/database"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

const (
	// clusterName and the numbers below are written into the store when it is
	// made and cannot be changed in it.
	clusterName              = "active"
	initialFailoverVersion   = 1
	failoverVersionIncrement = 10
	historyShards            = 1

	// joinWithin is half of the time that the server gives each service to
	// start, where it is more than the 15 s of its own. A machine that builds
	// software on all its cores needs more.
	joinWithin = 30 * time.Second
	// abandonWithin bounds the stop of what a failed start had started.
	abandonWithin = 5 * time.Second

	// retention is how long a finished run can be read. The default of the
	// namespace is a day, shorter than a weekend.
	retention = 365 * 24 * time.Hour
)

// Version is the version of the Temporal server.
func Version() string { return headers.ServerVersion }

// Options say what to run.
type Options struct {
	// Store and Visibility are paths of files that package database prepared.
	Store, Visibility string
	Ports             Ports
	TLS               encryption.TLSConfigProvider
	Limits            Limits
	Log               log.Logger
}

// Server is a server that runs.
type Server struct {
	inner   temporal.Server
	address string
}

// Start runs the server; when it returns, the services have been started. Stop
// ends it.
func Start(o Options) (*Server, error) {
	if err := makeNamespace(o.sql(o.Store)); err != nil {
		return nil, err
	}
	// Without a name of the program, the server's own workers read all of its
	// file to make one from the digest: a second of each start (SDK reference,
	// SetBinaryChecksum).
	worker.SetBinaryChecksum("landfall-engine " + Version())
	inner, err := temporal.NewServer(
		temporal.WithConfig(o.config()),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(o.hosts()),
		temporal.WithTLSConfigFactory(o.TLS),
		temporal.WithDynamicConfigClient(o.Limits.settings()),
		temporal.WithLogger(o.Log),
	)
	if err != nil {
		return nil, fault.Of(fault.Internal, "set the server up", "", err)
	}
	s := &Server{inner, hostPort(o.Ports.Frontend)}
	if err := inner.Start(); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), abandonWithin)
		defer cancel()
		return nil, fault.Of(fault.Unavailable, "start the server", "", errors.Join(err, s.Stop(ctx)))
	}
	return s, nil
}

// Address is host:port of the frontend.
func (s *Server) Address() string { return s.address }

// Stop ends the services in order, or returns when ctx ends. Nothing is lost
// by the latter: what was answered is in the store.
func (s *Server) Stop(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.inner.Stop() }()
	select {
	case err := <-done:
		return fault.Wrap(err, "stop the server", "")
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), "wait for the server to stop", "")
	}
}

// makeNamespace writes Landfall's namespace into the store unless it is there.
func makeNamespace(store *config.SQL) error {
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, host.Namespace, false, nil)
	if err != nil {
		return fault.Of(fault.Internal, "make namespace", host.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(retention)
	return fault.Wrap(sqliteschema.CreateNamespaces(store, namespace), "make namespace", host.Namespace)
}

// services gives the port of each service.
func (o Options) services() map[primitives.ServiceName]int {
	return map[primitives.ServiceName]int{
		primitives.FrontendService: o.Ports.Frontend, primitives.HistoryService: o.Ports.History,
		primitives.MatchingService: o.Ports.Matching, primitives.WorkerService: o.Ports.Worker,
	}
}

func (o Options) hosts() map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range o.services() {
		hosts[name] = static.SingleLocalHost(hostPort(port))
	}
	return hosts
}

func (o Options) config() *config.Config {
	services := map[string]config.Service{}
	for name, port := range o.services() {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
	}
	const store, visibility = "store", "visibility"
	return &config.Config{
		Global:   config.Global{Membership: config.Membership{MaxJoinDuration: joinWithin}},
		Services: services,
		Persistence: config.Persistence{
			DefaultStore: store, VisibilityStore: visibility, NumHistoryShards: historyShards,
			DataStores: map[string]config.DataStore{
				store: {SQL: o.sql(o.Store)}, visibility: {SQL: o.sql(o.Visibility)},
			},
		},
		ClusterMetadata: &cluster.Config{
			MasterClusterName: clusterName, CurrentClusterName: clusterName, FailoverVersionIncrement: failoverVersionIncrement,
			ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
				Enabled: true, InitialFailoverVersion: initialFailoverVersion, RPCAddress: hostPort(o.Ports.Frontend),
			}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
	}
}

// sql is one connection to a file: SQLite has one writer, and with more
// connections a write can find the file busy for longer than it waits.
func (o Options) sql(path string) *config.SQL {
	attributes := maps.Clone(database.Pragmas())
	attributes["mode"] = "rw" // a file that is gone is an error and not a new, empty one
	return &config.SQL{
		PluginName: sqlite.PluginName, DatabaseName: database.Name(path), ConnectAttributes: attributes,
		MaxConns: 1, MaxIdleConns: 1,
	}
}
