package history_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/seed/history"
)

// memory is a sink that keeps everything.
type memory struct {
	mu    sync.Mutex
	files map[string]history.File
	posts map[string][]byte
}

func newMemory() *memory {
	return &memory{files: map[string]history.File{}, posts: map[string][]byte{}}
}

func (m *memory) Put(_ context.Context, f history.File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := f.Bucket + "/" + f.Key
	if _, twice := m.files[name]; twice {
		return fmt.Errorf("file %q is written twice", name)
	}
	m.files[name] = f
	return nil
}

func (m *memory) Post(_ context.Context, endpoint string, lines []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posts[endpoint] = append(m.posts[endpoint], lines...)
	return nil
}

// named lists the files of one log in the order of their names.
func (m *memory) named(part string) []history.File {
	var list []history.File
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if strings.Contains(name, part) {
			list = append(list, m.files[name])
		}
	}
	return list
}

// digest is over all that was written.
func (m *memory) digest() [32]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		fmt.Fprintf(h, "%s %d\n", name, len(m.files[name].Body))
		h.Write(m.files[name].Body)
	}
	for _, name := range slices.Sorted(maps.Keys(m.posts)) {
		fmt.Fprintf(h, "%s %d\n", name, len(m.posts[name]))
		h.Write(m.posts[name])
	}
	return [32]byte(h.Sum(nil))
}

func world() history.World {
	w := history.World{
		Account: "123456789012", Region: "us-east-1", VPC: "vpc-0a", FlowLog: "fl-0a", Balancer: "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/bookshop/50dc6c495c0c9188",
		BalancerName: "app/bookshop/50dc6c495c0c9188", WebGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067",
		APIGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/73e2d6bc24d8a068", Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/1", ShopName: "shop.bookshop.example",
		ScalingGroup: "bookshop-app", Database: "bookshop-db", DatabasePort: 15432, CacheGroup: "bookshop-cache", PayrollDatabase: "payroll-db", Queue: "bookshop-orders", Table: "bookshop-sessions",
		Mailer: "mailer", Thumbs: "thumbs", Export: "export", Key: "arn:aws:kms:us-east-1:123456789012:key/1", Secret: "arn:secret", S3Endpoint: "vpce-s3", SQSEndpoint: "vpce-sqs",
		Distribution: "EDIST", DistributionDomain: "d1.cloudfront.net", CIKey: "AKIACI", Covers: "covers", Invoices: "invoices", Exports: "exports", Logs: "logs", TrailBucket: "trail",
	}
	for i, role := range []string{"alb-a", "alb-b", "app-1", "app-2", "db", "cache-1", "cache-2", "nat-a", "nat-b", "endpoint-a", "endpoint-b", "function", "payroll-app", "payroll-db", "report"} {
		f := history.Interface{Role: role, Resource: "res-" + role, ID: fmt.Sprintf("eni-%017x", i), Subnet: "subnet-0a", Address: fmt.Sprintf("10.20.0.%d", 10+i)}
		switch role {
		case "app-1", "app-2", "payroll-app", "report":
			f.Instance = fmt.Sprintf("i-%017x", i)
			f.Resource = f.Instance
		case "alb-a", "alb-b":
			f.Resource, f.Public = w.Balancer, "198.51.100."+fmt.Sprint(i+1)
		case "nat-a", "nat-b":
			f.Public = "198.51.100." + fmt.Sprint(i+1)
		case "endpoint-a", "endpoint-b":
			f.Resource = w.SQSEndpoint
		case "cache-1", "cache-2":
			f.Resource = w.CacheGroup
		}
		w.Interfaces = append(w.Interfaces, f)
	}
	return w
}

func options(days int) history.Options {
	return history.Options{World: world(), Seed: 42, Now: time.Date(2026, 11, 22, 13, 7, 47, 0, time.UTC), Days: days, Objects: 20_000}
}

func generate(t *testing.T, o history.Options) (*memory, history.Truth) {
	t.Helper()
	m := newMemory()
	truth, err := history.Generate(t.Context(), o, m)
	if err != nil {
		t.Fatal(err)
	}
	return m, truth
}

func TestTwoWeeks(t *testing.T) {
	t.Parallel()
	m, truth := generate(t, options(14))
	if len(m.files) != truth.Files {
		t.Errorf("%d files, the truth says %d", len(m.files), truth.Files)
	}
	t.Run("access log", func(t *testing.T) { t.Parallel(); accessLog(t, m, truth) })
	t.Run("flow log", func(t *testing.T) { t.Parallel(); flowLog(t, m, truth) })
	t.Run("trail", func(t *testing.T) { t.Parallel(); trailFiles(t, m, truth) })
	t.Run("small logs", func(t *testing.T) { t.Parallel(); smallLogs(t, m, truth) })
	t.Run("metrics", func(t *testing.T) { t.Parallel(); metricLines(t, m, truth) })
	t.Run("seasons", func(t *testing.T) { t.Parallel(); seasons(t, m, truth) })
}

// accessLog parses every line and compares days and flows with the truth.
func accessLog(t *testing.T, m *memory, truth history.Truth) {
	total := 0
	days := map[string]*history.DayCount{}
	millis := map[string][]int64{}
	flows := map[string]*history.FlowCount{}
	for _, f := range m.named("/elasticloadbalancing/") {
		list, err := lines(f.Body)
		if err != nil {
			t.Fatal(f.Key, err)
		}
		for _, line := range list {
			a, err := parseAccess(line)
			if err != nil {
				t.Fatal(err)
			}
			total++
			// The file's folder is the day of the request, as it was counted.
			day := strings.Join(strings.Split(f.Key, "/")[5:8], "-")
			if days[day] == nil {
				days[day] = &history.DayCount{Day: day}
			}
			d := days[day]
			d.Requests++
			if a.status >= 500 {
				d.Errors5xx++
			}
			if a.target == "-" {
				continue
			}
			d.Forwarded++
			name := a.flow()
			if flows[name] == nil {
				flows[name] = &history.FlowCount{Name: name, Method: a.method}
			}
			flows[name].Requests++
			if a.status >= 500 {
				flows[name].Errors5xx++
			}
			if a.targetTime >= 0 {
				millis[name] = append(millis[name], int64(a.targetTime*1000+0.5))
			}
		}
	}
	if total != truth.AccessLines || total < 200_000 || total > 300_000 {
		t.Errorf("%d lines, the truth says %d", total, truth.AccessLines)
	}
	for _, want := range truth.Days {
		if got := days[want.Day]; got == nil || *got != want {
			t.Errorf("day %s: %+v, want %+v", want.Day, got, want)
		}
	}
	if len(flows) != len(truth.Flows) || len(days) != len(truth.Days) {
		t.Errorf("%d flows and %d days, the truth has %d and %d", len(flows), len(days), len(truth.Flows), len(truth.Days))
	}
	for _, want := range truth.Flows {
		got := flows[want.Name]
		if got == nil {
			t.Errorf("flow %s is in no line", want.Name)
			continue
		}
		v := millis[want.Name]
		slices.Sort(v)
		got.P50Millis, got.P95Millis = v[(len(v)+1)/2-1], v[(len(v)*95+99)/100-1]
		if *got != want {
			t.Errorf("flow %s: %+v, want %+v", want.Name, *got, want)
		}
	}
}

// flowLog finds each conversation again from the records alone: the initiator
// is the side whose packets carry SYN without ACK, and each interface is known
// by its address; addresses of NAT gateways are seen through by the pkt- fields.
func flowLog(t *testing.T, m *memory, truth history.Truth) {
	resource, face := map[string]string{}, map[string]history.Interface{}
	for _, f := range world().Interfaces {
		resource[f.Address], face[f.ID] = f.Resource, f
	}
	records := 0
	accepted, rejected := map[string]int{}, map[string]int{}
	for _, file := range m.named("/vpcflowlogs/") {
		list, err := lines(file.Body)
		if err != nil {
			t.Fatal(file.Key, err)
		}
		header := strings.Split(list[0], " ")
		for _, line := range list[1:] {
			f, err := parseFlow(header, line)
			if err != nil {
				t.Fatal(err)
			}
			records++
			own, known := face[f.face]
			if !known || own.Subnet != f.subnet || own.Instance != "" && own.Instance != f.instance {
				t.Fatalf("interface of %q is not one of the world's", line)
			}
			if f.status == "NODATA" {
				continue
			}
			if f.source != own.Address && f.target != own.Address {
				t.Fatalf("%q names no address of its interface %s", line, own.Address)
			}
			countFlow(f, own, resource, accepted, rejected)
		}
	}
	if records != truth.FlowRecords || records < 200_000 || records > 300_000 {
		t.Errorf("%d records, the truth says %d", records, truth.FlowRecords)
	}
	compareEdges(t, truth, accepted, rejected)
}

// countFlow counts one conversation at the interface of its initiator, or at
// the listener's when it came from the internet.
func countFlow(f flow, own history.Interface, resource map[string]string, accepted, rejected map[string]int) {
	if f.flags&2 == 0 || f.flags&16 != 0 {
		return
	}
	from, to := resource[f.pktSource], resource[f.pktTarget]
	if to == "" {
		to = map[string]string{"S3": history.S3, "DYNAMODB": history.DynamoDB, "AMAZON": history.Amazon, "-": history.Internet}[f.service]
	}
	key := fmt.Sprintf("%s>%s:%d", cmp.Or(from, history.Internet), to, f.targetPort)
	switch {
	case f.action == "REJECT":
		rejected[key]++
	case own.Address == f.source && strings.HasPrefix(own.Role, "nat-"):
		// The second half of a conversation that the instance's interface has whole.
	case own.Address == f.source, from == "":
		accepted[key]++
	}
}

func compareEdges(t *testing.T, truth history.Truth, accepted, rejected map[string]int) {
	t.Helper()
	want, tried := map[string]int{}, map[string]int{}
	for _, e := range truth.Edges {
		key := fmt.Sprintf("%s>%s:%d", e.From, e.To, e.Port)
		if e.Accepted {
			want[key] += e.Connections
		} else {
			tried[key] += e.Connections
			if e.From != history.Internet {
				// Its own interface let the initiator's packets out.
				accepted[key] -= e.Connections
			}
		}
	}
	maps.DeleteFunc(accepted, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(accepted, want) {
		t.Errorf("accepted conversations:\n%v\nthe truth says\n%v", accepted, want)
	}
	if !maps.Equal(rejected, tried) {
		t.Errorf("rejected conversations:\n%v\nthe truth says\n%v", rejected, tried)
	}
	for _, key := range []string{"i-0000000000000000e>res-db:15432", "i-00000000000000002>res-db:15432", "i-0000000000000000c>res-payroll-db:3306"} {
		if want[key] == 0 {
			t.Errorf("nobody saw %s", key)
		}
	}
	if key := "i-0000000000000000c>res-db:15432"; want[key] != 0 || tried[key] == 0 {
		t.Errorf("%s must have been tried and refused", key)
	}
}

func trailFiles(t *testing.T, m *memory, truth history.Truth) {
	counts := map[string]history.PrincipalCount{}
	seen := map[string]bool{}
	management := 0
	for _, f := range m.named("/CloudTrail/") {
		events, err := parseTrail(f.Body)
		if err != nil {
			t.Fatal(f.Key, err)
		}
		last := ""
		for _, e := range events {
			if seen[e.EventID] {
				t.Fatalf("event %s is there twice", e.EventID)
			}
			seen[e.EventID] = true
			if e.EventTime < last {
				t.Fatalf("%s: records are out of order", f.Key)
			}
			last = e.EventTime
			c := counts[e.principal()]
			c.Principal = e.principal()
			if e.ManagementEvent {
				c.Management++
				management++
			} else {
				c.Data++
			}
			if e.ReadOnly {
				c.ReadOnly++
			}
			if e.ErrorCode != "" {
				c.Errors++
			}
			counts[e.principal()] = c
		}
	}
	for _, want := range truth.Principals {
		if got := counts[want.Principal]; got != want {
			t.Errorf("principal %s: %+v, want %+v", want.Principal, got, want)
		}
	}
	if len(counts) != len(truth.Principals) || management != truth.TrailEvents || len(seen) != truth.TrailEvents+truth.DataEvents {
		t.Errorf("%d principals, %d management events of %d", len(counts), management, len(seen))
	}
	if posted := bytes.Count(m.posts["trail"], []byte("\n")); posted != truth.TrailEvents {
		t.Errorf("%d records posted, want the %d management events", posted, truth.TrailEvents)
	}
}

func smallLogs(t *testing.T, m *memory, truth history.Truth) {
	bucket, cdn := 0, 0
	for _, f := range m.named("/s3/covers/") {
		for line := range strings.Lines(string(f.Body)) {
			if !bucketForm.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Fatalf("not a line of a bucket's log: %q", line)
			}
			bucket++
		}
	}
	for _, f := range m.named("/cdn/") {
		list, err := lines(f.Body)
		if err != nil || list[0] != "#Version: 1.0" || !strings.HasPrefix(list[1], "#Fields: date time ") {
			t.Fatal(f.Key, list[:2], err)
		}
		fields := len(strings.Fields(list[1])) - 1
		for _, line := range list[2:] {
			if got := len(strings.Split(line, "\t")); got != fields {
				t.Fatalf("%d fields, the header has %d: %q", got, fields, line)
			}
			cdn++
		}
	}
	if bucket != truth.BucketLines || cdn != truth.CDNLines || bucket == 0 || cdn == 0 {
		t.Errorf("%d and %d lines, the truth says %d and %d", bucket, cdn, truth.BucketLines, truth.CDNLines)
	}
}

type line struct {
	Namespace, Name, Unit string
	Dimensions            map[string]string
	Start                 time.Time
	PeriodSeconds         int
	Values                []*float64
	Stats                 []*struct{ Values, Counts []float64 }
}

func series(t *testing.T, m *memory) []line {
	t.Helper()
	var list []line
	d := json.NewDecoder(bytes.NewReader(m.posts["metrics"]))
	d.DisallowUnknownFields()
	for d.More() {
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

// metricLines: what CloudWatch would say about the balancer is what its access log says.
func metricLines(t *testing.T, m *memory, truth history.Truth) {
	forwarded, errors5xx, samples, timed := 0.0, 0.0, 0, 0.0
	list := series(t, m)
	for _, l := range list {
		for i, v := range l.Values {
			if v == nil {
				continue
			}
			samples++
			if *v < 0 {
				t.Fatalf("%s %s is %v in bin %d", l.Namespace, l.Name, *v, i)
			}
			if len(l.Dimensions) > 1 || l.Namespace != "AWS/ApplicationELB" {
				continue
			}
			switch l.Name {
			case "RequestCount":
				forwarded += *v
			case "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count":
				errors5xx += *v
			}
		}
		for _, s := range l.Stats {
			if s == nil {
				continue
			}
			samples++
			for i, n := range s.Counts {
				if len(l.Dimensions) == 1 {
					timed += n
				}
				if i > 0 && s.Values[i] <= s.Values[i-1] {
					t.Fatalf("distribution is out of order: %v", s.Values)
				}
			}
		}
	}
	want, want5xx, wantTimed := 0, 0, 0
	for _, d := range truth.Days {
		want += d.Forwarded
		want5xx += d.Errors5xx
	}
	for _, f := range truth.Flows {
		wantTimed += f.Requests
	}
	if int(forwarded) != want || int(errors5xx) != want5xx {
		t.Errorf("RequestCount %v and 5xx %v, the access log has %d and %d", forwarded, errors5xx, want, want5xx)
	}
	if int(timed) > wantTimed || int(timed) < wantTimed*99/100 {
		t.Errorf("%v response times for %d requests", timed, wantTimed)
	}
	if len(list) != truth.MetricSeries || samples != truth.MetricSamples {
		t.Errorf("%d series with %d samples, the truth says %d and %d", len(list), samples, truth.MetricSeries, truth.MetricSamples)
	}
}

// seasons: weekdays beat the weekend, evenings beat early mornings.
func seasons(t *testing.T, m *memory, truth history.Truth) {
	var weekday, weekend []float64
	for _, d := range truth.Days[1 : len(truth.Days)-1] {
		day, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			t.Fatal(err)
		}
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			weekend = append(weekend, float64(d.Requests))
		} else {
			weekday = append(weekday, float64(d.Requests))
		}
	}
	if slices.Min(weekday) <= slices.Max(weekend) {
		t.Errorf("a weekday with %v requests, a weekend day with %v", slices.Min(weekday), slices.Max(weekend))
	}
	for _, l := range series(t, m) {
		busy := l.Name == "RequestCount" && len(l.Dimensions) == 1 || l.Namespace == "AWS/EC2" && l.Name == "CPUUtilization" && l.Dimensions["AutoScalingGroupName"] != "" ||
			l.Namespace == "AWS/RDS" && l.Name == "DatabaseConnections" && l.Dimensions["DBInstanceIdentifier"] == "bookshop-db"
		if !busy {
			continue
		}
		var night, evening float64
		for i, v := range l.Values {
			if v == nil {
				continue
			}
			switch l.Start.Add(time.Duration(i) * 5 * time.Minute).Hour() {
			case 7, 8, 9:
				night += *v
			case 23, 0, 1:
				evening += *v
			}
		}
		if evening < 1.3*night {
			t.Errorf("%s: %v in the evening, %v at night", l.Name, evening, night)
		}
	}
}

// The same options give the same bytes, whatever the number of workers; another seed gives others.
func TestSameOptionsSameBytes(t *testing.T) {
	t.Parallel()
	o := options(2)
	first, truth := generate(t, o)
	o.Workers = 5
	second, again := generate(t, o)
	if first.digest() != second.digest() {
		t.Error("five workers write other bytes than two")
	}
	if a, b := fmt.Sprintf("%+v", truth), fmt.Sprintf("%+v", again); a != b {
		t.Error("the truth of two equal runs differs")
	}
	o.Seed++
	if other, _ := generate(t, o); other.digest() == first.digest() {
		t.Error("another seed writes the same bytes")
	}
}

// A window that ends a day later repeats the hours it shares.
func TestShiftedWindowRepeatsItsHours(t *testing.T) {
	t.Parallel()
	o := options(2)
	o.Now = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	first, _ := generate(t, o)
	o.Now = o.Now.AddDate(0, 0, 1)
	second, _ := generate(t, o)
	shared := 0
	for name, f := range first.files {
		g, ok := second.files[name]
		if !ok {
			continue
		}
		shared++
		if !bytes.Equal(f.Body, g.Body) {
			t.Errorf("%s differs between the windows", name)
		}
	}
	if shared < 90 {
		t.Errorf("only %d files are in both windows", shared)
	}
}

func TestRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(o *history.Options)
		kind   fault.Kind
	}{
		{"no days", func(o *history.Options) { o.Days = 0 }, fault.Invalid},
		{"more days than CloudWatch keeps", func(o *history.Options) { o.Days = 64 }, fault.Invalid},
		{"a role without interface", func(o *history.Options) { o.World.Interfaces = o.World.Interfaces[1:] }, fault.Internal},
		{"a role with two interfaces", func(o *history.Options) { o.World.Interfaces = append(o.World.Interfaces, o.World.Interfaces[0]) }, fault.Internal},
	} {
		o := options(1)
		c.change(&o)
		if _, err := history.Generate(t.Context(), o, newMemory()); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v, want kind %s", c.name, err, c.kind)
		}
	}
}

// full is a sink that has no room.
type full struct{ *memory }

func (full) Put(context.Context, history.File) error {
	return fault.Newf(fault.Storage, "write file: no room")
}

func TestStopsWhenTheSinkIsFull(t *testing.T) {
	t.Parallel()
	if _, err := history.Generate(t.Context(), options(1), full{newMemory()}); !fault.Is(err, fault.Storage) {
		t.Errorf("got %v, want the sink's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.Generate(ctx, options(1), newMemory()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled context's error", err)
	}
}

// Whatever the seed, the time and the load: lines parse, end in time, and are counted.
func TestAnyWindow(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 7))
		o := options(1)
		o.Seed, o.Now = r.Uint64(), time.Unix(1_600_000_000+r.Int64N(300_000_000), 0)
		o.RequestsPerDay, o.Objects = 1+r.IntN(3000), r.IntN(50)
		m, truth := generate(t, o)
		total := 0
		for _, f := range m.named("/elasticloadbalancing/") {
			list, err := lines(f.Body)
			if err != nil {
				t.Fatal(seed, err)
			}
			for _, text := range list {
				if a, err := parseAccess(text); err != nil || a.at.After(o.Now) {
					t.Fatal(seed, text, err)
				}
				total++
			}
		}
		if total != truth.AccessLines {
			t.Errorf("seed %d: %d lines, the truth says %d", seed, total, truth.AccessLines)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if _, err := history.Generate(b.Context(), options(14), newMemory()); err != nil {
			b.Fatal(err)
		}
	}
}
