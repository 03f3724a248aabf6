package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
)

// postBytes is about how long one post to an admin endpoint gets.
const postBytes = 1 << 20

// trailJob makes the CloudTrail history: one file per hour, and the management
// events, which are all that LookupEvents knows, also for the admin endpoint.
type trailJob struct {
	m     *model
	sink  Sink
	pack  *packer
	files int
	by    map[string]*PrincipalCount
}

func (t *trailJob) run(ctx context.Context) error {
	t.by = map[string]*PrincipalCount{}
	var lines []byte
	for hour := t.m.start.Truncate(time.Hour); hour.Before(t.m.end); hour = hour.Add(time.Hour) {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := &hourly{m: t.m, r: t.m.random("trail", hour.Unix()), hour: hour}
		h.everyone()
		slices.SortStableFunc(h.records, func(a, b record) int { return a.at.Compare(b.at) })
		if len(h.records) == 0 {
			continue
		}
		text := []byte(`{"Records":[`)
		for i := range h.records {
			line, err := json.Marshal(h.records[i])
			if err != nil {
				return fault.Of(fault.Internal, "encode CloudTrail record", h.records[i].EventName, err)
			}
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, line...)
			if h.records[i].ManagementEvent {
				lines = append(append(lines, line...), '\n')
			}
			t.count(&h.records[i])
		}
		if len(lines) > postBytes {
			if err := t.sink.Post(ctx, "trail", lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
		if err := t.file(ctx, hour, append(text, "]}"...)); err != nil {
			return err
		}
	}
	return t.sink.Post(ctx, "trail", lines)
}

func (t *trailJob) file(ctx context.Context, hour time.Time, text []byte) error {
	w, next := t.m.World, hour.Add(time.Hour)
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", w.Account, w.Region, hour.Format("2006/01/02"), w.Account, w.Region,
		next.Format("20060102T1504Z"), t.m.tag("trail", hour.Unix(), 16))
	body, err := t.pack.pack(text)
	if err != nil {
		return err
	}
	t.files++
	return t.sink.Put(ctx, File{Bucket: w.TrailBucket, Key: key, ContentType: "application/json", ContentEncoding: "gzip", Body: body})
}

func (t *trailJob) count(r *record) {
	c := t.by[r.principal]
	if c == nil {
		c = &PrincipalCount{Principal: r.principal}
		t.by[r.principal] = c
	}
	if r.ManagementEvent {
		c.Management++
	} else {
		c.Data++
	}
	if r.ReadOnly {
		c.ReadOnly++
	}
	if r.ErrorCode != "" {
		c.Errors++
	}
}

// tell adds the counts to the truth.
func (t *trailJob) tell(truth *Truth) {
	truth.Files += t.files
	for _, c := range slices.SortedFunc(maps.Values(t.by), func(a, b *PrincipalCount) int { return cmp.Compare(a.Principal, b.Principal) }) {
		truth.Principals = append(truth.Principals, *c)
		truth.TrailEvents += c.Management
		truth.DataEvents += c.Data
	}
}
