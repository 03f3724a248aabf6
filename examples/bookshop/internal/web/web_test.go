package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/accesslog"
	"example.com/landfall/examples/bookshop/internal/blob/s3blob"
	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/queue/sqsqueue"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/stock"
	"example.com/landfall/examples/bookshop/internal/web"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// shop is a web server with a real database, object store and queue.
type shop struct {
	t      *testing.T
	url    string
	server *web.Server
	conn   *pgx.Conn // as the owner
	admin  *pgx.Conn // as the superuser
	log    *accesslog.Log
	path   string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	database := testkit.Postgres(t)
	owned := shoptest.Stocked(t, database.URL(), 60)
	objects, moto := testkit.ObjectStore(t), testkit.SharedMoto(t)
	blobs := s3blob.Open(objects.Config(t), objects.Bucket(t))
	if _, err := stock.Covers(t.Context(), blobs, stock.CoverOptions{Count: 5, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	name := "orders"
	made, err := sqs.NewFromConfig(moto.Config(t)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := sqsqueue.Open(moto.Config(t), strings.TrimPrefix(*made.QueueUrl, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, conn: shoptest.Connect(t, owned), admin: shoptest.Connect(t, database.URL()), path: filepath.Join(t.TempDir(), "access.log")}
	if s.log, err = accesslog.Open(s.path); err != nil {
		t.Fatal(err)
	}
	s.server, err = web.New(web.Options{Store: shoptest.Store(t, owned), Blobs: blobs, Queue: queue, Metrics: metrics.New("test"),
		AccessLog: s.log, Instance: "test-1", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(s.server)
	s.url = listener.URL
	t.Cleanup(listener.Close)
	return s
}

type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; pairs are header names and values.
func (s *shop) do(method, path, body string, pairs ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(content)}
}

func (s *shop) metric(name string) string {
	s.t.Helper()
	for line := range strings.Lines(s.do("GET", "/metrics", "").body) {
		if strings.HasPrefix(line, name) {
			return strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:])
		}
	}
	return ""
}

func body(t *testing.T, c order.Content) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCatalogueAsJSON(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for path, want := range map[string]struct {
		status int
		has    string
	}{
		"/books":            {200, `"page":1,"pages":3,"total":60`},
		"/books?page=3":     {200, `"id":49`},
		"/books?page=0":     {400, "number from 1"},
		"/books?page=x":     {400, "number from 1"},
		"/books/7":          {200, `"isbn":"978`},
		"/books/700":        {404, "do not have"},
		"/books/x":          {404, "do not have"},
		"/search?q=the":     {200, `"query":"the"`},
		"/search?q=%00the":  {200, `"books"`},
		"/search?q=%ff":     {200, `"books"`},
		"/search":           {400, "search"},
		"/nothing":          {404, "nothing at this address"},
		"/healthz":          {200, `"instance":"test-1"`},
		"/orders/nobody":    {404, "do not have"},
		"/covers/1.png":     {404, "cover"},
		"/covers/../x.jpg":  {404, ""},
		"/covers/50.jpg":    {404, "do not have"},
		"/static/style.css": {200, ":root"},
	} {
		got := s.do("GET", path, "")
		if path == "/covers/../x.jpg" && got.status/100 == 3 {
			continue // the mux cleans the path
		}
		if got.status != want.status || !strings.Contains(got.body, want.has) {
			t.Errorf("%s: %d %s, want %d with %q", path, got.status, got.body, want.status, want.has)
		}
	}
	if got := s.do("DELETE", "/books/1", ""); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE gave %d", got.status)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	shoptest.Exec(t, s.conn, "UPDATE shop.book SET title = '<script>alert(1)</script>' WHERE book_id = 7")
	for path, want := range map[string]string{
		"/": "Best sellers", "/books?page=2": `href="/books?page=3"`, "/books/8": `name="quantity"`, "/search?q=zzzzzz": "No title is like",
		"/books/7": "&lt;script&gt;", "/books/999": "We do not have that.",
	} {
		got := s.do("GET", path, "", "Accept", "text/html,*/*")
		if !strings.Contains(got.body, want) || !strings.Contains(got.body, "</html>") || strings.Contains(got.body, "<script") {
			t.Errorf("%s: no %q in\n%s", path, want, got.body)
		}
		if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(got.body) {
			t.Errorf("%s loads something from elsewhere", path)
		}
	}
}

// A browser orders with the form; sending the form again orders nothing more.
func TestOrderWithTheForm(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	form := url.Values{}
	for _, field := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]+)"`).FindAllStringSubmatch(s.do("GET", "/books/3", "", "Accept", "text/html").body, -1) {
		form.Set(field[1], field[2])
	}
	form.Set("customer", "ada@example.org")
	form.Set("quantity", "2")
	var where string
	for range 2 {
		got := s.do("POST", "/orders", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
		if got.status != http.StatusSeeOther {
			t.Fatalf("the form gave %d %s", got.status, got.body)
		}
		where = got.header.Get("Location")
	}
	if page := s.do("GET", where, "", "Accept", "text/html"); !strings.Contains(page.body, "ada@example.org") || !strings.Contains(page.body, "accepted") {
		t.Errorf("the order's page:\n%s", page.body)
	}
	if invoice := s.do("GET", where+"/invoice", ""); !strings.Contains(invoice.body, "INVOICE") || strings.Contains(invoice.body, "{") || !strings.Contains(invoice.body, "2 x ") {
		t.Errorf("the invoice:\n%s", invoice.body)
	}
	if n := shoptest.Value[int](t, s.conn, "SELECT count(*) FROM shop.orders WHERE client_order_id LIKE 'web-%'"); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
	form.Del("sequence")
	if got := s.do("POST", "/orders", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); got.status != http.StatusBadRequest {
		t.Errorf("an incomplete form gave %d", got.status)
	}
}

func TestPutOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c := order.Content{Customer: "ada", Sequence: 1, Lines: []order.Line{{BookID: 2, Quantity: 3}}}
	other := c
	other.Sequence = 2
	taken := order.Content{Customer: "ada", Sequence: 1, Lines: []order.Line{{BookID: 5, Quantity: 1}}}
	for _, step := range []struct {
		name, id, body string
		status         int
		outcome        string
	}{
		{"first", "o-1", body(t, c), 201, "accepted"},
		{"again", "o-1", body(t, c), 200, "accepted"},
		{"again in another layout", "o-1", `{"lines":[ {"quantity":3, "bookId":2} ],"sequence":1,"customer":"ada"}`, 200, "accepted"},
		{"another content", "o-1", body(t, other), 409, "refused"},
		{"sequence taken", "o-2", body(t, taken), 409, "refused"},
		{"not JSON", "o-3", "hello", 400, "refused"},
		{"unknown field", "o-3", `{"customer":"ada","sequence":9,"lines":[{"bookId":1,"quantity":1}],"gift":true}`, 400, "refused"},
		{"two documents", "o-3", body(t, other) + body(t, other), 400, "refused"},
		{"too long", "o-3", `{"customer":"` + strings.Repeat("a", 20_000) + `"}`, 400, "refused"},
		{"breaks a rule", "o-3", `{"customer":"ada","sequence":9,"lines":[]}`, 422, "refused"},
		{"no such book", "o-3", `{"customer":"ada","sequence":9,"lines":[{"bookId":4711,"quantity":1}]}`, 422, "refused"},
		{"bad id", "o%203", body(t, other), 422, "refused"},
	} {
		got := s.do("PUT", "/orders/"+step.id, step.body)
		if got.status != step.status || got.header.Get("Bookshop-Outcome") != step.outcome {
			t.Errorf("%s: %d %q %s, want %d %q", step.name, got.status, got.header.Get("Bookshop-Outcome"), got.body, step.status, step.outcome)
		}
	}
	var placed struct{ ID, Hash string }
	if err := json.Unmarshal([]byte(s.do("GET", "/orders/o-1", "").body), &placed); err != nil || placed.Hash != c.Hash() {
		t.Errorf("read back %+v, %v", placed, err)
	}
	if got := s.metric(`bookshop_orders_total{instance_name="test",outcome="accepted"}`); got != "1" {
		t.Errorf("the metric says %q orders", got)
	}
}

// Fifty clients with one id: one 201, the others 200, one order.
func TestPutTheSameOrderAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	text := body(t, order.Content{Customer: "ada", Sequence: 1, Lines: []order.Line{{BookID: 2, Quantity: 1}}})
	statuses := make(chan int, 50)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { statuses <- s.do("PUT", "/orders/same", text).status })
	}
	wait.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[201] != 1 || count[200] != 49 {
		t.Errorf("statuses %v, want one 201 and 49 times 200", count)
	}
}

func TestCoverRangesAndConditions(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	artist, err := stock.NewArtist(1)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(artist.Cover(3))
	first := s.do("GET", "/covers/3.jpg", "")
	etag := first.header.Get("ETag")
	if first.body != whole || first.header.Get("Content-Type") != "image/jpeg" || !strings.Contains(first.header.Get("Cache-Control"), "max-age") || etag == "" {
		t.Fatalf("the cover: %d bytes, %v", len(first.body), first.header)
	}
	size := len(whole)
	for _, c := range []struct {
		name   string
		header []string
		status int
		body   string
		ranges string
	}{
		{"part", []string{"Range", "bytes=2-5"}, 206, whole[2:6], fmt.Sprintf("bytes 2-5/%d", size)},
		{"from the start", []string{"Range", "bytes=0-0"}, 206, whole[:1], fmt.Sprintf("bytes 0-0/%d", size)},
		{"to the end", []string{"Range", "bytes=100-"}, 206, whole[100:], fmt.Sprintf("bytes 100-%d/%d", size-1, size)},
		{"beyond the end", []string{"Range", fmt.Sprintf("bytes=%d-", size)}, 416, "", ""},
		{"suffix: the whole", []string{"Range", "bytes=-5"}, 200, whole, ""},
		{"two parts: the whole", []string{"Range", "bytes=0-1,4-5"}, 200, whole, ""},
		{"backwards: the whole", []string{"Range", "bytes=5-2"}, 200, whole, ""},
		{"the same version", []string{"Range", "bytes=2-5", "If-Range", etag}, 206, whole[2:6], fmt.Sprintf("bytes 2-5/%d", size)},
		{"another version: the whole", []string{"Range", "bytes=2-5", "If-Range", `"old"`}, 200, whole, ""},
		{"not changed", []string{"If-None-Match", `"x", W/` + etag}, 304, "", ""},
		{"changed", []string{"If-None-Match", `"x"`}, 200, whole, ""},
	} {
		got := s.do("GET", "/covers/3.jpg", "", c.header...)
		if got.status != c.status || got.header.Get("Content-Range") != c.ranges || c.status != 416 && got.body != c.body {
			t.Errorf("%s: %d, range %q, %d bytes", c.name, got.status, got.header.Get("Content-Range"), len(got.body))
		}
	}
}

func TestReadOnlyMode(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	name := s.admin.Config().Database
	fence := func(state string) {
		shoptest.Exec(t, s.admin, "ALTER DATABASE "+name+" SET default_transaction_read_only = "+state)
	}
	text := func(n int64) string {
		return body(t, order.Content{Customer: "ada", Sequence: n, Lines: []order.Line{{BookID: 2, Quantity: 1}}})
	}
	fence("on")
	shoptest.Exec(t, s.admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	var got reply
	testkit.Eventually(t, 20*time.Second, func() error {
		got = s.do("PUT", "/orders/f-1", text(1))
		if !strings.Contains(got.body, "take no orders") {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
	if got.status != 503 || got.header.Get("Retry-After") == "" || got.header.Get("Bookshop-Outcome") != "refused" {
		t.Errorf("behind the fence: %d, %v", got.status, got.header)
	}
	if n := s.metric("bookshop_read_only_refusals_total"); n == "" || n == "0" {
		t.Errorf("the metric of refusals says %q", n)
	}
	if ready := s.do("GET", "/readyz", ""); ready.status != 200 || !strings.Contains(ready.body, `"takesWrites":false`) {
		t.Errorf("ready behind the fence: %d %s", ready.status, ready.body)
	}
	if page := s.do("GET", "/books/3", ""); page.status != 200 {
		t.Errorf("readers get %d", page.status)
	}
	fence("off")
	testkit.Eventually(t, 20*time.Second, func() error {
		if got := s.do("PUT", "/orders/f-2", text(1)); got.status != 201 {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
	if got := s.do("GET", "/orders/f-1", ""); got.status != 404 {
		t.Errorf("the refused order is there: %d", got.status)
	}
}

func TestReadyAndDrain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	got := s.do("GET", "/readyz", "")
	var ready struct {
		Ready, TakesWrites bool
		Checks             []struct {
			Name         string
			OK           bool
			Milliseconds float64
		}
	}
	if err := json.Unmarshal([]byte(got.body), &ready); err != nil || got.status != 200 || !ready.Ready || !ready.TakesWrites || len(ready.Checks) != 3 {
		t.Fatalf("%d %s, %v", got.status, got.body, err)
	}
	for _, c := range ready.Checks {
		if !c.OK || c.Milliseconds <= 0 {
			t.Errorf("%+v: want ok with a latency", c)
		}
	}
	s.server.Drain()
	if got := s.do("GET", "/readyz", ""); got.status != 503 || !strings.Contains(got.body, `"draining":true`) {
		t.Errorf("while draining: %d %s", got.status, got.body)
	}
	if got := s.do("GET", "/books", ""); got.status != 200 {
		t.Errorf("requests while draining get %d", got.status)
	}
}

func TestViewsAndAccessLog(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 3 {
		s.do("GET", "/books/4", "")
	}
	s.do("GET", "/books/99", "", "User-Agent", "evil\"agent")
	s.server.Close(t.Context())
	if err := s.log.Close(); err != nil {
		t.Fatal(err)
	}
	if n := shoptest.Value[int](t, s.conn, "SELECT count(*) FROM shop.page_view WHERE book_id = 4 AND client = '127.0.0.1' AND instance = 'test-1'"); n != 3 {
		t.Errorf("%d page views, want 3", n)
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != 4 || !bytes.Contains(lines[0], []byte("/books/4 HTTP/1.1\"")) || !bytes.Contains(lines[3], []byte(` 404 404 `)) || !bytes.Contains(lines[3], []byte(`evil\x22agent`)) {
		t.Errorf("access log:\n%s", text)
	}
}
