package history

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// meanRequests is how many requests a customer's connection carries on average.
const meanRequests = 4.6

// connection is one customer connection to a node of the balancer.
type connection struct {
	client     string
	port       int
	node       int
	tls        bool
	start, end int64 // microseconds since 1970
	trace      string
	agent      int
	in, out    int64 // bytes
	number     int   // requests
	blocked    bool
}

// request is one line of the access log.
type request struct {
	*connection
	at       int64 // when the answer was sent, microseconds since 1970
	endpoint int
	path     string
	target   int // instance, -1 for none
	status   int
	// targetStatus is 0 where the target gave none.
	targetStatus            int
	reqMs, targetMs, respMs int64 // milliseconds; -1 for none
	received, sent          int64
	root                    string
}

// binTraffic is what reached the balancer in one bin, in the order of time.
type binTraffic struct {
	start       time.Time
	connections []*connection
	requests    []request
}

// traffic draws one bin.
func (m *model) traffic(start time.Time, table []endpoint) binTraffic {
	r := m.random("traffic", start.Unix())
	mean := float64(m.RequestsPerDay) / 288 / meanRequests * level(start) * lognormal(r, 1, 0.08)
	t := binTraffic{start: start}
	trouble, troubled := m.burstAt(start)
	for range poisson(r, mean) {
		c := m.connect(r, start)
		t.connections = append(t.connections, c)
		for n := range c.number {
			q := m.ask(r, c, n, table)
			if troubled && !c.blocked && c.tls && r.Float64() < trouble.share {
				q.spoil(r, trouble.broken)
			}
			c.in += q.received
			c.out += q.sent
			t.requests = append(t.requests, q)
		}
	}
	slices.SortStableFunc(t.requests, func(a, b request) int { return cmp.Compare(a.at, b.at) })
	return t
}

func (m *model) connect(r *rand.Rand, start time.Time) *connection {
	// A quarter of the connections come from the first tenth of the clients.
	n := r.IntN(len(m.clients))
	if r.IntN(4) == 0 {
		n /= 10
	}
	c := &connection{client: m.clients[n], port: 1024 + r.IntN(64_000), node: r.IntN(2), tls: r.IntN(32) != 0, agent: agentOf(r, n), number: 1}
	length := int64(1+r.IntN(55)) * 1e6
	c.start = start.UnixMicro() + r.Int64N(binSeconds*1e6-length-20e6)
	c.end = c.start + length
	c.trace = fmt.Sprintf("TID_%016x%016x", r.Uint64(), r.Uint64())
	c.blocked = c.tls && r.IntN(400) == 0
	if c.tls && !c.blocked {
		c.number = 1 + min(int(r.ExpFloat64()*(meanRequests-1)), 40)
	}
	return c
}

// agentOf gives a client mostly the same agent; bots are few.
func agentOf(r *rand.Rand, client int) int {
	if r.IntN(40) == 0 {
		return 4
	}
	return []int{0, 0, 1, 1, 2, 3, 5}[client%7]
}

// ask draws one request of a connection.
func (m *model) ask(r *rand.Rand, c *connection, n int, table []endpoint) request {
	kind := pick(r, table)
	e := table[kind]
	q := request{connection: c, endpoint: kind, path: e.path(r, m.Objects), target: r.IntN(2), status: 200, respMs: 0}
	q.at = c.start + (c.end-c.start)*int64(n+1)/int64(c.number+1)
	q.root = fmt.Sprintf("Root=1-%08x-%08x%016x", q.at/1e6, r.Uint32(), r.Uint64())
	q.received = int64(140 + r.IntN(420))
	q.sent = int64(lognormal(r, float64(e.sentBytes), 0.3))
	q.targetMs = int64(math.Max(1, math.Round(lognormal(r, e.medianMillis, e.sigma)*(1+0.22*level(time.UnixMicro(q.at))))))
	q.at += q.targetMs * 1000
	if r.IntN(50) == 0 {
		q.reqMs = 1
	}
	if e.method == "PUT" {
		q.received += int64(300 + r.IntN(900))
		q.status = 201
	}
	m.unusual(r, &q, e)
	q.targetStatus = q.status
	switch {
	case !c.tls:
		q.noTarget(301, 324)
	case c.blocked:
		q.noTarget(403, 269)
	}
	return q
}

// unusual gives some requests another answer than success.
func (m *model) unusual(r *rand.Rand, q *request, e endpoint) {
	switch u := r.IntN(10_000); {
	case u < 5:
		q.status, q.sent = 500, 310
	case u < 90 && e.method == "GET" && e.name != "home":
		q.status, q.sent = 404, 1190
	case u < 160 && e.method == "PUT":
		// The same order sent again: the shop answers that it has it already.
		q.status, q.sent = 200, 600
	case u < 900 && (e.name == "cover" || e.name == "static"):
		q.status, q.sent = 304, 210
	}
}

func (q *request) noTarget(status int, sent int64) {
	q.status, q.targetStatus, q.target, q.sent = status, 0, -1, sent
	q.reqMs, q.targetMs, q.respMs = -1, -1, -1
}

// spoil turns a request into an error of the balancer or of the target.
func (q *request) spoil(r *rand.Rand, broken bool) {
	if broken {
		// The target closed the connection: the balancer answers 502 itself,
		// names the target, and has no target time.
		q.status, q.targetStatus, q.sent = 502, 0, 277
		q.targetMs, q.respMs = -1, -1
		return
	}
	q.status, q.targetStatus, q.sent = 500, 500, 310
	q.targetMs += int64(400 + r.IntN(2600))
	q.at += 1_500_000
}

func pick(r *rand.Rand, table []endpoint) int {
	total := 0
	for _, e := range table {
		total += e.weight
	}
	u := r.IntN(total)
	for i, e := range table {
		if u -= e.weight; u < 0 {
			return i
		}
	}
	return 0
}
