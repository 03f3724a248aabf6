package arm

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/deploy"
	"example.com/landfall/internal/sandbox/arm/entra"
	"example.com/landfall/internal/sandbox/arm/metric"
	"example.com/landfall/internal/sandbox/arm/provider"
	"example.com/landfall/internal/sandbox/arm/schema"
	"example.com/landfall/internal/sandbox/arm/vault"
	"example.com/landfall/internal/sandbox/awsgate/faultplan"
	"github.com/google/uuid"
)

// Provisioner stands a real server behind a type of resources; see
// control.Provisioner for its contract.
type Provisioner = control.Provisioner

// Actor is a Provisioner whose servers can be stopped and started; see
// control.Actor for its contract.
type Actor = control.Actor

// Resource is what a Provisioner gets to see.
type Resource = control.Resource

// KeysProperty is the property in which a Provisioner hands over access keys,
// a map from key name ("key1") to key. It is answered by listKeys only.
const KeysProperty = control.KeysProperty

// Catalog answers quotas, SKUs and capabilities.
type Catalog = provider.Catalog

// Options of a Server. Subscription, Tenant, ClientID and ClientSecret are
// required.
type Options struct {
	// Subscription, Tenant and ClientID are GUIDs.
	Subscription, Tenant, ClientID string
	// ClientSecret is the application's password.
	ClientSecret string
	// Federated accepts a client assertion in place of the secret.
	Federated bool
	// Delay is the least time of a long-running operation.
	Delay time.Duration
	// Types names the file of type definitions; empty checks structure only.
	Types string
	// Provisioners by resource type, in any case.
	Provisioners map[string]Provisioner
	// AtMost bounds the resources of a type, in lower case, at one time: each
	// has a real server behind it.
	AtMost map[string]int
	// Catalog answers quotas and SKUs; nil is a small one of sandbox data.
	Catalog Catalog
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// Seed makes identifiers and faults.
	Seed uint64
	// Log gets what an operator wants to know; nil discards.
	Log *slog.Logger
}

// audiences are the resources that Resource Manager's tokens may be for.
func audiences() []string {
	return []string{"https://management.azure.com", "https://management.core.windows.net"}
}

// vaultAudience is the resource of Key Vault's tokens.
const vaultAudience = "https://vault.azure.net"

// Server is the sandbox's Resource Manager.
type Server struct {
	options Options
	plane   *control.Plane
	deploy  *deploy.Runner
	tokens  *entra.Service
	metrics *metric.Store
	vaults  *vault.Store
	faults  *faultplan.Plan
	catalog Catalog
	admin   http.Handler
	log     *slog.Logger
	// base is the URL by which the server was reached first.
	base atomic.Value
	// budget counts calls for the rate limit headers.
	budget *budget
	once   sync.Once
}

// New returns a Server. It reads the type definitions and makes the signing
// key; it opens no port.
func New(o Options) (*Server, error) {
	for name, value := range map[string]string{"Subscription": o.Subscription, "Tenant": o.Tenant, "ClientID": o.ClientID} {
		if _, err := uuid.Parse(value); err != nil {
			return nil, fault.Of(fault.Invalid, "start Azure sandbox: option "+name, value, err)
		}
	}
	if o.ClientSecret == "" {
		return nil, fault.Newf(fault.Invalid, "start Azure sandbox: option ClientSecret is empty")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, catalog: o.Catalog, log: o.Log, metrics: metric.NewStore(), vaults: vault.NewStore(o.Now), faults: faultplan.New(o.Seed), budget: newBudget(o.Now)}
	if s.catalog == nil {
		facts, err := catalog.Load()
		if err != nil {
			return nil, fault.Of(fault.Internal, "start Azure sandbox: load catalogue", "", err)
		}
		s.catalog = provider.NewSandboxCatalog(facts)
	}
	if err := s.parts(); err != nil {
		return nil, err
	}
	s.admin = s.adminHandler()
	return s, nil
}

// parts builds the packages beneath.
func (s *Server) parts() error {
	o := s.options
	var definitions *schema.Definitions
	var err error
	if o.Types != "" {
		if definitions, err = schema.Load(o.Types); err != nil {
			return err
		}
	}
	provisioners := map[string]control.Provisioner{"microsoft.keyvault/vaults/secrets": secretKeeper{s.vaults}}
	for kind, p := range o.Provisioners {
		provisioners[strings.ToLower(kind)] = p
	}
	principal := uuid.NewSHA1(uuid.NameSpaceOID, []byte("principal of "+o.ClientID)).String()
	s.plane, err = control.New(control.Options{Subscription: o.Subscription, Tenant: o.Tenant, Principal: principal, Base: s.address, Delay: o.Delay, Definitions: definitions,
		Provisioners: provisioners, AtMost: o.AtMost, Now: o.Now, Seed: o.Seed, Log: o.Log})
	if err != nil {
		return err
	}
	s.deploy = deploy.NewRunner(s.plane, s.environment, o.Log)
	s.tokens, err = entra.New(entra.Options{Tenant: o.Tenant, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Principal: principal, Audiences: append(audiences(), vaultAudience), Federated: o.Federated, Now: o.Now})
	return err
}

// address is the URL by which clients reach the server; before the first
// request nobody knows it.
func (s *Server) address() string {
	if base, ok := s.base.Load().(string); ok {
		return base
	}
	return "https://127.0.0.1"
}

// Close stops operations in progress and waits for them.
func (s *Server) Close(ctx context.Context) error { return s.plane.Close(ctx) }
