package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/load"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// counter is a shop of one page that remembers what it was asked. answer, when
// set, answers orders; it gets the number of the attempt at that order.
type counter struct {
	mu       sync.Mutex
	attempts map[string]int
	hashes   map[string]map[string]bool // per order, the contents it came with
	flying   map[string]int             // per customer, orders on the way
	overlap  bool
	answer   func(w http.ResponseWriter, id string, c order.Content, attempt int)
}

func newCounter() *counter {
	return &counter{attempts: map[string]int{}, hashes: map[string]map[string]bool{}, flying: map[string]int{}, answer: accept}
}

func accept(w http.ResponseWriter, id string, c order.Content, _ int) {
	w.Header().Set("Bookshop-Outcome", "accepted")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"hash":%q}`, id, c.Hash())
}

func (s *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut:
		s.order(w, r)
	case r.URL.Path == "/books":
		fmt.Fprint(w, `{"pages":1,"books":[{"id":1,"title":"The Tide"},{"id":2,"title":"Salt"},{"id":3,"title":"Kiln"},{"id":4,"title":"Mill"}]}`)
	case strings.HasPrefix(r.URL.Path, "/covers/"):
		fmt.Fprint(w, "\xff\xd8")
	}
}

func (s *counter) order(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/orders/")
	var c order.Content
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Check() != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.attempts[id]++
	attempt := s.attempts[id]
	if s.hashes[id] == nil {
		s.hashes[id] = map[string]bool{}
	}
	s.hashes[id][c.Hash()] = true
	s.flying[c.Customer]++
	s.overlap = s.overlap || s.flying[c.Customer] > 1
	answer := s.answer
	s.mu.Unlock()
	answer(w, id, c, attempt)
	s.mu.Lock()
	s.flying[c.Customer]--
	s.mu.Unlock()
}

// run sends a short load and reads its journal back.
func run(t *testing.T, opts load.Options) (load.Summary, *journal.Journal) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	w, err := journal.Create(path, "r1", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	opts.Run, opts.Journal, opts.Now = "r1", w, time.Now
	summary, err := load.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Read(bytes.NewReader(text), path)
	if err != nil {
		t.Fatal(err)
	}
	return summary, j
}

func TestMixAndJournal(t *testing.T) {
	t.Parallel()
	s := newCounter()
	server := httptest.NewServer(s)
	defer server.Close()
	var talk bytes.Buffer
	summary, j := run(t, load.Options{URLs: []string{server.URL}, Rate: 400, Duration: 1500 * time.Millisecond, Seed: 3, Progress: &talk})
	s.mu.Lock() // handlers may still be returning
	defer s.mu.Unlock()
	if summary.Sent != 600 || summary.OK != 600 || len(summary.Failed) != 0 {
		t.Errorf("summary %+v", summary)
	}
	for route, share := range load.DefaultMix() {
		got := float64(summary.Routes[route].Sent) / 6
		if got < float64(share)*0.5 || got > float64(share)*1.5 {
			t.Errorf("%s got %.0f%%, want about %d%%", route, got, share)
		}
	}
	if int64(len(j.Entries)) != summary.Orders.Accepted || len(j.Entries) != len(s.attempts) {
		t.Errorf("%d orders in the journal, %d accepted, %d seen by the shop", len(j.Entries), summary.Orders.Accepted, len(s.attempts))
	}
	next := map[string]int64{}
	for _, e := range j.Entries {
		next[e.Customer]++
		if e.Outcome != journal.Accepted || e.Sequence != next[e.Customer] || !s.hashes[e.ID][e.Hash] {
			t.Errorf("entry %+v: want accepted, sequence %d, the hash the shop saw", e, next[e.Customer])
		}
	}
	if s.overlap {
		t.Error("a customer had two orders on the way")
	}
	if !strings.Contains(talk.String(), "answered") {
		t.Errorf("progress: %q", talk.String())
	}
}

// A shop that stalls: requests go on being sent, and those that were due
// during the stall count its whole rest, not only the one that met it.
func TestLatencyCountsFromWhenARequestWasDue(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	stalled := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/books" && r.URL.RawQuery == "page=1" && asked.Load() == 0 {
			asked.Add(1)
			newCounter().ServeHTTP(w, r)
			return
		}
		if asked.Add(1) == 20 {
			time.AfterFunc(600*time.Millisecond, func() { close(stalled) })
		}
		if n := asked.Load(); n >= 20 {
			<-stalled
		}
		newCounter().ServeHTTP(w, r)
	}))
	defer server.Close()
	summary, _ := run(t, load.Options{URLs: []string{server.URL}, Rate: 100, Duration: time.Second, Mix: load.Mix{load.Browse: 1}})
	if summary.Sent != 100 || summary.OK != 100 {
		t.Fatalf("summary %+v", summary)
	}
	// Some 60 requests were due during the stall of 600 ms; a closed loop
	// would show one slow request and a good median.
	if summary.Latency.P50 < 100 || summary.Latency.Max < 500 || summary.LargestInFlight < 30 {
		t.Errorf("p50 %.0f ms, max %.0f ms, %d in flight: the stall is hidden", summary.Latency.P50, summary.Latency.Max, summary.LargestInFlight)
	}
}

// Each way in which an order can go wrong, and what it must be taken for.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter, status int) {
		w.Header().Set("Bookshop-Outcome", "refused")
		w.WriteHeader(status)
	}
	hangUp := func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	for _, c := range []struct {
		name     string
		answer   func(w http.ResponseWriter, id string, c order.Content, attempt int)
		want     journal.Outcome
		attempts int
		class    string
	}{
		{"accepted", accept, journal.Accepted, 1, ""},
		{"refused", func(w http.ResponseWriter, _ string, _ order.Content, _ int) { refuse(w, 503) }, journal.Refused, 1, "status-503"},
		{"a proxy's 503", func(w http.ResponseWriter, _ string, _ order.Content, _ int) { w.WriteHeader(503) }, journal.Unknown, 3, "status-503"},
		{"a proxy's 200", func(w http.ResponseWriter, _ string, _ order.Content, _ int) {}, journal.Unknown, 3, "status-200"},
		{"another order's answer", func(w http.ResponseWriter, _ string, c order.Content, _ int) { accept(w, "other", c, 1) }, journal.Unknown, 3, "bad-content"},
		{"no answer at all", func(w http.ResponseWriter, _ string, _ order.Content, _ int) { hangUp(w) }, journal.Unknown, 3, "connection"},
		{"no answer, then accepted", func(w http.ResponseWriter, id string, c order.Content, attempt int) {
			if attempt == 1 {
				hangUp(w)
				return
			}
			accept(w, id, c, attempt)
		}, journal.Accepted, 2, ""},
		// The first attempt may have been accepted: a refusal of the second
		// must not turn into "it does not exist".
		{"no answer, then refused", func(w http.ResponseWriter, _ string, _ order.Content, attempt int) {
			if attempt == 1 {
				hangUp(w)
				return
			}
			refuse(w, 503)
		}, journal.Unknown, 3, "status-503"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			s := newCounter()
			s.answer = c.answer
			server := httptest.NewServer(s)
			defer server.Close()
			summary, j := run(t, load.Options{URLs: []string{server.URL}, Rate: 20, Duration: 200 * time.Millisecond, Mix: load.Mix{load.Order: 1}, Retries: 2})
			s.mu.Lock() // handlers may still be returning
			defer s.mu.Unlock()
			if len(j.Entries) != 4 {
				t.Fatalf("%d orders", len(j.Entries))
			}
			for _, e := range j.Entries {
				if e.Outcome != c.want || e.Attempts != c.attempts || len(s.hashes[e.ID]) != 1 {
					t.Errorf("%+v with %d contents, want %s after %d attempts", e, len(s.hashes[e.ID]), c.want, c.attempts)
				}
			}
			if c.class != "" && summary.Failed[c.class] != 4 || c.class == "" && summary.OK != 4 {
				t.Errorf("summary %+v, want class %q", summary, c.class)
			}
			if got := summary.Orders.Retried; got != int64(4*(c.attempts-1)) {
				t.Errorf("%d retried", got)
			}
			customers := map[string]bool{}
			for _, e := range j.Entries {
				customers[e.Customer] = true
			}
			if c.want == journal.Unknown && len(customers) != 4 {
				t.Error("a customer went on after an unknown outcome")
			}
		})
	}
}

// zone is a DNS server with one A record that can be moved.
type zone struct {
	address atomic.Value
	asked   atomic.Int64
}

func (z *zone) start(t *testing.T, ttl uint32) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		z.asked.Add(1)
		m := new(dns.Msg).SetReply(q)
		m.Answer = []dns.RR{
			&dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: "lb.example.org."},
			&dns.A{Hdr: dns.RR_Header{Name: "lb.example.org.", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl}, A: net.ParseIP(z.address.Load().(string))},
		}
		_ = w.WriteMsg(m) // a client that went away
	})}
	go func() { _ = server.ActivateAndServe() }() // ends with Shutdown
	t.Cleanup(func() { _ = server.Shutdown() })
	return socket.LocalAddr().String()
}

// A record moves while the load runs: within its TTL everything goes to the
// new address, over new connections.
func TestDNSShiftMovesTheLoad(t *testing.T) {
	t.Parallel()
	var hits [2]atomic.Int64
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(first.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	second, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{}
	z.address.Store("127.0.0.1")
	shop := newCounter()
	for i, l := range []net.Listener{first, second} {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := hits[i].Add(1); i == 0 && n == 60 {
				z.address.Store("127.0.0.2")
			}
			shop.ServeHTTP(w, r)
		})}
		go func() { _ = server.Serve(l) }() // ends with Close
		t.Cleanup(func() { _ = server.Close() })
	}
	summary, _ := run(t, load.Options{URLs: []string{"http://shop.example.org:" + port}, Resolver: z.start(t, 1), Clients: 4, Rate: 100, Duration: 4 * time.Second})
	if summary.OK != 400 {
		t.Fatalf("summary %+v", summary)
	}
	old, moved := summary.Addresses["127.0.0.1"], summary.Addresses["127.0.0.2"]
	// The move is at 0.6 s, the TTL a second: by 2.6 s, generously, all moved.
	if old < 50 || old > 260 || moved < 140 {
		t.Errorf("%d answers from the old address, %d from the new one", old, moved)
	}
	if asked := z.asked.Load(); asked > 4*6 {
		t.Errorf("%d questions by 4 clients in 4 s with a TTL of 1 s", asked)
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newCounter())
	defer server.Close()
	for name, opts := range map[string]load.Options{
		"no URL":     {Rate: 1, Duration: time.Second, Run: "r"},
		"no rate":    {URLs: []string{server.URL}, Duration: time.Second, Run: "r"},
		"bad run":    {URLs: []string{server.URL}, Rate: 1, Duration: time.Second, Run: "a_b"},
		"bad URL":    {URLs: []string{"nowhere"}, Rate: 1, Duration: time.Second, Run: "r"},
		"few agents": {URLs: []string{server.URL, server.URL}, Rate: 1, Duration: time.Second, Run: "r", Clients: 1},
	} {
		opts.Now = time.Now
		if _, err := load.Run(t.Context(), opts); !trouble.Is(err, trouble.Usage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := load.Run(t.Context(), load.Options{URLs: []string{"http://127.0.0.1:1"}, Rate: 1, Duration: time.Second, Run: "r", Now: time.Now})
	if !trouble.Is(err, trouble.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

// Stopping ends the sending, and what is on the way still gets its outcome.
func TestStopKeepsTheJournalWhole(t *testing.T) {
	t.Parallel()
	s := newCounter()
	ctx, stop := context.WithCancel(t.Context())
	s.answer = func(w http.ResponseWriter, id string, c order.Content, attempt int) {
		stop()
		accept(w, id, c, attempt)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	w, err := journal.Create(filepath.Join(t.TempDir(), "j"), "r1", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := load.Run(ctx, load.Options{URLs: []string{server.URL}, Rate: 100, Duration: time.Hour, Run: "r1", Journal: w, Now: time.Now, Mix: load.Mix{load.Order: 1}})
	if err != nil || summary.Orders.Unknown != 0 || summary.Orders.Accepted == 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	// A journal that cannot be written stops the run with an error.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = load.Run(t.Context(), load.Options{URLs: []string{server.URL}, Rate: 100, Duration: time.Hour, Run: "r1", Journal: w, Now: time.Now, Mix: load.Mix{load.Order: 1}})
	if !trouble.Is(err, trouble.Unavailable) {
		t.Errorf("a closed journal gave %v", err)
	}
}

func FuzzParseMix(f *testing.F) {
	for _, seed := range []string{"browse=70,search=10,cover=10,order=10", "order=1", "order=1,order=2", "browse=-1", "x=1", "", "browse=0", " cover=3 , search=4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mix, err := load.ParseMix(text)
		if err != nil {
			return
		}
		total := 0
		for _, route := range load.Routes() {
			total += mix[route]
			delete(mix, route)
		}
		if total <= 0 || len(mix) != 0 {
			t.Errorf("%q gave a total of %d and %v besides", text, total, mix)
		}
	})
}

func TestParseMix(t *testing.T) {
	t.Parallel()
	mix, err := load.ParseMix("browse=70, order=30")
	if err != nil || mix[load.Browse] != 70 || mix[load.Order] != 30 || mix[load.Cover] != 0 {
		t.Errorf("%v, %v", mix, err)
	}
	for _, text := range []string{"", "browse", "browse=x", "buy=1", "browse=1,browse=2", "browse=0"} {
		if _, err := load.ParseMix(text); !trouble.Is(err, trouble.Usage) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
