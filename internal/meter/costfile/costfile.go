package costfile

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/records"
)

// Options say which files are read.
type Options struct {
	// Paths are files, folders and globs; see records.Find.
	Paths []string
	// Files are opened besides: objects of a bucket.
	Files []records.File
	// Workers is how many files are read at once, 0 for as many as processors.
	Workers int
}

// Meter measures cost.
type Meter struct{ o Options }

var _ meter.Meter = (*Meter)(nil)

// New returns a meter of the files.
func New(o Options) *Meter { return &Meter{o} }

const (
	daysOfMonth = 30
	// maxItems bounds the sums that are kept: resources times days.
	maxItems = 5_000_000
)

// item is what one id costs in one currency on one day.
type item struct {
	id, currency string
	day          int64
}

// shard is what one worker summed up.
type shard struct {
	items map[item]*money
	// beside are the sums of lines that are for no resource, by service and
	// currency.
	beside map[[2]string]*money
	// days are those that the files have a line for, whoever's: on such a day a
	// resource without a line cost nothing.
	days map[int64]bool
}

// Query reads all files. A resource is found by its ARN, by the last part of
// it, or by an alias, as reports name some by one and some by the other.
func (m *Meter) Query(ctx context.Context, r meter.Request) (meter.Answer, error) {
	found, problems := records.Find(m.o.Paths...)
	files := append(found, m.o.Files...)
	options := records.Options{Workers: m.o.Workers}
	shards := make([]*shard, options.Count(len(files)))
	for i := range shards {
		shards[i] = &shard{items: map[item]*money{}, beside: map[[2]string]*money{}, days: map[int64]bool{}}
	}
	report, err := records.Each(ctx, files, options, func(ctx context.Context, c *records.Content) error {
		return shards[c.Worker].read(ctx, c, r.Window)
	})
	if err != nil {
		return meter.Answer{}, fault.Wrap(err, "read cost files", "")
	}
	whole := shards[0]
	for _, s := range shards[1:] {
		whole.merge(s)
	}
	out := whole.answer(r)
	out.Inputs = report.Inputs()
	for _, p := range append(problems, report.Problems()...) {
		out.Unmeasured = append(out.Unmeasured, kpi.Unmeasured{Metric: kpi.Cost, Detail: p.Place(), Source: kpi.CostFile, Reason: p.Reason})
	}
	return out, nil
}

const checkEvery = 4096

// read sums up one file.
func (s *shard) read(ctx context.Context, c *records.Content, w kpi.Window) error {
	if head := string(c.Peek(4)); head == "PAR1" {
		return fault.Newf(fault.Unsupported, "read cost file: Parquet is not read here").Hintf("export the report as CSV (textORcsv)")
	}
	reader := csv.NewReader(c)
	reader.FieldsPerRecord, reader.ReuseRecord, reader.LazyQuotes = -1, true, true
	header, err := reader.Read()
	if err != nil {
		return fault.Of(fault.Invalid, "read cost file", "", err)
	}
	at, err := find(header)
	if err != nil {
		return fault.Of(fault.Invalid, "read cost file", "", err)
	}
	for n := 1; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, _ := reader.FieldPos(0)
		if err != nil {
			c.Result.Bad(int64(line), err)
			if _, ok := errors.AsType[*csv.ParseError](err); !ok {
				return err
			}
			continue
		}
		c.Result.Lines++
		if err := s.add(at, record, w); err != nil {
			if errors.Is(err, errFull) {
				return fault.Of(fault.Unsupported, "read cost file", "", err)
			}
			c.Result.Bad(int64(line), err)
			continue
		}
		c.Result.Entries++
	}
}

var errFull = errors.New("more than five million resources and days")

func (s *shard) add(at columns, record []string, w kpi.Window) error {
	if len(record) < at.n {
		return fmt.Errorf("%d fields under %d columns", len(record), at.n)
	}
	start, err := when(field(record, at.start))
	if err != nil {
		return err
	}
	var cost money
	if err := cost.parse(field(record, at.cost)); err != nil {
		return err
	}
	if !counts(field(record, at.kind)) || !w.From.IsZero() && start.Before(w.From) || !w.To.IsZero() && !start.Before(w.To) {
		return nil
	}
	day := start.Truncate(24 * time.Hour)
	s.days[day.Unix()] = true
	currency := cmp.Or(field(record, at.currency), "USD")
	id := field(record, at.resource)
	if len(s.items)+len(s.beside) >= maxItems {
		return errFull
	}
	if id == "" {
		sum(s.beside, [2]string{strings.Clone(field(record, at.service)), strings.Clone(currency)}).add(&cost)
		return nil
	}
	key := item{id, currency, day.Unix()}
	if s.items[key] == nil {
		key.id, key.currency = strings.Clone(id), strings.Clone(currency)
	}
	sum(s.items, key).add(&cost)
	return nil
}

// sum returns the sum of the key, a new one when there is none.
func sum[K comparable](sums map[K]*money, key K) *money {
	m := sums[key]
	if m == nil {
		m = &money{}
		sums[key] = m
	}
	return m
}

func (s *shard) merge(o *shard) {
	for key, cost := range o.items {
		sum(s.items, key).add(cost)
	}
	for key, cost := range o.beside {
		sum(s.beside, key).add(cost)
	}
	maps.Copy(s.days, o.days)
}

// owner is a resource and the currency that it is paid in.
type owner struct {
	id       cloud.ResourceID
	currency string
}

// others are the costs of ids that no resource of the request has.
type others struct {
	sums map[string]*money
	ids  map[string]map[string]bool
}

// answer gives each resource its cost per day, as the rate of thirty days.
func (s *shard) answer(r meter.Request) meter.Answer {
	var out meter.Answer
	if len(s.days) == 0 {
		return out
	}
	names := byName(r.Resources)
	costs, rest := s.byOwner(names)
	known := map[cloud.ResourceID]bool{}
	for of, days := range costs {
		known[of.id] = true
		out.Measurements = append(out.Measurements, s.measure(of, names[string(of.id)].Name, days))
	}
	s.beyond(&out, rest)
	for i := range r.Resources {
		if id := r.Resources[i].ID; !known[id] && !slices.Contains(r.Resources[i].Marks, inventory.Deleted) {
			out.Unmeasured = append(out.Unmeasured, kpi.Unmeasured{Subject: id, Metric: kpi.Cost, Source: kpi.CostFile, Region: r.Resources[i].Region, Reason: "the cost file does not name it"})
		}
	}
	return out
}

func (s *shard) byOwner(names map[string]*inventory.Resource) (map[owner]map[int64]*money, others) {
	costs := map[owner]map[int64]*money{}
	rest := others{map[string]*money{}, map[string]map[string]bool{}}
	for key, cost := range s.items {
		resource := names[key.id]
		if resource == nil {
			sum(rest.sums, key.currency).add(cost)
			if rest.ids[key.currency] == nil {
				rest.ids[key.currency] = map[string]bool{}
			}
			rest.ids[key.currency][key.id] = true
			continue
		}
		of := owner{resource.ID, key.currency}
		if costs[of] == nil {
			costs[of] = map[int64]*money{}
		}
		sum(costs[of], key.day).add(cost)
	}
	return costs, rest
}

func (s *shard) measure(of owner, name string, days map[int64]*money) kpi.Measurement {
	all := slices.Sorted(maps.Keys(s.days))
	m := kpi.Measurement{Subject: kpi.Subject{Kind: kpi.Component, ID: of.id, Name: name}, Metric: kpi.Cost, Detail: of.currency, Source: kpi.CostFile,
		Window: kpi.Window{From: atDay(all[0]), To: atDay(all[len(all)-1]).Add(24 * time.Hour)}, Period: 24 * time.Hour,
		Evidence: []kpi.Evidence{{From: "Cost and Usage Report", Note: "unblended cost of usage, as the rate of thirty days; taxes, credits and fees of commitments left out"}}}
	for _, day := range all {
		perMonth := 0.0
		if days[day] != nil {
			perMonth = days[day].float() * daysOfMonth
		}
		m.Bins = append(m.Bins, kpi.EventBin(atDay(day), 1, perMonth))
	}
	return m
}

func atDay(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// beyond tells the sums that belong to no resource of the request.
func (s *shard) beyond(out *meter.Answer, rest others) {
	add := func(detail, why string) {
		out.Unmeasured = append(out.Unmeasured, kpi.Unmeasured{Metric: kpi.Cost, Detail: detail, Source: kpi.CostFile, Reason: why})
	}
	for _, currency := range slices.Sorted(maps.Keys(rest.sums)) {
		add("resources outside of the request", fmt.Sprintf("%.2f %s of %d resources belong to none of the inventory", rest.sums[currency].float(), currency, len(rest.ids[currency])))
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.beside), func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	}) {
		add(cmp.Or(key[0], "no service"), fmt.Sprintf("%.2f %s are charged to no resource", s.beside[key].float(), key[1]))
	}
}

// byName finds a resource by whatever a report may call it. A short name that
// two resources share says nothing.
func byName(resources []inventory.Resource) map[string]*inventory.Resource {
	names := map[string]*inventory.Resource{}
	twice := map[string]bool{}
	for i := range resources {
		r := &resources[i]
		id := string(r.ID)
		for n, name := range append([]string{id, id[strings.LastIndexAny(id, ":/")+1:]}, r.Aliases...) {
			if name == "" {
				continue
			}
			if n > 0 && names[name] != nil && names[name].ID != r.ID {
				twice[name] = true
				continue
			}
			names[name] = r
		}
	}
	for name := range twice {
		if names[name] != nil && string(names[name].ID) != name {
			delete(names, name)
		}
	}
	return names
}
