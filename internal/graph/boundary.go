package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// adjacency gives the edges of a node in order.
type adjacency struct {
	start []int32
	list  []int32
}

func (a *adjacency) of(n int32) []int32 { return a.list[a.start[n]:a.start[n+1]] }

// adjacent files edges under one of their ends.
func adjacent(nodes int, ends [][2]int32, end int) *adjacency {
	a := &adjacency{start: make([]int32, nodes+1), list: make([]int32, len(ends))}
	for _, e := range ends {
		a.start[e[end]+1]++
	}
	for i := range nodes {
		a.start[i+1] += a.start[i]
	}
	next := slices.Clone(a.start)
	for i, e := range ends {
		a.list[next[e[end]]] = int32(i)
		next[e[end]]++
	}
	return a
}

// closure finds what belongs to the workload.
//
// Two searches run from what the seeds and the tags claim: one from our
// resources, one from those of other workloads. Both pass through what nobody
// claims, and stop at what the other side claims. So what nobody claims and
// both reach is shared, what only ours reach comes in, and what the other side
// reaches of ours is shared, without anything behind it: the need of a NAT
// gateway for its subnet is not the need of the gateway's users, and a hub
// (VPC, key, zone, bucket of logs) passes nothing on.
type closure struct {
	*maker
	claims []claim
	// reached has bit 1 for us and bit 2 for others.
	reached []uint8
	// by is the edge by which each side first reached a node, -1 for none.
	by [2][]int32
	// shared says why: the edge that made it so, -1 for none.
	shared []int32
	level  []Boundary
}

const noEdge = -1

// bound runs the closure and writes boundary and reason into the nodes.
func (m *maker) bound() *closure {
	n := len(m.nodes)
	c := &closure{maker: m, claims: m.claims(), reached: make([]uint8, n), shared: filled(n), level: make([]Boundary, n)}
	for s := range c.by {
		c.by[s] = filled(n)
		c.search(s)
	}
	c.settle()
	c.explain()
	c.borders()
	c.ask()
	return c
}

func filled(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = noEdge
	}
	return list
}

// sideOf is the claim that belongs to a search: 0 is ours, 1 theirs.
func sideOf(s int) side {
	if s == 0 {
		return ours
	}
	return theirs
}

// search marks what one side reaches.
func (c *closure) search(s int) {
	var queue []int32
	for i := range c.nodes {
		if side := c.claims[i].side; side == sideOf(s) || side == both {
			queue = append(queue, int32(i))
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range c.out.of(n) {
			t := c.trait(e)
			if to := c.ends[e][1]; (t.needs || t.feeds) && c.visit(s, n, to, e, t) {
				queue = append(queue, to)
			}
		}
		for _, e := range c.into.of(n) {
			t := c.trait(e)
			if from := c.ends[e][0]; t.adopts && c.claims[from].side == nobody && c.mark(s, from, e) {
				queue = append(queue, from)
			}
		}
	}
}

func (c *closure) trait(e int32) trait {
	if c.edges[e].Potential {
		return trait{}
	}
	return c.edges[e].Relation.trait()
}

// visit handles one edge from n; it reports whether the search goes on from to.
func (c *closure) visit(s int, n, to, e int32, t trait) bool {
	switch c.claims[to].side {
	case nobody:
		return c.mark(s, to, e)
	case ours, theirs:
		if c.claims[to].side == sideOf(s) {
			return false
		}
		switch {
		case t.asks && s == 1:
			// A question, see ask.
		case t.feeds:
			// The receiver is another's and needs the sender.
			if c.claims[n].side == ours {
				c.share(n, e)
			} else if c.claims[to].side == ours && c.claims[n].side == theirs {
				c.share(n, e)
			}
		default:
			c.share(to, e)
		}
	case both, void:
	}
	return false
}

func (c *closure) mark(s int, n, e int32) bool {
	bit := uint8(1) << s
	if c.reached[n]&bit != 0 {
		return false
	}
	c.reached[n] |= bit
	c.by[s][n] = e
	return true
}

func (c *closure) share(n, e int32) {
	if c.shared[n] == noEdge {
		c.shared[n] = e
	}
}

// settle gives each node its boundary.
func (c *closure) settle() {
	var queue []int32
	for i := range c.nodes {
		n := int32(i)
		switch {
		case c.claims[i].side == both,
			c.shared[i] != noEdge,
			c.claims[i].side == nobody && c.reached[i] == 3,
			c.claims[i].side == nobody && c.reached[i] == 1 && awsOwn(c.of[i]):
			c.level[i] = Shared
			queue = append(queue, n)
		case c.claims[i].side == ours, c.claims[i].side == nobody && c.reached[i] == 1:
			c.level[i] = In
		default:
			c.level[i] = Out
		}
	}
	// What is a part of something shared, or takes what it leaves, is shared.
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if c.claims[n].side == theirs {
			continue
		}
		for _, e := range c.out.of(n) {
			if t, to := c.trait(e), c.ends[e][1]; (t.spreads || t.part && !t.adopts) && c.level[to] == In {
				c.level[to], c.shared[to] = Shared, e
				queue = append(queue, to)
			}
		}
		for _, e := range c.into.of(n) {
			if t, from := c.trait(e), c.ends[e][0]; t.part && t.adopts && c.level[from] == In && c.claims[from].side == nobody {
				c.level[from], c.shared[from] = Shared, e
				queue = append(queue, from)
			}
		}
	}
}

// awsOwn reports whether AWS itself gave every account the resource: it is
// needed, and neither moves nor goes.
func awsOwn(r *inventory.Resource) bool {
	return r != nil && (slices.Contains(r.Marks, inventory.Default) || slices.Contains(r.Marks, inventory.ServiceLinked) && r.Kind.Service() == "IAM")
}

// explain writes boundary, reason and owner into the nodes.
func (c *closure) explain() {
	for i := range c.nodes {
		n := &c.nodes[i]
		n.Boundary = c.level[i]
		n.Owner = c.claims[i].owner
		if c.claims[i].side == ours {
			n.Owner = ""
		}
		n.Reason, n.Because = c.why(int32(i))
	}
}

func (c *closure) why(n int32) (string, []cloud.ResourceID) {
	claim := c.claims[n]
	switch c.level[n] {
	case Shared:
		return c.whyShared(n, claim)
	case In:
		if claim.side == ours {
			return claim.reason, nil
		}
		return c.reachedBy(0, n)
	case Out:
	}
	if claim.reason != "" {
		return claim.reason, nil
	}
	if c.reached[n]&2 != 0 {
		sentence, because := c.reachedBy(1, n)
		return "only others need it: " + sentence, because
	}
	for _, e := range c.out.of(n) {
		if to := c.ends[e][1]; c.uses(e) && c.level[to] != Out && c.claims[to].side != theirs {
			return "nothing says whose it is; it " + words(c.edges[e].Relation) + " " + c.nodes[to].Name, []cloud.ResourceID{c.nodes[to].ID}
		}
	}
	return "nothing in the workload needs it, and nothing says whose it is", nil
}

func (c *closure) whyShared(n int32, claim claim) (string, []cloud.ResourceID) {
	if claim.side == both {
		return claim.reason, nil
	}
	e := c.shared[n]
	if e == noEdge {
		if c.reached[n] == 1 {
			return "AWS's own: every account has it", c.because(c.by[0][n])
		}
		mine, _ := c.reachedBy(0, n)
		other, _ := c.reachedBy(1, n)
		return mine + "; and " + other, append(c.because(c.by[0][n]), c.because(c.by[1][n])...)
	}
	from, to := c.ends[e][0], c.ends[e][1]
	other := from
	if from == n {
		other = to
	}
	switch {
	case claim.side == theirs:
		return "belongs to " + claim.owner + ", and the workload needs it: " + c.nodes[other].Name + " " + words(c.edges[e].Relation) + " it", c.because(e)
	case c.level[other] == Shared && (c.claims[other].side != theirs):
		return "goes with " + c.nodes[other].Name + ", which is shared", c.because(e)
	case from == n:
		return "delivers to " + c.nodes[to].Name + c.ownerNote(to), c.because(e)
	}
	return c.nodes[from].Name + c.ownerNote(from) + " " + words(c.edges[e].Relation) + " it as well", c.because(e)
}

func (c *closure) ownerNote(n int32) string {
	if owner := c.claims[n].owner; owner != "" {
		return " of " + owner
	}
	return ""
}

func (c *closure) because(e int32) []cloud.ResourceID {
	if e == noEdge {
		return nil
	}
	return []cloud.ResourceID{c.edges[e].From, c.edges[e].To}
}

// reachedBy is the sentence for a node that one side reached.
func (c *closure) reachedBy(s int, n int32) (string, []cloud.ResourceID) {
	e := c.by[s][n]
	if e == noEdge {
		return "", nil
	}
	from, to := c.ends[e][0], c.ends[e][1]
	if from == n {
		return words(c.edges[e].Relation) + " " + c.nodes[to].Name + c.ownerNote(to), []cloud.ResourceID{c.nodes[to].ID}
	}
	return c.nodes[from].Name + c.ownerNote(from) + " " + words(c.edges[e].Relation) + " it", []cloud.ResourceID{c.nodes[from].ID}
}

// words writes a relation as the middle of a sentence.
func words(r Relation) string {
	switch r {
	case InVPC, InSubnet, InCluster, InZone:
		return "stands in"
	case MemberOf, PartOf, AliasOf, SnapshotOf, AttachedTo:
		return "is " + strings.ReplaceAll(string(r), "-", " ")
	case EncryptedBy, GuardedBy, FilteredBy, ProtectedBy, RoutedBy, CertifiedBy:
		return "is " + strings.ReplaceAll(string(r), "-", " ")
	}
	return strings.ReplaceAll(string(r), "-", " ")
}

// uses reports whether an edge is a use worth asking about, as against mere
// standing in the same network.
func (c *closure) uses(e int32) bool {
	t := c.trait(e)
	return (t.needs || t.feeds) && !t.stands
}

// borders says of each edge that crosses the boundary what that means.
func (c *closure) borders() {
	for i := range c.edges {
		e := &c.edges[i]
		from, to := c.ends[i][0], c.ends[i][1]
		if e.Potential || c.level[from] == c.level[to] || c.level[from] != In && c.level[to] != In {
			continue
		}
		e.Border = c.border(from, to)
	}
}

func (c *closure) border(from, to int32) string {
	switch {
	case c.level[from] == In && c.nodes[to].External:
		return "the workload needs something outside the account"
	case c.level[from] == In && c.level[to] == Shared:
		return "the workload needs something that stays at the source"
	case c.level[from] == In:
		return "the workload refers to something that is not its own"
	case c.level[from] == Shared:
		return "something shared leans on a part of the workload"
	case c.nodes[from].External:
		return "somebody outside the account uses the workload"
	case c.claims[from].side == theirs || c.reached[from]&2 != 0:
		return "another workload uses the workload"
	}
	return "something that nobody claims uses the workload"
}
