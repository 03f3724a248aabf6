package accesslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/accesslog"
	"example.com/landfall/internal/records"
)

const front = "app/shop/50dc6c495c0c9188"

// albLine is a line of an application load balancer.
type albLine struct {
	at                   time.Time
	client, method, path string
	status               int
	targetMillis         int
	target               string
}

func (l albLine) String() string {
	target, targetStatus := l.target, fmt.Sprint(l.status)
	times := fmt.Sprintf("0.001 %.3f 0.002", float64(l.targetMillis)/1000)
	if target == "" {
		target = "10.0.0.1:80"
	}
	group := "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067"
	if target == "-" {
		targetStatus, times, group = "-", "-1 -1 -1", "-"
	}
	return fmt.Sprintf(`https %s %s %s:4711 %s %s %d %s 100 2000 "%s https://shop.example:443%s HTTP/1.1" "agent" - - %s "Root=1-58337262-36d228ad5d99923122bbe354" "shop.example" "-" 0 %s "forward" "-" "-" "%s" "%s" "-" "-"`,
		l.at.Format("2006-01-02T15:04:05.000000Z"), front, l.client, target, times, l.status, targetStatus, l.method, l.path, group, l.at.Format("2006-01-02T15:04:05.000000Z"), target, targetStatus)
}

func noon() time.Time { return time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC) }

func get(path string, status int) albLine {
	return albLine{at: noon(), client: "100.64.0.1", method: "GET", path: path, status: status, targetMillis: 20}
}

func file(name string, lines ...albLine) records.File {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.String() + "\n")
	}
	return records.Bytes(name, []byte(b.String()))
}

func ask(t interface {
	Fatal(...any)
	Context() context.Context
}, o accesslog.Options, r meter.Request) kpi.Baseline {
	a, err := accesslog.New(o).Query(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return kpi.Build(a.Measurements, a.Unmeasured, a.Inputs)
}

func total(b *kpi.Baseline, s kpi.Subject, m kpi.Metric, detail string) float64 {
	k, _ := b.Find(s, m, detail)
	v, ok := k.Value(kpi.Total)
	if !ok {
		return math.NaN()
	}
	return v.Value
}

// flowNames lists the flows with their requests.
func flowNames(b *kpi.Baseline) []string {
	var list []string
	for _, k := range b.KPIs {
		if k.Subject.Kind == kpi.Flow && k.Metric == kpi.Throughput && k.Detail == "" {
			v, _ := k.Value(kpi.Total)
			list = append(list, fmt.Sprintf("%s %v", k.Subject.Name, v.Value))
		}
	}
	return list
}

func TestWhatCountsAsServed(t *testing.T) {
	t.Parallel()
	redirect, blocked, noTarget := get("/a", 301), get("/a", 403), get("/a", 503)
	redirect.target, blocked.target, noTarget.target = "-", "-", "-"
	b := ask(t, accesslog.Options{Files: []records.File{file("x", get("/a", 200), get("/a", 404), get("/a", 500), redirect, blocked, noTarget)}}, meter.Request{})
	s := kpi.Subject{Kind: kpi.Component, ID: front}
	for what, c := range map[string][2]float64{
		"served":        {total(&b, s, kpi.Throughput, ""), 4},
		"answered":      {total(&b, s, kpi.Throughput, "answered by the front"), 2},
		"server errors": {total(&b, s, kpi.ErrorRate, ""), 2},
		"client errors": {total(&b, s, kpi.ClientErrorRate, ""), 1},
		"bytes out":     {total(&b, s, kpi.BytesOut, ""), 12_000},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %v, want %v", what, c[0], c[1])
		}
	}
	k, _ := b.Find(s, kpi.Latency, "")
	if p, _ := k.Value(kpi.P95); p.Value != 0.023 || k.Samples != 3 {
		t.Errorf("latency %+v of %d samples", p, k.Samples)
	}
	clients, _ := b.Find(s, kpi.Clients, "")
	if v, _ := clients.Value(kpi.Mean); v.Value != 1 {
		t.Errorf("%v clients", v.Value)
	}
}

// Resources of the inventory give the front its id; the flow keeps the name.
func TestFrontsAreFoundInTheInventory(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/" + front
	b := ask(t, accesslog.Options{Files: []records.File{file("x", get("/a", 200))}}, meter.Request{Resources: []inventory.Resource{
		{ID: "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/gone/50dc6c495c0c9188", Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", Marks: []inventory.Mark{inventory.Deleted}},
		{ID: cloud.ResourceID(arn), Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", Name: "shop"},
	}})
	if n := total(&b, kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID(arn)}, kpi.Throughput, ""); n != 1 {
		t.Errorf("%v requests at the resource", n)
	}
	for _, k := range b.KPIs {
		if k.Subject.Kind == kpi.Flow && (k.Subject.Front != cloud.ResourceID(arn) || k.Subject.ID != front+" GET shop.example/a") {
			t.Errorf("flow %+v", k.Subject)
		}
	}
}

// Titles become {*} once there are more than a hundred; what scanners ask for
// in vain never becomes a route; both whatever the order.
func TestRoutesOfManyNames(t *testing.T) {
	t.Parallel()
	var lines []albLine
	for i := range 150 {
		lines = append(lines, get(fmt.Sprintf("/books/title%c%c/reviews", 'a'+i%26, 'a'+i/26), 200))
	}
	for i := range 50 {
		lines = append(lines, get(fmt.Sprintf("/topics/topic%c%c", 'a'+i%26, 'a'+i/26), 200))
	}
	for i := range 300 {
		lines = append(lines, get(fmt.Sprintf("/probe%c%c/x.php", 'a'+i%26, 'a'+i/26), 404))
	}
	lines = append(lines, get("/", 200), get("/books/titlexx/reviews", 404), get("/books/titleaa/reviews", 500))
	slices.Reverse(lines)
	b := ask(t, accesslog.Options{Files: []records.File{file("x", lines...)}}, meter.Request{})
	names := flowNames(&b)
	if len(names) != 53 || !slices.Contains(names, "GET shop.example/books/{*}/reviews 152") || !slices.Contains(names, "other 300") || !slices.Contains(names, "GET shop.example/ 1") || !slices.Contains(names, "GET shop.example/topics/topicaa 1") {
		t.Errorf("%d flows: %q", len(names), names)
	}
}

// What is beyond the number of flows is counted together, never dropped.
func TestFlowsAreBounded(t *testing.T) {
	t.Parallel()
	var lines []albLine
	for i := range 20 {
		for range i + 1 {
			lines = append(lines, get(fmt.Sprintf("/f%c", 'a'+i), 200))
		}
	}
	b := ask(t, accesslog.Options{MaxFlows: 3, Files: []records.File{file("x", lines...)}}, meter.Request{})
	want := []string{"GET shop.example/fr 18", "GET shop.example/fs 19", "GET shop.example/ft 20", "other 153"}
	if got := flowNames(&b); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A hostile client that invents routes, hosts and methods is bounded; its
// requests are all there.
func TestInventedRoutesAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	const n = 60_000
	for i := range n {
		l := get(fmt.Sprintf("/x%c%c%c/y%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576, 'a'+i%25), 404-204*(i%2))
		text := strings.Replace(l.String(), "https://shop.example:", fmt.Sprintf("https://h%d.example:", i%3000), 1)
		b.WriteString(strings.Replace(text, `"GET `, fmt.Sprintf(`"M%d `, i%50), 1) + "\n")
	}
	baseline := ask(t, accesslog.Options{Files: []records.File{records.Bytes("x", []byte(b.String()))}}, meter.Request{})
	sum := 0.0
	for _, k := range baseline.KPIs {
		if k.Subject.Kind == kpi.Flow && k.Metric == kpi.Throughput {
			v, _ := k.Value(kpi.Total)
			sum += v.Value
		}
	}
	if sum != n || total(&baseline, kpi.Subject{Kind: kpi.Component, ID: front}, kpi.Throughput, "") != n {
		t.Errorf("flows have %v requests, want %d", sum, n)
	}
}

// Neither the order of lines nor how they lie in files, nor the number of
// workers changes a byte.
func TestOrderAndFilesChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var lines []albLine
		for range rapid.IntRange(1, 400).Draw(t, "lines") {
			l := get([]string{"/", "/books/" + fmt.Sprint(r.IntN(9)), fmt.Sprintf("/t/%c%c%c", 'a'+r.IntN(26), 'g'+r.IntN(20), 'a'+r.IntN(3))}[r.IntN(3)], []int{200, 200, 200, 404, 500}[r.IntN(5)])
			l.at = noon().Add(time.Duration(r.IntN(100_000)) * time.Second)
			l.client, l.targetMillis = fmt.Sprintf("100.64.%d.%d", r.IntN(8), r.IntN(250)), r.IntN(5000)
			lines = append(lines, l)
		}
		want := encode(t, ask(t, accesslog.Options{Workers: 1, Files: []records.File{file("a", lines...)}}, meter.Request{}))
		r.Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
		var files []records.File
		for i := 0; len(lines) > 0; i++ {
			n := min(1+r.IntN(100), len(lines))
			files = append(files, file(fmt.Sprint("f", i), lines[:n]...))
			lines = lines[n:]
		}
		if got := encode(t, ask(t, accesslog.Options{Workers: 1 + r.IntN(4), Files: files}, meter.Request{})); !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
	})
}

// encode leaves the names of the files out, which differ of course.
func encode(t *rapid.T, b kpi.Baseline) []byte {
	b.Inputs = nil
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestWindowAndZeroHours(t *testing.T) {
	t.Parallel()
	late := get("/a", 200)
	late.at = noon().Add(5 * time.Hour)
	other := get("/b", 200)
	other.at = noon().Add(2 * time.Hour)
	b := ask(t, accesslog.Options{Files: []records.File{file("x", get("/a", 200), other, late)}}, meter.Request{Window: kpi.Window{From: noon().Add(-time.Hour), To: noon().Add(4 * time.Hour)}})
	s := kpi.FlowOf(front, "GET", "shop.example", "/a")
	k, _ := b.Find(s, kpi.Throughput, "")
	if v, _ := k.Value(kpi.Total); v.Value != 1 {
		t.Errorf("%v requests in the window", v.Value)
	}
	// 11:00 and 13:00, and 15:00, have no line of the front at all; at 14:00 it
	// had one, but none of this flow: nothing happened.
	if len(k.Gaps) != 3 || k.Coverage != 0.4 || k.Series.Sum[2] != 0 {
		t.Errorf("gaps %v, coverage %v, series %v", k.Gaps, k.Coverage, k.Series.Sum)
	}
	errors, _ := b.Find(s, kpi.ErrorRate, "")
	if v, ok := errors.Value(kpi.Mean); !ok || v.Value != 0 || errors.Samples != 1 {
		t.Errorf("error rate %+v of %d", v, errors.Samples)
	}
}

func TestWhatCannotBeReadIsListed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	if err := os.WriteFile(path, []byte(get("/a", 200).String()+"\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := accesslog.New(accesslog.Options{Paths: []string{path, filepath.Join(dir, "none-*")}}).Query(t.Context(), meter.Request{})
	if err != nil || len(a.Measurements) == 0 || len(a.Unmeasured) != 2 || len(a.Inputs) != 1 {
		t.Errorf("%v: %+v, %v", err, a.Unmeasured, a.Inputs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := accesslog.New(accesslog.Options{Paths: []string{path}}).Query(ctx, meter.Request{}); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	empty, err := accesslog.New(accesslog.Options{}).Query(t.Context(), meter.Request{})
	if err != nil || len(empty.Measurements)+len(empty.Unmeasured) != 0 {
		t.Errorf("no files: %+v, %v", empty, err)
	}
}
