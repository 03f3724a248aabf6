package trail

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Limits of delivery.
const (
	// maxPendingBytes bounds the events that wait for a delivery.
	maxPendingBytes = 128 << 20
	// maxFileRecords bounds a file; CloudTrail writes files of about 50 MB.
	maxFileRecords = 20_000
)

// delivery is what waits to be written to buckets. Where nothing is logging,
// nothing waits.
type delivery struct {
	mu sync.Mutex
	// changed counts the calls that may have changed the trails, known is what
	// it was when they were last asked for.
	changed   int
	known     int
	regions   map[string]bool
	trails    []destination
	pending   []waiting
	bytes     int64
	lost      int64
	delivered int64
	// again are the files that could not be written and may be yet.
	again []*file
	// sending makes deliveries follow one another, asking the questions for
	// the trails.
	sending sync.Mutex
	asking  sync.Mutex
}

// waiting is an event with the trails that want it.
type waiting struct {
	trails []int // positions in the list of that time
	list   *[]destination
	region string
	line   []byte
}

// noteConfiguration marks the trails stale when a call changed them.
func (d *delivery) noteConfiguration(call *awsapi.Call) {
	if call.Service != "cloudtrail" || isReadOnly(call) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed++
	if len(d.regions) < maxBuckets {
		d.regions[call.Region] = true
	}
}

// wantsData reports whether a trail may want data events.
func (d *delivery) wantsData() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed != d.known || slices.ContainsFunc(d.trails, func(t destination) bool {
		return slices.ContainsFunc(t.selectors, func(s selector) bool {
			return !slices.ContainsFunc(s.fields, func(f fieldMatch) bool {
				return f.field == "eventCategory" && slices.Contains(f.equals, "Management")
			})
		})
	})
}

func (d *delivery) addTo(s *Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Undelivered, s.Lost, s.Delivered = len(d.pending), d.lost, d.delivered
	for _, f := range d.again {
		s.Undelivered += len(f.lines)
	}
}

// queue keeps the event for the trails that want it.
func (t *Trail) queue(ctx context.Context, r *Record, dataType string, line []byte) {
	trails := t.destinations(ctx)
	var wanted []int
	for i := range *trails {
		if (*trails)[i].wants(r, dataType) {
			wanted = append(wanted, i)
		}
	}
	if len(wanted) == 0 {
		return
	}
	d := &t.delivery
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes+int64(len(line)) > maxPendingBytes {
		d.lost++
		return
	}
	d.pending = append(d.pending, waiting{trails: wanted, list: trails, region: r.AWSRegion, line: line})
	d.bytes += int64(len(line))
}

// destinations returns the trails that are logging, asked for anew when they
// may have changed. An event is judged by the trails of its own moment.
func (t *Trail) destinations(ctx context.Context) *[]destination {
	d := &t.delivery
	if trails, fresh := d.current(); fresh || t.options.Ask == nil {
		return &trails
	}
	// Who comes meanwhile waits: an event after StartLogging must find the
	// trail.
	d.asking.Lock()
	defer d.asking.Unlock()
	trails, fresh := d.current()
	if fresh {
		return &trails
	}
	d.mu.Lock()
	changed, regions := d.changed, slices.Sorted(maps.Keys(d.regions))
	d.mu.Unlock()
	var found []destination
	for _, region := range regions {
		more, err := t.ask(ctx, region)
		if err != nil {
			// The next event asks again.
			t.options.Log.Error("ask for trails", "region", region, "error", err)
			return &trails
		}
		found = append(found, more...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trails, d.known = found, changed
	return &found
}

func (d *delivery) current() (trails []destination, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.trails, d.changed == d.known
}

// ask reads the trails whose home is the region and that are logging.
func (t *Trail) ask(ctx context.Context, region string) ([]destination, error) {
	answer, err := t.options.Ask(ctx, region, "DescribeTrails", map[string]any{"includeShadowTrails": false})
	if err != nil {
		return nil, err
	}
	var out []destination
	for _, node := range awsapi.Maps(answer, "trailList") {
		arn := awsapi.String(node, "TrailARN")
		if home := awsapi.String(node, "HomeRegion"); home != "" && home != region {
			continue
		}
		status, err := t.options.Ask(ctx, region, "GetTrailStatus", map[string]any{"Name": arn})
		if err != nil {
			return nil, err
		}
		if logging, _ := awsapi.Bool(status, "IsLogging"); !logging {
			continue
		}
		selectors, err := t.options.Ask(ctx, region, "GetEventSelectors", map[string]any{"TrailName": arn})
		if err != nil {
			return nil, err
		}
		d := destination{arn: arn, bucket: awsapi.String(node, "S3BucketName"), prefix: awsapi.String(node, "S3KeyPrefix"),
			region: region, selectors: readSelectors(selectors)}
		d.multiRegion, _ = awsapi.Bool(node, "IsMultiRegionTrail")
		d.global, _ = awsapi.Bool(node, "IncludeGlobalServiceEvents")
		out = append(out, d)
	}
	return out, nil
}

// file is one file to write.
type file struct {
	arn, bucket, key string
	lines            [][]byte
	tries            int
}

// maxTries bounds the deliveries of one file.
const maxTries = 5

// Deliver writes what waits to the buckets. A file that a store out of reach
// did not take is kept for the next delivery; what cannot be written at all is
// counted as lost and reported.
func (t *Trail) Deliver(ctx context.Context) error {
	d := &t.delivery
	d.sending.Lock()
	defer d.sending.Unlock()
	d.mu.Lock()
	pending := d.pending
	files := d.again
	d.pending, d.bytes, d.again = nil, 0, nil
	d.mu.Unlock()
	var failures []error
	for _, f := range append(files, t.files(pending, t.options.Now())...) {
		err := t.write(ctx, f)
		if err != nil {
			failures = append(failures, err)
		}
		d.settle(f, err)
	}
	return errors.Join(failures...)
}

func (d *delivery) settle(f *file, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.tries++
	switch {
	case err == nil:
		d.delivered++
	case fault.Retryable(err) && f.tries < maxTries:
		d.again = append(d.again, f)
	default:
		d.lost += int64(len(f.lines))
	}
}

// files groups events by trail and region, in the order in which they came.
func (t *Trail) files(pending []waiting, now time.Time) []*file {
	var out []*file
	open := map[[2]string]*file{}
	for _, w := range pending {
		for _, i := range w.trails {
			d := (*w.list)[i]
			id := [2]string{d.arn, w.region}
			f := open[id]
			if f == nil || len(f.lines) >= maxFileRecords {
				f = &file{arn: d.arn, bucket: d.bucket, key: t.key(d.prefix, w.region, now)}
				open[id] = f
				out = append(out, f)
			}
			f.lines = append(f.lines, w.line)
		}
	}
	return out
}

func (t *Trail) write(ctx context.Context, f *file) error {
	text := []byte(`{"Records":[`)
	text = append(text, bytes.Join(f.lines, []byte(","))...)
	packed, err := compress(append(text, "]}"...))
	if err != nil {
		return err
	}
	if t.options.Put == nil {
		return fault.Newf(fault.Unsupported, "deliver trail: no object store")
	}
	return fault.Wrap(t.options.Put(ctx, f.bucket, f.key, packed), "deliver trail", f.arn)
}

// key is the name of a delivered file, after the user guide's "CloudTrail log
// file examples".
func (t *Trail) key(prefix, region string, at time.Time) string {
	at = at.UTC()
	parts := []string{"AWSLogs", t.options.Account, "CloudTrail", region, at.Format("2006/01/02"),
		t.options.Account + "_CloudTrail_" + region + "_" + at.Format("20060102T1504Z") + "_" + t.unique() + ".json.gz"}
	if prefix != "" {
		parts = append([]string{prefix}, parts...)
	}
	return strings.Join(parts, "/")
}

// unique gives the 16 characters that keep files of one minute apart.
func (t *Trail) unique() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.newID())) // a hash takes every write
	random := rand.New(rand.NewPCG(h.Sum64(), 0))
	out := make([]byte, 16)
	for i := range out {
		out[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(out)
}
