package aws

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

// account is an account of its own in the shared control plane, with what a
// test makes in it.
type account struct {
	t      *testing.T
	config sdk.Config
	id     string
}

func newAccount(t *testing.T) account {
	t.Helper()
	moto := testkit.SharedMoto(t)
	return account{t, moto.Config(t), moto.Account}
}

// newGatedAccount is one behind the sandbox's gate, which answers CloudWatch's
// newer protocol; moto alone does not.
func newGatedAccount(t *testing.T) account {
	t.Helper()
	address, moto := testgate.Open(t)
	config := moto.Config(t)
	config.BaseEndpoint = &address
	return account{t, config, moto.Account}
}

// made makes one call that brings something into being.
func made[I, O, P any](a account, call func(context.Context, *I, ...func(*P)) (*O, error), in *I) *O {
	a.t.Helper()
	out, err := call(a.t.Context(), in)
	if err != nil {
		a.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// reading is what a scan of some services has brought.
type reading struct {
	t         *testing.T
	resources []inventory.Resource
	unread    []inventory.Unread
}

// read scans the services alone.
func (a account) read(services ...service) reading {
	a.t.Helper()
	scanner := NewScanner(a.config, ScanOptions{Unlimited: true})
	scanner.services, scanner.backoff = services, time.Millisecond
	sink := &gathered{}
	if err := scanner.Scan(a.t.Context(), sink); err != nil {
		a.t.Fatal(err)
	}
	allCanonical(a.t, sink.live())
	builder := inventory.NewBuilder()
	for _, o := range sink.live() {
		if err := builder.Add(o); err != nil {
			a.t.Fatal(err)
		}
	}
	return reading{a.t, builder.Build().Resources, sink.unread}
}

// one is the only resource of the kind with the name.
func (r reading) one(kind cloud.Kind, name string) inventory.Resource {
	r.t.Helper()
	var found []inventory.Resource
	for _, resource := range r.resources {
		if resource.Kind == kind && resource.Name == name {
			found = append(found, resource)
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("%d of %s %q among %v; unread %v", len(found), kind, name, r.names(kind), r.unread)
	}
	return found[0]
}

func (r reading) names(kind cloud.Kind) []string {
	var names []string
	for _, resource := range r.resources {
		if resource.Kind == kind {
			names = append(names, resource.Name)
		}
	}
	return names
}

// count asks how many there are of a kind.
func (r reading) count(kind cloud.Kind, want int) {
	r.t.Helper()
	if got := len(r.names(kind)); got != want {
		r.t.Errorf("%d of %s, want %d: %v; unread %v", got, kind, want, r.names(kind), r.unread)
	}
}

// has compares values at paths of a resource's properties ("A.0.B" goes through
// a list).
func has(t *testing.T, r inventory.Resource, want map[string]any) {
	t.Helper()
	for path, value := range want {
		var at any = map[string]any(r.Properties)
		for name := range strings.SplitSeq(path, ".") {
			at = memberOf(at, name)
		}
		if at != value {
			t.Errorf("%s %s: %s is %v (%T), want %v; properties %v", r.Kind, r.Name, path, at, at, value, r.Properties)
		}
	}
}

func memberOf(tree any, name string) any {
	switch v := tree.(type) {
	case map[string]any:
		return v[name]
	case []any:
		if i := int(name[0] - '0'); i < len(v) {
			return v[i]
		}
	}
	return nil
}

// hasTag compares one tag.
func hasTag(t *testing.T, r inventory.Resource, key, value string) {
	t.Helper()
	if r.Tags[key] != value {
		t.Errorf("%s %s: tags %v, want %s=%s", r.Kind, r.Name, r.Tags, key, value)
	}
}

// alias asks for another name.
func alias(t *testing.T, r inventory.Resource, name string) {
	t.Helper()
	if !slices.Contains(r.Aliases, name) {
		t.Errorf("%s %s: aliases %v, want %q among them", r.Kind, r.Name, r.Aliases, name)
	}
}

// observed makes observations of resources, to look for secrets in.
func observed(r reading) *gathered {
	found := &gathered{}
	for _, resource := range r.resources {
		found.found = append(found.found, inventory.Observation{Resource: resource})
	}
	return found
}
