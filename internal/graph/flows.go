package graph

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
)

// maxFlows bounds how many flows are proposed, and maxComponents how many
// nodes one may cross: a person has to read them.
const (
	maxFlows      = 100
	maxComponents = 2000
)

// flows proposes the critical flows: from where requests enter the workload to
// where it keeps data.
func (c *closure) flows() []Flow {
	list := []Flow{}
	for _, entry := range c.entries() {
		if f, ok := c.flow(entry); ok {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	if len(list) > maxFlows {
		list = list[:maxFlows]
	}
	for i := range list {
		list[i].Rank = i + 1
		c.inherit(&list[i])
	}
	return list
}

// entry is one place where requests come in.
type entry struct {
	node int32
	// names are the DNS records that lead to it.
	names []int32
	// why it counts as an entry.
	why string
}

// entries finds where the workload is called from outside itself.
func (c *closure) entries() []entry {
	var list []entry
	for i := range c.nodes {
		n := int32(i)
		if !c.belongs(n) {
			continue
		}
		switch kind := c.nodes[i].Kind; {
		case entrance(kind):
			list = append(list, entry{node: n, names: c.namesOf(n), why: "requests from outside"})
		case c.scheduled(n):
			list = append(list, entry{node: n, why: "a schedule"})
		case tierOf(kind) == TierIntegration && kind != "AWS::Events::Rule" && c.consumed(n):
			if why := c.producers(n); why != "" {
				list = append(list, entry{node: n, why: why})
			}
		}
	}
	return list
}

// belongs reports whether a node is the workload's own, shared or not.
func (c *closure) belongs(n int32) bool {
	return c.level[n] == In || c.level[n] == Shared && c.claims[n].side != theirs && c.of[n] != nil
}

// namesOf are the records that resolve to a node, also through one another.
func (c *closure) namesOf(n int32) []int32 {
	var names []int32
	queue := []int32{n}
	for len(queue) > 0 && len(names) < 50 {
		at := queue[0]
		queue = queue[1:]
		for _, e := range c.into.of(at) {
			from := c.ends[e][0]
			if c.edges[e].Relation == ResolvesTo && !slices.Contains(names, from) {
				names = append(names, from)
				queue = append(queue, from)
			}
		}
	}
	return names
}

func (c *closure) scheduled(n int32) bool {
	r := c.of[n]
	switch r.Kind {
	case "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Serverless::Schedule":
		return text(r.Properties["ScheduleExpression"]) != ""
	}
	return false
}

// consumed reports whether something in the workload works off a queue.
func (c *closure) consumed(n int32) bool {
	for _, e := range c.into.of(n) {
		if rel := c.edges[e].Relation; rel == Reads && tierOf(c.nodes[c.ends[e][0]].Kind) == TierCompute {
			return true
		}
	}
	for _, e := range c.out.of(n) {
		if c.edges[e].Relation == DeliversTo && c.belongs(c.ends[e][1]) {
			return true
		}
	}
	return false
}

// producers says why a queue is an entry: somebody outside the workload fills
// it, or nobody known does.
func (c *closure) producers(n int32) string {
	inside := false
	for _, e := range c.into.of(n) {
		from, rel := c.ends[e][0], c.edges[e].Relation
		if c.edges[e].Potential || rel != Writes && rel != Uses && rel != DeliversTo && rel != Notifies && rel != DeadLettersTo {
			continue
		}
		if !c.belongs(from) {
			return "messages from " + c.nodes[from].Name
		}
		inside = true
	}
	if inside {
		return ""
	}
	return "messages from senders that nothing names"
}

// walk is the part of the graph that a flow crosses.
type walk struct {
	nodes  []int32
	depth  map[int32]int
	stores []int32
	next   map[int32][]int32
	bytes  int64
	calls  int64
	deep   int
}

// along follows what carries requests from an entry, and ends at stores.
func (c *closure) along(from int32) walk {
	w := walk{nodes: []int32{from}, depth: map[int32]int{from: 0}, next: map[int32][]int32{}}
	for at := 0; at < len(w.nodes) && len(w.nodes) < maxComponents; at++ {
		n := w.nodes[at]
		if n != from && stores(c.nodes[n].Kind) {
			w.stores = append(w.stores, n)
			continue
		}
		for _, e := range c.out.of(n) {
			if c.leads(e) {
				c.step(&w, n, c.ends[e][1], e)
			}
		}
		// A queue is worked off by who reads it.
		if c.nodes[n].Tier == TierIntegration {
			for _, e := range c.into.of(n) {
				if c.edges[e].Relation == Reads && c.nodes[c.ends[e][0]].Tier == TierCompute && !c.edges[e].Potential {
					c.step(&w, n, c.ends[e][0], e)
				}
			}
		}
	}
	return w
}

// leads reports whether requests go along an edge.
func (c *closure) leads(e int32) bool {
	if c.edges[e].Potential {
		return false
	}
	if c.edges[e].Relation.trait().carries {
		return c.edges[e].Relation != ReadsSecret
	}
	switch c.edges[e].Relation {
	case LaunchesFrom:
		return true
	case UsesRole, UsesProfile:
		return c.nodes[c.ends[e][0]].Tier == TierCompute || c.nodes[c.ends[e][0]].Kind == "AWS::IAM::InstanceProfile"
	}
	return false
}

func (c *closure) step(w *walk, from, to, e int32) {
	if c.level[to] == Out || c.of[to] == nil {
		return
	}
	w.bytes += c.edges[e].Bytes
	w.calls += c.edges[e].Calls
	w.next[from] = append(w.next[from], to)
	if _, ok := w.depth[to]; ok {
		return
	}
	w.depth[to] = w.depth[from] + 1
	w.deep = max(w.deep, w.depth[to])
	w.nodes = append(w.nodes, to)
}

// flow describes the flow of one entry; an entry that leads to no store and
// to nothing that works is none.
func (c *closure) flow(e entry) (Flow, bool) {
	w := c.along(e.node)
	if len(w.stores) == 0 && len(w.nodes) < 2 {
		return Flow{}, false
	}
	id := c.nodes[e.node].ID
	f := Flow{ID: "flow:" + string(id), Entry: id, Stores: []cloud.ResourceID{}, Bytes: w.bytes, Calls: w.calls, SinglePoints: []cloud.ResourceID{}, From: "unknown"}
	for _, n := range w.stores {
		f.Stores = append(f.Stores, c.nodes[n].ID)
	}
	for _, n := range e.names {
		f.Components = append(f.Components, c.nodes[n].ID)
	}
	slices.Sort(f.Components)
	for _, n := range w.nodes {
		f.Components = append(f.Components, c.nodes[n].ID)
	}
	if len(e.names) > 0 {
		f.Entry = f.Components[0]
	}
	f.Name = c.flowName(e, w)
	c.score(&f, e, w)
	for _, n := range singlePoints(e.node, w) {
		f.SinglePoints = append(f.SinglePoints, c.nodes[n].ID)
	}
	slices.Sort(f.SinglePoints)
	c.recovery(&f, e, w)
	if answer, ok := c.options.FlowAnswers[f.ID]; ok {
		if answer.Drop {
			return Flow{}, false
		}
		answered(&f, answer)
	}
	if f.From == "unknown" {
		c.questions = append(c.questions, Question{ID: f.ID, About: f.Entry, Text: "How critical is " + f.Name + ", and how long may it be down (RTO) and how much may be lost (RPO)?",
			Why: "no tag and no answer says so", Weight: 0})
	}
	return f, true
}

// flowName is a name that a person recognises: the DNS name or the entry's
// own, and what it ends in.
func (c *closure) flowName(e entry, w walk) string {
	name := c.nodes[e.node].Name
	if len(e.names) > 0 {
		names := make([]string, len(e.names))
		for i, n := range e.names {
			names[i] = strings.TrimSuffix(c.nodes[n].Name, ".")
		}
		slices.Sort(names)
		names = slices.Compact(names)
		name = names[0]
		if len(names) > 1 {
			name += " and " + strconv.Itoa(len(names)-1) + " more"
		}
	}
	if len(w.stores) == 0 {
		return name
	}
	ends := make([]string, len(w.stores))
	for i, n := range w.stores {
		ends[i] = c.nodes[n].Name
	}
	name += " to " + ends[0]
	if len(ends) > 1 {
		name += " and " + counted(len(ends)-1, "more store")
	}
	return name
}

// score ranks a flow: what was seen of it weighs most, then the data it
// reaches, then how much it runs through.
func (c *closure) score(f *Flow, e entry, w walk) {
	f.Because = append(f.Because, "entry: "+e.why)
	if len(e.names) > 0 {
		f.Score += 2
		f.Because = append(f.Because, "has "+counted(len(e.names), "DNS name"))
	}
	if w.calls > 0 {
		f.Score += 2 * math.Log10(float64(1+w.calls))
		f.Because = append(f.Because, strconv.FormatInt(w.calls, 10)+" requests and calls seen on the way")
	}
	if w.bytes > 0 {
		f.Score += math.Log10(float64(1 + w.bytes))
		f.Because = append(f.Because, Volume(w.bytes)+" seen on the way")
	}
	f.Score += 3*float64(min(len(w.stores), 5)) + 0.5*float64(min(w.deep, 6))
	f.Because = append(f.Because, counted(len(w.stores), "store")+", "+counted(w.deep, "step")+" deep")
	f.Score = math.Round(f.Score*100) / 100
}

// inherit gives the components of a flow its criticality where it is higher.
func (c *closure) inherit(f *Flow) {
	for _, id := range f.Components {
		n := &c.nodes[c.byID[id]]
		if severity(f.Criticality) > severity(n.Criticality) {
			n.Criticality = f.Criticality
		}
		n.RTOSeconds = shorter(n.RTOSeconds, f.RTOSeconds)
		n.RPOSeconds = shorter(n.RPOSeconds, f.RPOSeconds)
	}
}

func severity(c Criticality) int {
	switch c {
	case CriticalityLow:
		return 1
	case CriticalityMedium:
		return 2
	case CriticalityHigh:
		return 3
	}
	return 0
}

// shorter is the shorter of two times of which 0 is not known.
func shorter(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// answered lays an answer over what tags say. What it leaves empty is not
// known to the one who answered, so that the tags still count.
func answered(f *Flow, a FlowAnswer) {
	f.Name = cmp.Or(a.Name, f.Name)
	if a.Criticality == "" && a.RTO == 0 && a.RPO == 0 {
		return
	}
	f.Criticality, f.From = cmp.Or(a.Criticality, f.Criticality), "answers"
	f.RTOSeconds, f.RPOSeconds = cmp.Or(int64(a.RTO.Seconds()), f.RTOSeconds), cmp.Or(int64(a.RPO.Seconds()), f.RPOSeconds)
}

// singlePoints are the nodes without which the entry reaches some store no
// more. The part is small, so each candidate is simply taken out.
func singlePoints(entry int32, w walk) []int32 {
	var found []int32
	if len(w.stores) == 0 || len(w.nodes) > 500 {
		return nil
	}
	for _, out := range w.nodes[1:] {
		if slices.Contains(w.stores, out) {
			continue
		}
		if reach := reaches(entry, out, w); len(reach) < len(w.stores) {
			found = append(found, out)
		}
	}
	return found
}

// reaches are the stores that the entry reaches without a node.
func reaches(entry, without int32, w walk) []int32 {
	seen := map[int32]bool{entry: true, without: true}
	queue := []int32{entry}
	var found []int32
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if slices.Contains(w.stores, n) {
			found = append(found, n)
			continue
		}
		for _, to := range w.next[n] {
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return found
}
