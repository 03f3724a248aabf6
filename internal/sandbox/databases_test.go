package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/cert"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/testkit"
)

// fleet is the Azure side's databases of one test, with what it tells others.
type fleet struct {
	*flexibleServers
	t    *testing.T
	host part.Host

	mu     sync.Mutex
	names  map[string]string
	states map[string]part.State
}

// newFleet has so many places, at addresses that no other test has.
func newFleet(t *testing.T, places int, dir string) *fleet {
	t.Helper()
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server([]string{"*" + flexibleDomain}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, host: serverHost(t), names: map[string]string{}, states: map[string]part.State{}}
	f.host.Dir, f.host.Changed = l.data(), f.saw
	f.flexibleServers = newFlexibleServers(flexibleOptions{
		Host: f.host, Addresses: l.databases()[:places],
		Cluster: part.PostgresOptions{
			Superuser: part.FlexibleServerOwner, Password: "owner", Certificate: pair.Certificate, Key: pair.Key, RequireTLS: true,
			Statements: part.FlexibleServerStatements(adminUser, "first"),
		},
		Name: f.name, Unname: func(fqdn string) { f.locked(func() { delete(f.names, fqdn) }) },
		Gone: func(name string) { f.locked(func() { delete(f.states, name) }) },
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		err := errors.Join(f.Close(ctx), os.RemoveAll(part.ForeignDir(f.host.Tag)))
		left, findErr := proc.Find(ctx, proc.Query{Tag: f.host.Tag, Title: part.PostgresTitle(f.host.Tag)})
		if err != nil || findErr != nil || len(left) > 0 {
			t.Errorf("left running: %v, %v, %v", left, err, findErr)
		}
	})
	return f
}

func (f *fleet) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *fleet) name(fqdn, address string) error {
	f.locked(func() { f.names[fqdn] = address })
	return nil
}

func (f *fleet) saw(s part.Status) { f.locked(func() { f.states[s.Name] = s.State }) }

// parts are the clusters that are told of, with their states.
func (f *fleet) parts() string {
	var out []string
	f.locked(func() {
		for name, state := range f.states {
			out = append(out, name+" "+string(state))
		}
	})
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (f *fleet) addressOf(server string) (address string) {
	f.locked(func() { address = f.names[server+flexibleDomain] })
	return address
}

// written is a flexible server as it reaches the provisioner.
func written(name, login, password string) arm.Resource {
	return arm.Resource{ID: "/subscriptions/S/flexibleServers/" + name, Name: name, Body: map[string]any{"properties": map[string]any{
		"administratorLogin": login, "administratorLoginPassword": password,
	}}}
}

// put creates or writes a server and returns its address.
func (f *fleet) put(name, password string) string {
	f.t.Helper()
	properties, err := f.Provision(f.t.Context(), written(name, "Chief", password))
	if err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
	address, _ := properties["fullyQualifiedDomainName"].(string)
	if address == "" || f.addressOf(name) != address {
		f.t.Errorf("%s is at %q, its name leads to %q", name, address, f.addressOf(name))
	}
	return address
}

func (f *fleet) act(name, action string) {
	f.t.Helper()
	if err := f.Act(f.t.Context(), written(name, "", ""), action); err != nil {
		f.t.Fatalf("%s %s: %v", action, name, err)
	}
}

func (f *fleet) remove(name string) {
	f.t.Helper()
	if err := f.Remove(f.t.Context(), written(name, "", "")); err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
}

// enter asks a server which databases its users made, as its administrator. It
// has PostgreSQL's own port: the name alone is enough.
func (f *fleet) enter(address, password string, statements ...string) (databases string, err error) {
	url := part.PostgresURL(address, "Chief", password, "postgres", "require")
	conn, err := pgx.Connect(f.t.Context(), url)
	if err != nil {
		return "", err
	}
	defer conn.Close(f.t.Context())
	for _, sql := range statements {
		if _, err := conn.Exec(f.t.Context(), sql); err != nil {
			return "", err
		}
	}
	err = conn.QueryRow(f.t.Context(), "SELECT coalesce(string_agg(datname, ' ' ORDER BY datname), '') FROM pg_database WHERE datname LIKE 'of_%'").Scan(&databases)
	return databases, err
}

// holds fails unless the server at an address holds what was put into it.
func (f *fleet) holds(address, password, want string) {
	f.t.Helper()
	if got, err := f.enter(address, password); err != nil || got != want {
		f.t.Errorf("%s holds %q, %v; want %q", address, got, err, want)
	}
}

// Several flexible servers, created at one time, are clusters of their own: the
// name of each leads to its own data, one that is deleted takes nothing of
// another along, and one that is created again is empty.
func TestFlexibleServersAreReal(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 4, t.TempDir())
	first, err := f.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{"alpha": "", "beta": "", "gamma": ""}
	var all sync.WaitGroup
	var mu sync.Mutex
	for name := range addresses {
		all.Go(func() {
			properties, err := f.Provision(t.Context(), written(name, "Chief", "of-"+name))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			addresses[name], _ = properties["fullyQualifiedDomainName"].(string)
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for name, address := range addresses {
		if f.addressOf(name) != address {
			t.Errorf("the name of %s leads to %s, it is at %s", name, f.addressOf(name), address)
		}
		if got, err := f.enter(address, "of-"+name, "CREATE DATABASE of_"+name); err != nil || got != "of_"+name {
			t.Errorf("%s at %s: %q, %v", name, address, got, err)
		}
	}
	taker := "" // who has the cluster that was there from the start
	for name, address := range addresses {
		if net.JoinHostPort(address, "5432") == first {
			taker = name
		}
	}
	if taker == "" || strings.Count(f.parts(), "ready") != 3 {
		t.Fatalf("first %s, servers %v, parts %s", first, addresses, f.parts())
	}
	f.remove(taker)
	f.remove(taker)
	if f.addressOf(taker) != "" {
		t.Error("the name of a server outlived it")
	}
	if _, err := f.enter(addresses[taker], "of-"+taker); err == nil {
		t.Error("the administrator outlived the server")
	}
	if f.put("delta", "again") != addresses[taker] {
		t.Error("the cluster that is there has not gone to the next server")
	}
	f.holds(addresses[taker], "again", "")
	for name, address := range addresses {
		if name == taker {
			continue
		}
		f.holds(address, "of-"+name, "of_"+name)
		f.remove(name)
		if strings.Contains(f.parts(), name) {
			t.Errorf("parts after the deletion of %s: %s", name, f.parts())
		}
		if _, err := f.enter(address, "of-"+name); err == nil {
			t.Errorf("%s answers after its deletion", name)
		}
		for _, data := range []string{f.host.Dir, part.ForeignDir(f.host.Tag)} {
			if _, err := os.Stat(filepath.Join(data, "postgres-azure-"+name)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the data of %s after its deletion: %v", name, err)
			}
		}
		f.holds(f.put(name, "new"), "new", "")
	}
}

// A database that is deployed is one of its server's cluster, and the server's
// administrator owns it.
func TestDatabasesOfFlexibleServers(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, t.TempDir())
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := f.put("alpha", "pass")
	databases := databaseServer{f.flexibleServers}
	wanted := arm.Resource{ID: "/subscriptions/S/flexibleServers/Alpha/databases/of_Shop", Name: "of_Shop"}
	for range 2 {
		if _, err := databases.Provision(t.Context(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	f.holds(address, "pass", "of_Shop")
	conn, err := pgx.Connect(t.Context(), part.PostgresURL(address, "Chief", "pass", "of_Shop", "require"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE SCHEMA shop; CREATE TABLE shop.book ()", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := databases.Remove(t.Context(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	f.holds(address, "pass", "")
	other := arm.Resource{ID: "/subscriptions/S/flexibleServers/beta/databases/x", Name: "x"}
	if _, err := databases.Provision(t.Context(), other); !fault.Is(err, fault.NotFound) {
		t.Errorf("a database of no server: %v", err)
	}
	if err := databases.Remove(t.Context(), other); err != nil {
		t.Error(err)
	}
}

// A server that is written again keeps its data and has the new password; what
// is refused changes nothing, and shows no password.
func TestFlexibleServerIsWrittenAgain(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, t.TempDir())
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"takes-the-first", "has-its-own"} {
		address := f.put(name, "one")
		if _, err := f.enter(address, "one", "CREATE DATABASE of_it"); err != nil {
			t.Error(err)
		}
		f.put(name, "two'")
		f.holds(address, "two'", "of_it")
		if _, err := f.enter(address, "one"); err == nil {
			t.Error("the old password is good")
		}
		for _, login := range []string{"azuresu", "pg_x", `a"b`, "azure_pg_admin", "Admin"} {
			_, err := f.Provision(t.Context(), written(name, login, "hidden-word"))
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hidden-word") {
				t.Errorf("administrator %q: %v", login, err)
			}
		}
		f.holds(address, "two'", "of_it")
	}
	if _, err := f.Provision(t.Context(), written("third", "Chief", "x")); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "at most 2") {
		t.Errorf("one more than there are places: %v", err)
	}
	f.remove("third")
}

// What is created and refused leaves nothing: no cluster, no name, no place
// taken.
func TestRefusedFlexibleServerLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, t.TempDir())
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []int{0, 1} {
		for range 2 {
			if _, err := f.Provision(t.Context(), written("refused", "azuresu", "hidden-word")); !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
		}
		if parts := f.parts(); parts != "postgres-azure ready" || f.addressOf("refused") != "" {
			t.Errorf("with %d servers: parts %s, name %q", taken, parts, f.addressOf("refused"))
		}
		if taken == 0 {
			f.put("first", "x")
		}
	}
	if err := f.Act(t.Context(), written("refused", "", ""), "start"); !fault.Is(err, fault.Conflict) {
		t.Errorf("start of what was not created: %v", err)
	}
	// Who asked may go in the middle.
	ctx, cancel := context.WithCancel(t.Context())
	f.options.Host.Changed = func(s part.Status) {
		f.saw(s)
		cancel()
	}
	if _, err := f.Provision(ctx, written("given-up", "Chief", "x")); !fault.Is(err, fault.Canceled) {
		t.Errorf("given up: %v", err)
	}
	f.options.Host.Changed = f.saw
	if parts := f.parts(); parts != "postgres-azure ready" {
		t.Errorf("parts %s", parts)
	}
	f.holds(f.put("given-up", "y"), "y", "")
}

// A server that is stopped answers nobody and takes no change; what it holds is
// there when it is started again, at the same address. A crash is mended by
// itself.
func TestStoppedFlexibleServer(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, t.TempDir())
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ name, listed string }{{"takes-the-first", "postgres-azure"}, {"has-its-own", "postgres-azure-has-its-own"}} {
		name, listed := one.name, one.listed
		address := f.put(name, "pw")
		if _, err := f.enter(address, "pw", "CREATE DATABASE of_it"); err != nil {
			t.Fatal(err)
		}
		f.act(name, "Stop")
		if _, err := f.enter(address, "pw"); err == nil || !strings.Contains(f.parts(), listed+" stopped") {
			t.Errorf("%s is stopped: %v, parts %s", name, err, f.parts())
		}
		if _, err := f.Provision(t.Context(), written(name, "Chief", "other")); !fault.Is(err, fault.Conflict) {
			t.Errorf("a change of %s while it is stopped: %v", name, err)
		}
		f.portTakenWhileStopped(name, address, listed)
		for _, action := range []string{"start", "start", "restart"} {
			f.act(name, action)
			f.holds(address, "pw", "of_it")
		}
		process := f.standing(f.placeOf(written(name, "", ""))).Status().Process
		if err := process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, time.Minute, func() error {
			got, err := f.enter(address, "pw")
			if err == nil && got != "of_it" {
				err = errors.New("it holds " + got)
			}
			return err
		})
	}
	f.act("has-its-own", "stop")
	f.act("takes-the-first", "stop")
	f.remove("has-its-own")
	f.remove("takes-the-first")
	if parts := f.parts(); parts != "postgres-azure ready" {
		t.Errorf("parts after the deletion of stopped servers: %s", parts)
	}
}

// portTakenWhileStopped has another program take the port: the start says so in
// a line, the sandbox goes on, and the server stays as it was.
func (f *fleet) portTakenWhileStopped(name, address, listed string) {
	f.t.Helper()
	at := net.JoinHostPort(address, "5432")
	other, err := net.Listen("tcp", at)
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.Act(f.t.Context(), written(name, "", ""), "start")
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), at) || strings.Contains(err.Error(), "\n") {
		f.t.Errorf("start of %s: %v", name, err)
	}
	if !strings.Contains(f.parts(), listed+" stopped") {
		f.t.Errorf("parts %s", f.parts())
	}
	if err := other.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// Where another program has PostgreSQL's port, the server goes to another
// address; with all of them taken it has another port.
func TestFlexibleServerGoesWhereItsPortIsFree(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 4, t.TempDir())
	listen := func(at int) {
		l, err := net.Listen("tcp", net.JoinHostPort(f.options.Addresses[at], "5432"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() }) // nobody spoke to it
	}
	listen(1)
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.put("first", "x")
	if address := f.put("second", "y"); address != f.options.Addresses[2] {
		t.Errorf("the second server is at %s of %v", address, f.options.Addresses)
	}
	f.holds(f.addressOf("second"), "y", "")
	listen(3)
	if address := f.put("third", "z"); address != f.options.Addresses[1] {
		t.Errorf("the third server is at %s of %v", address, f.options.Addresses)
	}
	at := f.standing(f.placeOf(written("third", "", ""))).Address(0)
	if strings.HasSuffix(at, ":5432") {
		t.Errorf("the third server is at %s", at)
	}
	f.holds(at, "z", "")
}

// A disk that has no room for one more cluster: one line, and nothing is left,
// so that it works when there is room.
func TestFlexibleServerOnAFullDisk(t *testing.T) {
	t.Parallel()
	testkit.FullDisk(t, 512<<10, func(dir string) {
		f := newFleet(t, 2, dir)
		f.places[0].server = "somebody else's"
		_, err := f.Provision(t.Context(), written("full", "Chief", "x"))
		if err == nil || strings.Contains(err.Error(), "\n") || !fault.Is(err, fault.Storage) {
			t.Errorf("%s: %v", fault.KindOf(err), err)
		}
		t.Log(err)
		if parts := f.parts(); parts != "" || f.addressOf("full") != "" || f.places[1].server != "" {
			t.Errorf("left: parts %s, name %q, place %+v", parts, f.addressOf("full"), f.places[1])
		}
		for _, data := range []string{f.host.Dir, part.ForeignDir(f.host.Tag)} {
			if left, err := os.ReadDir(data); err == nil && len(left) > 0 {
				t.Errorf("left in %s: %v", data, left)
			}
		}
	})
}

// Each database of a sandbox has an address of its own, which the certificate
// of the sandbox names.
func TestDatabaseAddresses(t *testing.T) {
	t.Parallel()
	l, err := newLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got := l.databases()
	aws, azure := l.fronts()
	if len(got) != maxFlexibleServers || got[0] != azure {
		t.Errorf("%d addresses, the first is %s, the front %s", len(got), got[0], azure)
	}
	for i, address := range got {
		if ip := net.ParseIP(address); ip == nil || !ip.IsLoopback() || address == aws || slices.Index(got, address) != i {
			t.Errorf("address %d is %q", i, address)
		}
	}
}
