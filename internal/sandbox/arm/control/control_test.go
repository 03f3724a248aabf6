package control_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/schema"
	"pgregory.net/rapid"
)

const subscription = "11111111-2222-3333-4444-555555555555"

type object = map[string]any

type plane struct {
	*control.Plane
	t testing.TB
}

func start(t testing.TB, change ...func(*control.Options)) plane {
	t.Helper()
	d, err := schema.Load(armtest.Types(t))
	if err != nil {
		t.Fatal(err)
	}
	o := control.Options{Subscription: subscription, Tenant: "t", Principal: "owner", Base: func() string { return "https://127.0.0.1" }, Definitions: d, Now: time.Now, Seed: 7}
	for _, c := range change {
		c(&o)
	}
	p, err := control.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return plane{p, t}
}

func (p plane) id(path string) armid.ID {
	p.t.Helper()
	id, err := armid.Parse("/subscriptions/" + subscription + path)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p plane) put(path string, body object) (control.Outcome, error) {
	p.t.Helper()
	return p.Write(p.t.Context(), control.Write{ID: p.id(path), APIVersion: "2025-09-01", Body: body})
}

func (p plane) must(path string, body object) control.View {
	p.t.Helper()
	out, err := p.put(path, body)
	if err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	if out.Operation != nil {
		if err := out.Operation.Wait(p.t.Context()); err != nil {
			p.t.Fatalf("%s: %v", path, err)
		}
	}
	v, err := p.Get(p.id(path))
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

func (p plane) remove(path string) (control.Outcome, error) {
	p.t.Helper()
	return p.Delete(p.t.Context(), control.Remove{ID: p.id(path), APIVersion: "2025-09-01"})
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return armerror.Of(err).Code
}

func located(properties object) object { return object{"location": "eastus", "properties": properties} }

const group = "/resourceGroups/g"

// recorder notes in which order servers are set up and taken down.
type recorder struct {
	mu    sync.Mutex
	calls []string
	hold  chan struct{}
}

func (r *recorder) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, s)
}

func (r *recorder) Provision(ctx context.Context, res control.Resource) (map[string]any, error) {
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r.note("up " + res.Name)
	return nil, nil
}

func (r *recorder) Remove(_ context.Context, res control.Resource) error {
	r.note("down " + res.Name)
	return nil
}

func TestAGroupTakesItsMembersWithIt(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	p := start(t, func(o *control.Options) {
		o.Provisioners = map[string]control.Provisioner{"microsoft.sql/servers": r, "microsoft.sql/servers/databases": r}
	})
	p.must(group, object{"location": "eastus"})
	p.must(group+"/providers/Microsoft.Sql/servers/s", located(object{"administratorLogin": "a", "administratorLoginPassword": "hush"}))
	p.must(group+"/providers/Microsoft.Sql/servers/s/databases/d", located(object{}))
	p.must(group+"/providers/Microsoft.Sql/servers/s/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000001", object{"properties": object{"principalId": "x", "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}})
	out, err := p.remove(group)
	if err != nil || out.Status != http.StatusAccepted {
		t.Fatalf("%+v %v", out, err)
	}
	if err := out.Operation.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.calls, ", "); got != "up s, up d, down d, down s" {
		t.Error(got)
	}
	if stats := p.Stats(); stats.Groups != 0 || stats.Resources != 1 {
		t.Errorf("only the owner's role assignment stays: %+v", stats)
	}
}

// Of a type with real servers one more than there can be is refused, also when
// it is only asked about, and the text says whose they are and what to do.
func TestAtMostSoManyServers(t *testing.T) {
	t.Parallel()
	p := start(t, func(o *control.Options) { o.AtMost = map[string]int{"microsoft.network/routetables": 2} })
	p.must(group, object{"location": "eastus"})
	p.must("/resourceGroups/other", object{"location": "eastus"})
	table := func(name string) string { return "/providers/Microsoft.Network/routeTables/" + name }
	asked := func(path string, besides ...string) error {
		assume := map[string]bool{}
		for _, other := range append(besides, path) {
			assume[p.id(other).Key()] = true
		}
		_, err := p.Write(t.Context(), control.Write{ID: p.id(path), APIVersion: "2025-09-01", Body: located(object{}), Check: true, Assume: assume})
		return err
	}
	p.must(group+table("r"), located(object{}))
	p.must(group+table("r"), located(object{"disableBgpRoutePropagation": true}))
	second, third := "/resourceGroups/other"+table("r"), "/resourceGroups/other"+table("s")
	if err := asked(second, group+table("r"), group+"/providers/Microsoft.Network/virtualNetworks/v"); err != nil {
		t.Errorf("the second of two: %v", err)
	}
	if err := asked(second, third); code(err) != "SandboxHasNoServerLeft" {
		t.Errorf("a second and a third of one deployment: %v", err)
	}
	p.must(second, located(object{}))
	for what, err := range map[string]error{"asked": asked(third), "written": func() error { _, err := p.put(third, located(object{})); return err }()} {
		if e := armerror.Of(err); err == nil || e.Code != "SandboxHasNoServerLeft" || !strings.Contains(e.Message, "'r' of resource group 'g' and 1 more") || !strings.Contains(e.Message, "az group delete --name g") {
			t.Errorf("%s: %v", what, err)
		}
	}
	out, err := p.remove(group + table("r"))
	if err == nil && out.Operation != nil {
		err = out.Operation.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.must(third, located(object{}))
}

// powered is a recorder whose servers can be stopped, unless they fail.
type powered struct {
	*recorder
	fail error
	// state is what the resource shows meanwhile.
	state func() string
}

func (r *powered) Act(_ context.Context, _ control.Resource, action string) error {
	r.note(action + " while " + r.state())
	return r.fail
}

// An action reaches the server behind a resource, and shows when it is done. A
// PostgreSQL server that is stopped takes nothing but a start or its deletion.
func TestStoppedServer(t *testing.T) {
	t.Parallel()
	behind := &powered{recorder: &recorder{}}
	p := start(t, func(o *control.Options) {
		o.Provisioners = map[string]control.Provisioner{"microsoft.dbforpostgresql/flexibleservers": behind}
	})
	p.must(group, object{"location": "eastus"})
	path := group + "/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop"
	body := object{"location": "eastus", "sku": object{"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}, "properties": object{"version": "16", "administratorLogin": "a", "administratorLoginPassword": "hush-hush"}}
	p.must(path, body)
	act := func(name string) error {
		_, _, op, err := p.Act(p.id(path), name, nil)
		if err == nil {
			err = op.Wait(t.Context())
		}
		return err
	}
	state := func() string {
		v, err := p.Get(p.id(path))
		if err != nil {
			t.Fatal(err)
		}
		return document.Text(v.Body, "properties.state")
	}
	behind.state = state
	behind.fail = errors.New("the port is taken")
	if err := act("stop"); code(err) != "ActionFailed" || !strings.Contains(err.Error(), "the port is taken") || state() != "Ready" {
		t.Errorf("%v, state %s", err, state())
	}
	behind.fail = nil
	if err := act("stop"); err != nil || state() != "Stopped" {
		t.Errorf("%v, state %s", err, state())
	}
	for name, err := range map[string]error{
		"write":    func() error { _, err := p.put(path, body); return err }(),
		"database": func() error { _, err := p.put(path+"/databases/d", object{"properties": object{}}); return err }(),
	} {
		if code(err) != "ServerStoppedError" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Write(t.Context(), control.Write{ID: p.id(path), APIVersion: "2025-08-01", Body: body, Check: true}); err != nil {
		t.Errorf("a question changes nothing and needs no server: %v", err)
	}
	for _, name := range []string{"stop", "restart"} {
		if err := act(name); code(err) != "ServerIsNotReady" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := act("start"); err != nil || state() != "Ready" {
		t.Errorf("%v, state %s", err, state())
	}
	p.must(path, body)
	if err := act("stop"); err != nil {
		t.Fatal(err)
	}
	if out, err := p.remove(path); err != nil || out.Operation.Wait(t.Context()) != nil {
		t.Errorf("%+v %v", out, err)
	}
	if got := strings.Join(behind.calls, ", "); got != "up shop, stop while Stopping, stop while Stopping, start while Starting, up shop, stop while Stopping, down shop" {
		t.Error(got)
	}
}

func TestOneOperationAtATime(t *testing.T) {
	t.Parallel()
	r := &recorder{hold: make(chan struct{})}
	p := start(t, func(o *control.Options) {
		o.Provisioners = map[string]control.Provisioner{"microsoft.network/routetables": r}
	})
	p.must(group, object{"location": "eastus"})
	path := group + "/providers/Microsoft.Network/routeTables/r"
	out, err := p.put(path, located(object{}))
	if err != nil || out.Operation == nil || out.View.State != control.Creating {
		t.Fatalf("%+v %v", out, err)
	}
	if _, err := p.put(path, located(object{})); code(err) != "AnotherOperationInProgress" || armerror.Of(err).Status != http.StatusTooManyRequests {
		t.Errorf("%v", err)
	}
	if _, err := p.remove(path); code(err) != "AnotherOperationInProgress" {
		t.Errorf("%v", err)
	}
	close(r.hold)
	if err := out.Operation.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := p.Get(p.id(path))
	if err != nil || v.State != control.Succeeded || document.Text(v.Body, "properties.provisioningState") != "Succeeded" {
		t.Errorf("%+v %v", v, err)
	}
}

// A group that goes while a server of its own is still being set up: the server
// is taken down after it is up and not before, or nobody would ever do it.
func TestAGroupWaitsForWhatIsBeingSetUp(t *testing.T) {
	t.Parallel()
	r := &recorder{hold: make(chan struct{})}
	p := start(t, func(o *control.Options) {
		o.Provisioners = map[string]control.Provisioner{"microsoft.network/routetables": r}
	})
	p.must(group, object{"location": "eastus"})
	made, err := p.put(group+"/providers/Microsoft.Network/routeTables/r", located(object{}))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := p.remove(group)
	if err != nil {
		t.Fatal(err)
	}
	// Without the wait the removal needs no more than this.
	early, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := gone.Operation.Wait(early); err == nil {
		t.Error("the group was gone before its member was set up")
	}
	close(r.hold)
	for _, op := range []*control.Operation{made.Operation, gone.Operation} {
		if err := op.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(r.calls, ", "); got != "up r, down r" {
		t.Error(got)
	}
	if stats := p.Stats(); stats.Groups != 0 || stats.Resources != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestCloseCancelsWhatIsGoingOn(t *testing.T) {
	t.Parallel()
	p := start(t, func(o *control.Options) { o.Delay = time.Hour })
	p.must(group, object{"location": "eastus"})
	out, err := p.put(group+"/providers/Microsoft.Network/routeTables/r", located(object{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if op, err := p.Operation(out.Operation.ID); err != nil || op.Status != control.Canceled {
		t.Errorf("%+v %v", op, err)
	}
}

func TestAGroupBeingDeletedTakesNothingNew(t *testing.T) {
	t.Parallel()
	p := start(t, func(o *control.Options) { o.Delay = time.Hour })
	p.must(group, object{"location": "eastus"})
	first, err := p.remove(group)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.put(group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i", object{"location": "eastus"}); code(err) != "ResourceGroupBeingDeleted" {
		t.Errorf("%v", err)
	}
	again, err := p.remove(group)
	if err != nil || again.Operation == nil || again.Operation.ID != first.Operation.ID {
		t.Errorf("a second DELETE gives the first one's operation: %+v %v", again, err)
	}
}

func TestWhereATypeMayStand(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.must(group, object{"location": "eastus"})
	for path, want := range map[string]string{
		"/providers/Microsoft.Network/virtualNetworks/v":                                 "InvalidResourceType",
		group + "/providers/Microsoft.Storage/storageAccounts/shop/blobServices/default": "ParentResourceNotFound",
		"": "MethodNotAllowed",
	} {
		if _, err := p.put(path, located(object{})); code(err) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	other := armid.ID{Subscription: "00000000-0000-0000-0000-000000000000", Group: "g"}
	if _, err := p.Get(other); code(err) != "SubscriptionNotFound" {
		t.Errorf("%v", err)
	}
}

func TestChildrenThatComeWithTheirParent(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.must(group, object{"location": "eastus"})
	account := group + "/providers/Microsoft.Storage/storageAccounts/shop"
	p.must(account, object{"location": "eastus", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"}})
	v, err := p.Get(p.id(account + "/blobServices/default"))
	if err != nil || document.Get(v.Body, "properties.isVersioningEnabled") != false {
		t.Fatalf("%v %v", v.Body, err)
	}
	out, err := p.put(account+"/blobServices/default", object{"properties": object{"isVersioningEnabled": true}})
	if err != nil || out.Created {
		t.Errorf("it is changed, not created: %+v %v", out, err)
	}
	p.must(account+"/blobServices/default/containers/covers", object{"properties": object{}})
	list, err := p.List(control.Query{Scope: p.id(account + "/blobServices/default"), Type: "Microsoft.Storage/storageAccounts/blobServices/containers"})
	if err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if _, err := p.remove(account); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(p.id(account + "/blobServices/default")); code(err) != "ParentResourceNotFound" {
		t.Errorf("%v", err)
	}
}

func TestRegionsOfReferences(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.must(group, object{"location": "eastus"})
	p.must(group+"/providers/Microsoft.Network/networkSecurityGroups/far", object{"location": "westus"})
	body := located(object{"addressSpace": object{"addressPrefixes": []any{"10.0.0.0/16"}}, "subnets": []any{object{"name": "a", "properties": object{"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": object{"id": p.id(group + "/providers/Microsoft.Network/networkSecurityGroups/far").String()}}}}})
	if _, err := p.put(group+"/providers/Microsoft.Network/virtualNetworks/v", body); code(err) != "InvalidResourceReference" || !strings.Contains(err.Error(), "westus") {
		t.Errorf("%v", err)
	}
	if _, err := p.put(group+"/providers/Microsoft.Network/networkSecurityGroups/far", object{"location": "eastus"}); code(err) != "InvalidResourceLocation" {
		t.Errorf("%v", err)
	}
}

// A check finds what a write finds, and changes nothing.
func TestACheckChangesNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.must(group, object{"location": "eastus"})
	names := []string{"a", "b"}
	bodies := []object{located(object{}), {"location": "eastmoon"}, located(object{"routs": []any{}}), located(object{"routes": []any{object{"name": "r", "properties": object{"nextHopType": "Internet", "addressPrefix": "0.0.0.0/0"}}}}), {}}
	rapid.Check(t, func(rt *rapid.T) {
		w := control.Write{ID: p.id(group + "/providers/Microsoft.Network/routeTables/" + rapid.SampledFrom(names).Draw(rt, "name")), APIVersion: "2025-09-01",
			Body: rapid.SampledFrom(bodies).Draw(rt, "body"), Patch: rapid.Bool().Draw(rt, "patch")}
		before := p.Stats()
		was, existed := p.Written(w.ID)
		w.Check = true
		_, checkErr := p.Write(t.Context(), w)
		after := p.Stats()
		is, exists := p.Written(w.ID)
		if before.Resources != after.Resources || existed != exists || !document.Equal(was, is) {
			rt.Fatal("a check changed something")
		}
		w.Check = false
		out, err := p.Write(t.Context(), w)
		if code(err) != code(checkErr) {
			rt.Fatalf("the check says %v, the write %v", checkErr, err)
		}
		if err == nil && out.Operation != nil {
			if err := out.Operation.Wait(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		if rapid.Bool().Draw(rt, "remove") {
			if out, err := p.Delete(t.Context(), control.Remove{ID: w.ID, APIVersion: "2025-09-01"}); err == nil && out.Operation != nil {
				_ = out.Operation.Wait(t.Context())
			}
		}
	})
}
