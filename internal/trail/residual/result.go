package residual

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
)

// maxUsers is how many callers of a resource are named.
const maxUsers = 20

// report makes the result of all that was read.
func (rd *reading) report(in Inputs, files records.Report, gaps *gapped) Report {
	for _, r := range rd.workers {
		r.merge()
	}
	j := newJudge(rd.o, rd.sums, rd.ruler, in)
	flows := rd.flows.Result()
	j.flows(&flows)
	j.gaps = rd.fileGaps(files)
	j.until = rd.o.Until
	if j.until.IsZero() {
		j.until = j.lastRecord()
	}
	j.attribute()
	j.acts()
	r := Report{SchemaVersion: Version, Inputs: files.Inputs(), Since: rd.o.Since, Until: j.until, Duplicates: rd.sums.duplicates, Counts: map[Status]int{Used: 0, Unused: 0, Unobservable: 0}}
	r.Logs = j.logs(rd, files)
	for _, l := range rd.sums.logs {
		r.Total, r.After, r.Used, r.Apart = r.Total+l.total, r.After+l.after, r.Used+l.used, r.Apart+l.apart
	}
	r.Rules = rd.ruler.list(rd.sums.rules)
	r.ByPrincipal = j.principals()
	r.ByResource = j.resources(r.Counts)
	r.Leftover = j.leftover()
	j.limits()
	slices.Sort(j.notes)
	r.Notes = append([]string{}, j.notes...)
	r.Unread, r.Refused = gaps.lists()
	return r
}

// lastRecord is the end of a window that nobody named: right behind the last
// record of any log, but not before the cutover.
func (j *judge) lastRecord() time.Time {
	end := j.o.Since.Unix()
	for _, l := range j.s.logs {
		end = max(end, l.last+1)
	}
	// Records without data are signs of life as well.
	for p, h := range j.s.hours {
		if p.log == logFlows {
			end = max(end, h.Last().Unix()+1)
		}
	}
	return time.Unix(end, 0).UTC()
}

func (j *judge) logs(rd *reading, files records.Report) []Log {
	count := map[string]int{}
	for _, f := range files.Files {
		if kind := cmp.Or(rd.kinds[f.Name], rd.of[f.Name].Kind); kind != "" {
			count[string(kind)]++
		}
	}
	for log := range count {
		if j.s.logs[log] == nil {
			j.s.logs[log] = &logSum{}
		}
	}
	list := []Log{}
	for _, name := range slices.Sorted(maps.Keys(j.s.logs)) {
		l := j.s.logs[name]
		one := Log{Log: name, Files: count[name], Total: l.total, After: l.after}
		if l.total > 0 && l.last > 0 {
			from, to := time.Unix(l.first, 0).UTC(), time.Unix(l.last, 0).UTC()
			one.From, one.To = &from, &to
		}
		one.Gaps = j.silences(name)
		list = append(list, one)
	}
	return list
}

// maxGaps bounds the gaps that are named of one log.
const maxGaps = 100

func (j *judge) silences(log string) []Gap {
	var list []Gap
	if log == logAccess || log == logNames {
		return nil // they are silent when nobody asks
	}
	for _, p := range slices.SortedFunc(maps.Keys(j.s.hours), place.compare) {
		if p.log != log {
			continue
		}
		for _, s := range span(j.s.hours[p], j.o, j.until) {
			if len(list) < maxGaps {
				list = append(list, Gap{Where: p.String(), From: s.From, To: s.To, Why: "no record"})
			}
		}
	}
	return list
}

func (j *judge) principals() []Principal {
	by := map[string]*Principal{}
	for k, c := range j.s.whos.Rows() {
		p := by[k.principal]
		first, last := time.Unix(c.first, 0).UTC(), time.Unix(c.last, 0).UTC()
		if p == nil {
			p = &Principal{Principal: k.principal, First: first, Last: last}
			by[k.principal] = p
		}
		p.Events += c.count
		switch k.doing {
		case read:
			p.Reads += c.count
		case write:
			p.Writes += c.count
		case denied:
			p.Denied += c.count
		}
		if k.rule != ruleNone {
			p.Apart += c.count
			if name := j.ruler.name(k.rule); !slices.Contains(p.Rules, name) {
				p.Rules = append(p.Rules, name)
			}
		}
		p.First, p.Last = earlier(p.First, first), later(p.Last, last)
	}
	list := make([]Principal, 0, len(by))
	for _, p := range by {
		slices.Sort(p.Rules)
		if j.locator != nil {
			if r := j.locator.Principal(graph.Use{Principal: p.Principal}); r != nil {
				p.Component = r.ID
			}
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Principal) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Principal, b.Principal))
	})
	return list
}

// resources settles all, and lists those of the workload and those that are
// used.
func (j *judge) resources(counts map[Status]int) []Resource {
	all := slices.Collect(maps.Values(j.of))
	seen := map[*resource]bool{}
	for _, r := range j.loose {
		if !seen[r] {
			seen[r] = true
			all = append(all, r)
		}
	}
	list := []Resource{}
	for _, r := range all {
		if (r.outside || j.hasInventory() && j.of[r.ID] != r) && r.Events == 0 {
			continue
		}
		j.settle(r)
		j.people(r)
		if r.known.before > 0 {
			before := time.Unix(r.known.before, 0).UTC()
			r.Before = &before
		}
		counts[r.Status]++
		list = append(list, r.Resource)
	}
	slices.SortFunc(list, func(a, b Resource) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(string(a.Kind), string(b.Kind)), cmp.Compare(b.Events, a.Events), strings.Compare(a.Why, b.Why))
	})
	return list
}

// people orders the callers of a resource and names their components.
func (j *judge) people(r *resource) {
	for _, u := range r.users {
		slices.Sort(u.Actions)
		u.Component = j.component(u)
		r.By = append(r.By, *u)
	}
	slices.SortFunc(r.By, func(a, b User) int {
		return cmp.Or(cmp.Compare(b2i(a.Rule != ""), b2i(b.Rule != "")), cmp.Compare(b.Events, a.Events), strings.Compare(a.Principal, b.Principal), strings.Compare(a.Session, b.Session),
			strings.Compare(a.Address, b.Address), strings.Compare(a.Agent, b.Agent), strings.Compare(a.Via, b.Via), strings.Compare(a.Log, b.Log), strings.Compare(a.Rule, b.Rule))
	})
	if len(r.By) > maxUsers {
		r.By, r.More = r.By[:maxUsers], len(r.By)-maxUsers
	}
}

// component is the resource that a caller is: what runs with the role, the role
// itself, or what has the address.
func (j *judge) component(u *User) (id cloud.ResourceID) {
	if j.locator == nil {
		return ""
	}
	if r := j.locator.Runner(graph.Use{Session: u.Session}); r != nil {
		return r.ID
	}
	if j.of[u.Session] != nil {
		return cloud.ResourceID(u.Session)
	}
	if r := j.locator.Principal(graph.Use{Principal: u.Principal}); u.Principal != "" && r != nil {
		return r.ID
	}
	if end := j.end(&graph.Endpoint{Address: u.Address}, &graph.Endpoint{}); u.Address != "" && j.of[end.name] != nil {
		return cloud.ResourceID(end.name)
	}
	return ""
}

// limits notes what the caps cost.
func (j *judge) limits() {
	if n := j.s.forgot; n > 0 {
		j.note("%d events have no ID, or came after as many as are remembered: if one was delivered twice, it counts twice", n)
	}
	if n := j.s.lost; n > 0 {
		j.note("%d uses are beyond what is kept apart: nothing is called unused", n)
	}
	if n := j.s.lostThings; n > 0 {
		j.note("the logs name %d more resources than are kept apart (%d): nothing is called unused", n, j.s.limit)
	}
	if n := j.s.others.count; n > 0 {
		j.note("%d events are of more principals than are kept apart (%d)", n, j.s.limit)
	}
	if n := j.s.lostMade; n > 0 {
		j.note("%d creations are beyond what is kept (%d): the list of what is left over is not whole", n, maxMade)
	}
	if len(j.s.coarse) > 0 {
		j.note("there are more callers than are kept apart (%d): of the others the session, the address and the agent are left out", j.s.limit)
	}
	if j.inv.Resources == nil {
		j.note("there is no inventory: only what the logs name is listed, and nothing says which interface belongs to which resource")
	}
}

func (g *gapped) lists() ([]inventory.Unread, []inventory.Refused) {
	unread, refused := append([]inventory.Unread{}, g.unread...), append([]inventory.Refused{}, g.refused...)
	slices.SortFunc(unread, func(a, b inventory.Unread) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Hides, b.Hides))
	})
	slices.SortFunc(refused, func(a, b inventory.Refused) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(unread), slices.Compact(refused)
}
