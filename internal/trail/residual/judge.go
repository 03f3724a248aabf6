package residual

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/flowlog"
)

// judge turns the sums into the report.
type judge struct {
	o       Options
	s       *sums
	ruler   *ruler
	inv     inventory.Inventory
	locator *graph.Locator
	// of holds the resources by id, loose those outside of the inventory by
	// their plain name, called those by service and name alone.
	of     map[string]*resource
	loose  map[thing]*resource
	called map[thing][]*resource
	faces  map[string]*flowlog.Interface
	// reads says in which accounts and services reading data events are logged.
	reads   map[thing]bool
	scanned map[string]bool
	trails  []logging
	gaps    []fileGap
	notes   []string
	until   time.Time
}

// resource is one resource while it is judged.
type resource struct {
	Resource
	thing   thing
	account string
	region  string
	known   known
	users   map[userKey]*User
	telling []string
	outside bool
}

type userKey struct {
	principal, session, address, agent, via, log string
	rule                                         uint16
}

func account(s string) cloud.Account { return cloud.Account(s) }
func region(s string) cloud.Region   { return cloud.Region(s) }

func (j *judge) note(format string, args ...any) {
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}

func (j *judge) hasInventory() bool { return j.locator != nil }

// newJudge files the resources of the inventory. Those that a graph puts
// outside of the workload appear only when they are used.
func newJudge(o Options, s *sums, r *ruler, in Inputs) *judge {
	j := &judge{o: o, s: s, ruler: r, inv: in.Inventory, of: map[string]*resource{}, loose: map[thing]*resource{}, called: map[thing][]*resource{}, reads: map[thing]bool{}}
	if len(in.Inventory.Resources) == 0 {
		return j
	}
	j.locator = graph.NewLocator(in.Inventory)
	j.trails = loggings(in.Inventory)
	boundary := map[cloud.ResourceID]graph.Boundary{}
	for i := range in.Graph.Nodes {
		boundary[in.Graph.Nodes[i].ID] = in.Graph.Nodes[i].Boundary
	}
	for i := range in.Inventory.Resources {
		v := &in.Inventory.Resources[i]
		if slices.Contains(v.Marks, inventory.Deleted) || j.of[string(v.ID)] != nil {
			continue
		}
		n := newResource(string(v.ID), v.Kind)
		n.Name, n.Boundary = v.Name, string(boundary[v.ID])
		n.account, n.region = string(v.Account), string(v.Region)
		n.thing = thingOf("", n.account, n.region, n.ID)
		n.outside = n.Boundary == string(graph.Out) || slices.Contains(v.Marks, inventory.Default) || slices.Contains(v.Marks, inventory.ServiceLinked) || slices.Contains(v.Marks, inventory.Operator)
		j.of[n.ID] = n
	}
	return j
}

func newResource(id string, kind cloud.Kind) *resource {
	r := &resource{users: map[userKey]*User{}}
	r.ID, r.Kind = id, kind
	return r
}

// place finds the resource that a log names, or makes one.
func (j *judge) place(t thing) *resource {
	if r := j.of[t.name]; r != nil {
		return r
	}
	if j.locator != nil {
		if r := j.located(t); r != nil {
			return r
		}
	}
	plain := nameThing(t)
	if r := j.loose[plain]; r != nil {
		r.called(t)
		return r
	}
	alone := thing{service: plain.service, name: plain.name}
	if list := j.called[alone]; len(list) == 1 && (partly(plain) || partly(nameThing(list[0].thing))) {
		list[0].called(t)
		j.loose[plain] = list[0]
		return list[0]
	}
	r := newResource(t.name, kindOf(t))
	r.thing, r.account, r.region = t, t.account, t.region
	j.loose[plain] = r
	j.called[alone] = append(j.called[alone], r)
	return r
}

// partly reports whether a log did not say where a thing is.
func partly(t thing) bool { return t.account == "" || t.region == "" }

func (j *judge) located(t thing) *resource {
	var v *inventory.Resource
	switch t.service {
	case "dns":
		v = j.locator.Host(t.name)
	case "elasticloadbalancing", "cloudfront", "web":
		if !strings.HasPrefix(t.name, "arn:") {
			v = j.locator.Front(graph.Request{Front: t.name, Source: map[string]string{"cloudfront": "cloudfront"}[t.service]})
		}
	}
	if v == nil {
		v = j.locator.Used(graph.Use{Service: t.service, Resource: t.name, Account: account(t.account), Region: region(t.region)})
	}
	if v == nil {
		return nil
	}
	return j.of[string(v.ID)]
}

// called makes the ARN the id of what was first seen by its name.
func (r *resource) called(t thing) {
	if strings.HasPrefix(t.name, "arn:") && (!strings.HasPrefix(r.ID, "arn:") || t.name < r.ID) || !strings.HasPrefix(r.ID, "arn:") && t.name < r.ID {
		r.ID, r.thing = t.name, t
		if k := kindOf(t); k != "" {
			r.Kind = k
		}
	}
	r.account, r.region = cmp.Or(r.account, t.account), cmp.Or(r.region, t.region)
}

// attribute hands all uses and all that is known to the resources. The order
// is fixed, so that names merge in one way.
func (j *judge) attribute() {
	things := j.s.things.Rows()
	for _, t := range slices.SortedFunc(maps.Keys(things), thing.compare) {
		r := j.place(t)
		r.known.add(things[t])
		if n := things[t]; n.dataRead {
			j.reads[thing{service: t.service, account: n.at.account}] = true
		}
	}
	rows := j.s.uses.Rows()
	for k, c := range j.s.coarse {
		if known := rows[k]; known != nil {
			known.add(c)
			continue
		}
		rows[k] = c
	}
	byThing := map[thing][]useKey{}
	for k := range rows {
		byThing[k.thing] = append(byThing[k.thing], k)
	}
	for _, t := range slices.SortedFunc(maps.Keys(byThing), thing.compare) {
		r := j.place(t)
		for _, k := range byThing[t] {
			r.use(&k, rows[k], j)
		}
	}
}

func (t thing) compare(o thing) int {
	// Names with an account and a region come first, so that those without find them.
	return cmp.Or(cmp.Compare(b2i(partly(t)), b2i(partly(o))), strings.Compare(t.service, o.service), strings.Compare(t.account, o.account), strings.Compare(t.region, o.region), strings.Compare(t.name, o.name))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *resource) use(k *useKey, c *counted, j *judge) {
	first, last := time.Unix(c.first, 0).UTC(), time.Unix(c.last, 0).UTC()
	at := userKey{k.principal, k.session, k.address, k.agent, k.via, k.log, k.rule}
	u := r.users[at]
	if u == nil {
		u = &User{Principal: k.principal, Session: k.session, Address: k.address, Agent: k.agent, Via: k.via, Log: k.log, Rule: j.ruler.name(k.rule), First: first, Last: last}
		r.users[at] = u
	}
	if !slices.Contains(u.Actions, k.action) {
		u.Actions = append(u.Actions, k.action)
	}
	u.Events += c.count
	*u.count(k.doing) += c.count
	u.First, u.Last = earlier(u.First, first), later(u.Last, last)
	if k.rule != ruleNone {
		r.Apart += c.count
		if who := cmp.Or(k.principal, k.session, k.address); k.telling && !slices.Contains(r.telling, who) {
			r.telling = append(r.telling, who)
		}
		return
	}
	r.Events += c.count
	switch k.doing {
	case read:
		r.Reads += c.count
	case write:
		r.Writes += c.count
	case denied:
		r.Denied += c.count
	}
	if r.First == nil || first.Before(*r.First) {
		r.First = &first
	}
	if r.Last == nil || last.After(*r.Last) {
		r.Last = &last
	}
}

func (u *User) count(d doing) *int64 {
	switch d {
	case read:
		return &u.Reads
	case write:
		return &u.Writes
	}
	return &u.Denied
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// hoursOf are the hours of a log in an account's region; without a region those
// of all regions together, which is where the events of global services may be.
func (j *judge) hoursOf(log, account, region string) (*records.Hours, bool) {
	sum, found := &records.Hours{}, false
	for p, h := range j.s.hours {
		if p.log == log && (account == "" || p.account == "" || p.account == account) && (region == "" || region == "global" || p.region == "" || p.region == region) {
			sum.Merge(h)
			found = true
		}
	}
	return sum, found
}
