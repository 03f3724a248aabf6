package app

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/view"
)

// side is a target that keeps what it is given and tells of its changes what
// the test says.
type side struct {
	there map[cloud.ResourceID]map[string]any
	// dumb are resources of which its preview tells nothing, silent those that
	// it leaves out.
	dumb, silent []cloud.ResourceID
	fail         error
}

var _ target.Deployer = (*side)(nil)

func (s *side) Preflight(context.Context, *design.Design) ([]target.Check, error) { return nil, nil }

func (s *side) WhatIf(_ context.Context, d target.Deployment) ([]target.Change, error) {
	var out []target.Change
	for _, r := range d.Resources {
		c := target.Change{ID: r.ID, Action: target.None}
		switch {
		case slices.Contains(s.silent, r.ID) && s.there[r.ID] != nil:
			continue
		case slices.Contains(s.dumb, r.ID):
			c.Action = target.Unsupported
		case s.there[r.ID] == nil:
			c.Action = target.Create
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *side) UnderWay(context.Context, target.Deployment) (bool, error) { return false, nil }

func (s *side) Others(context.Context, design.Place, []design.Resource) ([]cloud.ResourceID, error) {
	return nil, nil
}

func (s *side) Deploy(_ context.Context, d target.Deployment, _ cloud.Tags, _ target.Progress) (target.Outcome, error) {
	for _, r := range d.Resources {
		if s.there[r.ID] == nil {
			body := maps.Clone(r.Body)
			body["location"] = string(r.Location)
			s.there[r.ID] = body
		}
	}
	return target.Outcome{Name: d.Name, State: "Succeeded"}, s.fail
}

func (s *side) Read(_ context.Context, r design.Resource) (map[string]any, error) {
	if body := s.there[r.ID]; body != nil {
		return body, nil
	}
	return nil, fault.Of(fault.NotFound, "read resource", string(r.ID), nil)
}

const someSubscription = "11111111-2222-3333-4444-555555555555"

// deployable is a workspace with a design of two queues, and its target.
func deployable(t *testing.T) (*App, *side) {
	t.Helper()
	a := workspace(t)
	s := &side{there: map[cloud.ResourceID]map[string]any{}}
	a.Readers.Deployer = func(cloud.Account) (target.Deployer, error) { return s, nil }
	a.Config = &config.Config{}
	a.Config.Workload.Name, a.Config.Target.Region, a.Config.Target.Subscription = "shop", "eastus", someSubscription
	a.Config.Environments = []config.Environment{{Name: "test", Stage: config.NonProduction}, {Name: "production", Stage: config.Production}}
	if err := a.Workspace.Write(store.Inventory, &inventory.Inventory{SchemaVersion: inventory.Inventory{}.ArtefactVersion(), Inputs: map[string]string{}}); err != nil {
		t.Fatal(err)
	}
	if err := a.Workspace.Write(store.Graph, &graph.Graph{SchemaVersion: graph.Graph{}.ArtefactVersion(), Inputs: map[string]string{}}); err != nil {
		t.Fatal(err)
	}
	redesign(t, a)
	return a, s
}

// redesign writes a design that is made from what is in the workspace.
func redesign(t *testing.T, a *App) {
	t.Helper()
	place := design.Place{Subscription: someSubscription, Group: "rg-shop", Location: "eastus", Suffix: "abc234"}
	d := &design.Design{SchemaVersion: design.Version, Inputs: map[string]string{}, Workload: "shop", Place: place}
	for _, name := range []store.Name{store.Inventory, store.Graph} {
		fingerprint, err := a.Workspace.Fingerprint(name)
		if err != nil {
			t.Fatal(err)
		}
		d.Inputs[string(name)] = fingerprint
	}
	var err error
	if d.Inputs[configInput], err = configFingerprint(a.Config); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		d.Resources = append(d.Resources, design.Resource{
			ID: place.GroupID() + "/providers/Microsoft.Network/routeTables/" + cloud.ResourceID(name), Type: "Microsoft.Network/routeTables", APIVersion: "2024-05-01", Name: name, Location: "eastus",
			Body: map[string]any{"properties": map[string]any{"disableBgpRoutePropagation": true}},
		})
	}
	if err := a.Workspace.Write(store.Design, d); err != nil {
		t.Fatal(err)
	}
}

func idIn(environment, name string) cloud.ResourceID {
	return cloud.ResourceID("/subscriptions/" + someSubscription + "/resourceGroups/rg-shop-" + environment + "/providers/Microsoft.Network/routeTables/" + name)
}

// quiet is progress that nobody hears.
func quiet() *view.Progress { return view.NewProgress(io.Discard, false, time.Now) }

// approve previews and deploys.
func approve(t *testing.T, a *App, o DeployOptions) error {
	t.Helper()
	shown, err := a.Deploy(t.Context(), o, quiet())
	if err != nil {
		return err
	}
	o.Approve = shown.Preview.Fingerprint
	_, err = a.Deploy(t.Context(), o, quiet())
	return err
}

// What the preview cannot tell of, or leaves out, counts as it should be only
// when what is read is what was deployed.
func TestUnknownIsVerifiedByReadingOnly(t *testing.T) {
	t.Parallel()
	a, s := deployable(t)
	s.dumb, s.silent = []cloud.ResourceID{idIn("test", "one")}, []cloud.ResourceID{idIn("test", "two")}
	if err := approve(t, a, DeployOptions{Environment: "test"}); err != nil {
		t.Fatal(err)
	}
	entries, err := a.LedgerList(t.Context(), LedgerOptions{}, entryVerified)
	if err != nil || len(entries.Entries) != 1 {
		t.Fatalf("%+v %v", entries, err)
	}
	var body struct{ Compared []string }
	if err := json.Unmarshal(entries.Entries[0].Body, &body); err != nil || len(body.Compared) != 2 {
		t.Errorf("%s %v", entries.Entries[0].Body, err)
	}
	if err := approve(t, a, DeployOptions{Environment: "production"}); err != nil {
		t.Errorf("production after a verified environment: %v", err)
	}
}

func TestUnknownThatDiffersKeepsProductionShut(t *testing.T) {
	t.Parallel()
	a, s := deployable(t)
	one := idIn("test", "one")
	s.dumb = []cloud.ResourceID{one}
	s.there[one] = map[string]any{"location": "East US", "properties": map[string]any{"disableBgpRoutePropagation": false}}
	err := approve(t, a, DeployOptions{Environment: "test"})
	if !fault.Is(err, fault.Found) || !strings.Contains(err.Error(), string(one)) || !strings.Contains(err.Error(), "properties.disableBgpRoutePropagation") {
		t.Fatalf("%v", err)
	}
	// Looking again does not make it known either, and shows how to go on.
	shown, err := a.Deploy(t.Context(), DeployOptions{Environment: "test"}, quiet())
	if err != nil || shown.Verified || len(shown.Unproved) != 1 || shown.Next == "" {
		t.Errorf("%+v %v", shown, err)
	}
	if err := approve(t, a, DeployOptions{Environment: "production"}); !fault.Is(err, fault.Refused) {
		t.Errorf("production: %v", err)
	}
	if err := approve(t, a, DeployOptions{Environment: "production", Override: "looked at it by hand"}); err != nil {
		t.Errorf("with a reason: %v", err)
	}
	// What is set right is verified, and production opens.
	s.there[one]["properties"] = map[string]any{"disableBgpRoutePropagation": true}
	if shown, err := a.Deploy(t.Context(), DeployOptions{Environment: "test"}, quiet()); err != nil || !shown.Verified {
		t.Errorf("%+v %v", shown, err)
	}
	if shown, err := a.Deploy(t.Context(), DeployOptions{Environment: "production"}, quiet()); err != nil || shown.Shut {
		t.Errorf("%+v %v", shown, err)
	}
}

// An environment that was verified and to which the same design failed to be
// deployed since is not known to be good.
func TestAFailureShutsProductionAgain(t *testing.T) {
	t.Parallel()
	a, s := deployable(t)
	if err := approve(t, a, DeployOptions{Environment: "test"}); err != nil {
		t.Fatal(err)
	}
	delete(s.there, idIn("test", "two"))
	s.fail = fault.Newf(fault.Unavailable, "the target is away")
	if err := approve(t, a, DeployOptions{Environment: "test"}); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	s.fail = nil
	if err := approve(t, a, DeployOptions{Environment: "production"}); !fault.Is(err, fault.Refused) {
		t.Errorf("production: %v", err)
	}
}

// What would be deployed has to be what the newest inputs ask for.
func TestAStaleDesignIsNotDeployed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*App) error{
		"inventory.json": func(a *App) error {
			return a.Workspace.Write(store.Inventory, &inventory.Inventory{SchemaVersion: inventory.Inventory{}.ArtefactVersion(), Inputs: map[string]string{}, Resources: []inventory.Resource{{ID: "x"}}})
		},
		"landfall.yaml": func(a *App) error { a.Config.Design.Tags = map[string]string{"cost": "1"}; return nil },
	} {
		a, _ := deployable(t)
		if err := change(a); err != nil {
			t.Fatal(err)
		}
		_, err := a.Deploy(t.Context(), DeployOptions{Environment: "test"}, quiet())
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), name) || fault.HintOf(err) != "landfall design" {
			t.Errorf("%s: %v, hint %q", name, err, fault.HintOf(err))
		}
		redesign(t, a)
		if _, err := a.Deploy(t.Context(), DeployOptions{Environment: "test"}, quiet()); err != nil {
			t.Errorf("%s, designed anew: %v", name, err)
		}
	}
	a, _ := deployable(t)
	a.Config.Target.Subscription = "99999999-2222-3333-4444-555555555555"
	if _, err := a.Deploy(t.Context(), DeployOptions{Environment: "test"}, quiet()); err != nil {
		t.Errorf("another subscription is where it is deployed to, not another design: %v", err)
	}
}

func TestMissingParametersAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	a := New(Setup{Dir: t.TempDir(), Now: time.Now, Getenv: func(name string) (string, bool) { return "4", name == "LANDFALL_PARAMETER_COUNT" }}, Parts{Config: &config.Config{}})
	r := &deploying{App: a, o: DeployOptions{Environment: "test"}, design: &design.Design{Parameters: []design.Parameter{{Name: "password", Secure: true}, {Name: "image"}, {Name: "count", Type: "int"}, {Name: "size", Default: "small"}}}}
	_, err := r.parameterValues()
	if !fault.Is(err, fault.Usage) || !strings.Contains(err.Error(), "2 parameters have no value: image, password") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"LANDFALL_PARAMETER_IMAGE, LANDFALL_PARAMETER_PASSWORD", `"image: VALUE"`, "--parameters FILE"} {
		if !strings.Contains(fault.HintOf(err), want) {
			t.Errorf("hint %q lacks %q", fault.HintOf(err), want)
		}
	}
}
