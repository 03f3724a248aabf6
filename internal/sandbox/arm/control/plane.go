package control

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/provider"
	"example.com/landfall/internal/sandbox/arm/schema"
	"github.com/google/uuid"
)

// Provisioner stands a real server behind a type of resources. Provision is
// called after every accepted write, also when nothing it cares for changed,
// and must be idempotent; its result is laid over the resource's properties.
// Remove is called when the resource is deleted and must succeed when nothing
// is there. An error fails the resource's operation. Both may take long and
// must honour the context; calls for one resource never overlap.
type Provisioner interface {
	Provision(ctx context.Context, r Resource) (map[string]any, error)
	Remove(ctx context.Context, r Resource) error
}

// Actor is a Provisioner whose servers take actions. Act is called for each
// accepted POST that goes on after its answer ("stop", "start", "restart"); an
// action that it does not care for is no error. It must be idempotent. An error
// fails the operation, and the resource stays as it was. As with the other
// calls, it may take long and must honour the context, and calls for one
// resource never overlap.
type Actor interface {
	Provisioner
	Act(ctx context.Context, r Resource, action string) error
}

// KeysProperty is a property that a provisioner may return and that is never
// answered as such: a map from key name to key, which listKeys then gives.
const KeysProperty = "landfallKeys"

// Resource is what a provisioner gets to see.
type Resource struct {
	// ID, Type and Name are those of the resource; Name is the last segment.
	ID, Type, Name string
	// Location is the region.
	Location string
	// Body is the whole body as written, secrets included.
	Body map[string]any
}

// Options of a Plane.
type Options struct {
	// Subscription and Tenant are GUIDs.
	Subscription, Tenant string
	// Principal is the object id of the caller that owns the subscription.
	Principal string
	// Base is the sandbox's URL, for addresses that point back at it.
	Base func() string
	// Delay is how long a long-running operation takes at least.
	Delay time.Duration
	// Definitions checks bodies; nil checks their structure only.
	Definitions *schema.Definitions
	// Provisioners by lower-case type.
	Provisioners map[string]Provisioner
	// AtMost bounds how many resources of a lower-case type there can be at one
	// time, because each has a real server behind it: one more is refused before
	// anything of its deployment is written.
	AtMost map[string]int
	// Now is the clock.
	Now func() time.Time
	// Seed makes every identifier.
	Seed uint64
	// Log gets what an operator would want to know.
	Log *slog.Logger
}

// Plane is one subscription.
type Plane struct {
	options   Options
	table     *provider.Table
	providers *provider.Providers
	roles     []provider.Role
	regions   []provider.Region

	work   context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu           sync.Mutex
	records      map[string]*record
	kinds        map[string]map[string]*record
	operations   map[string]*Operation
	order        []string
	claims       map[string]map[string]string
	unregistered map[string]bool
	serial       int64
	checked      int64
	unchecked    int64
	older        int64
}

// New returns a plane with an empty subscription that its principal owns.
func New(o Options) (*Plane, error) {
	table, err := provider.Read()
	if err != nil {
		return nil, err
	}
	roles, err := provider.Roles()
	if err != nil {
		return nil, err
	}
	if o.Definitions != nil {
		for _, r := range o.Definitions.Resources() {
			table.Add(published(table, r.Type), r.Version)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Plane{options: o, table: table, providers: provider.New(), roles: roles, regions: provider.Regions(),
		records: map[string]*record{}, kinds: map[string]map[string]*record{}, operations: map[string]*Operation{}, claims: map[string]map[string]string{}, unregistered: map[string]bool{}}
	p.work, p.cancel = context.WithCancel(context.Background())
	p.found()
	return p, nil
}

// published keeps the SDK's case of a type name that both sources have.
func published(t *provider.Table, name string) string {
	if known, ok := t.Type(name); ok {
		return known.Name
	}
	return name
}

// found makes what every subscription has: itself and its owner's role.
func (p *Plane) found() {
	sub := p.Subscription()
	p.put(&record{id: sub, written: map[string]any{}, state: Succeeded, created: p.options.Now(), changed: p.options.Now()})
	id, err := sub.Under("Microsoft.Authorization/roleAssignments", p.guid("owner of the subscription"))
	if err != nil {
		return
	}
	role := "/providers/Microsoft.Authorization/roleDefinitions/" + provider.Owner
	r := &record{id: id, apiVersion: "2022-04-01", state: Succeeded, created: p.options.Now(), changed: p.options.Now(),
		written: map[string]any{"properties": map[string]any{"roleDefinitionId": sub.String() + role, "principalId": p.options.Principal, "principalType": "ServicePrincipal"}}}
	p.put(r)
	p.refill(r)
}

// Subscription is the id of the subscription.
func (p *Plane) Subscription() armid.ID { return armid.ID{Subscription: p.options.Subscription} }

// Tenant is the id of the directory.
func (p *Plane) Tenant() string { return p.options.Tenant }

// Table gives the known types.
func (p *Plane) Table() *provider.Table { return p.table }

// Now is the time by the sandbox's clock.
func (p *Plane) Now() time.Time { return p.options.Now() }

// Close ends all operations in progress and waits for them.
func (p *Plane) Close(ctx context.Context) error {
	p.cancel()
	done := make(chan struct{})
	go func() { p.wait.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// guid derives an identifier from the seed.
func (p *Plane) guid(purpose string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d %s %s", p.options.Seed, p.options.Subscription, purpose)).String()
}

// Stats says how many resources there are and how many bodies were judged by
// a type definition.
type Stats struct {
	Resources    int   `json:"resources"`
	Groups       int   `json:"resourceGroups"`
	Definitions  bool  `json:"typeDefinitions"`
	Checked      int64 `json:"checkedBodies"`
	Unchecked    int64 `json:"uncheckedBodies"`
	OtherVersion int64 `json:"checkedAgainstOtherVersion"`
	Running      int   `json:"operationsInProgress"`
}

// Stats counts.
func (p *Plane) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Definitions: p.options.Definitions != nil, Checked: p.checked, Unchecked: p.unchecked, OtherVersion: p.older}
	for _, r := range p.records {
		switch {
		case r.id.IsGroup():
			s.Groups++
		case r.id.IsResource():
			s.Resources++
		}
	}
	for _, op := range p.operations {
		if op.Status == InProgress {
			s.Running++
		}
	}
	return s
}

// Registered reports whether the subscription may use a namespace.
func (p *Plane) Registered(namespace string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.unregistered[strings.ToLower(namespace)]
}

// Register changes whether the subscription may use a namespace.
func (p *Plane) Register(namespace string, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		delete(p.unregistered, strings.ToLower(namespace))
		return
	}
	p.unregistered[strings.ToLower(namespace)] = true
}

// put stores a record, also by its type, so that a question about one type
// does not walk through everything.
func (p *Plane) put(r *record) {
	kind := r.id.TypeKey()
	if p.kinds[kind] == nil {
		p.kinds[kind] = map[string]*record{}
	}
	p.records[r.id.Key()], p.kinds[kind][r.id.Key()] = r, r
}

// take forgets a record.
func (p *Plane) take(key string) {
	if r, ok := p.records[key]; ok {
		delete(p.kinds[r.id.TypeKey()], key)
		delete(p.records, key)
	}
}

// ofKind are the records of a lower-case type in the order of their ids.
func (p *Plane) ofKind(kind string) []*record {
	of := p.kinds[kind]
	out := make([]*record, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		out = append(out, of[key])
	}
	return out
}

// keys are all record keys in order.
func (p *Plane) keys() []string { return slices.Sorted(maps.Keys(p.records)) }
