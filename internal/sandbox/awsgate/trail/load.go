package trail

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/landfall/internal/fault"
)

// Loaded says what became of loaded records.
type Loaded struct {
	Loaded     int `json:"loaded"`
	Duplicates int `json:"duplicates"`
	// Dropped found no room.
	Dropped int `json:"dropped"`
	// Data events are not kept: LookupEvents does not show them.
	Data int `json:"data"`
	// Files were written to the buckets of trails.
	Files int `json:"files"`
}

// loadBatch is how many records are added at once.
const loadBatch = 1000

// Load adds past records, one JSON object a line. It stops at the first record
// that is wrong; those before it are kept, and loading the same again changes
// nothing. With deliver, the new records and the data events also go to the
// buckets of the trails that are logging, a file for each hour.
func (t *Trail) Load(ctx context.Context, source io.Reader, deliver bool) (Loaded, error) {
	l := &loader{trail: t, deliver: deliver, hours: map[string]*file{}}
	reader := bufio.NewReaderSize(source, maxRecordBytes)
	for number := 1; ; number++ {
		line, err := reader.ReadSlice('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := l.line(ctx, number, bytes.TrimSpace(line)); err != nil {
				return l.result, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return l.result, l.finish(ctx)
		case errors.Is(err, bufio.ErrBufferFull):
			return l.result, fault.Newf(fault.Invalid, "read record %d: longer than %d bytes", number, maxRecordBytes)
		case err != nil:
			return l.result, fault.Of(fault.Unavailable, "read records", "", err)
		case ctx.Err() != nil:
			return l.result, ctx.Err()
		}
	}
}

type loader struct {
	trail   *Trail
	deliver bool
	records []*Record
	lines   [][]byte
	result  Loaded
	hours   map[string]*file
	order   []*file
}

func (l *loader) line(ctx context.Context, number int, line []byte) error {
	r := &Record{}
	if err := json.Unmarshal(line, r); err != nil {
		return fault.Of(fault.Invalid, "read record", "line "+strconv.Itoa(number), err).Hintf("send one CloudTrail record a line")
	}
	if err := r.check(l.trail.options.Now()); err != nil {
		return fault.Wrap(err, "read record", "line "+strconv.Itoa(number))
	}
	// The record is kept as it came, with members that Record does not know.
	var text bytes.Buffer
	if err := json.Compact(&text, line); err != nil {
		return fault.Of(fault.Invalid, "read record", "line "+strconv.Itoa(number), err)
	}
	if r.EventCategory == "Data" {
		l.result.Data++
		l.collect(ctx, r, text.Bytes())
		return nil
	}
	l.records, l.lines = append(l.records, r), append(l.lines, text.Bytes())
	if len(l.records) < loadBatch {
		return nil
	}
	return l.flush(ctx)
}

// check refuses a record that LookupEvents could not show.
func (r *Record) check(now time.Time) error {
	if _, err := uuid.Parse(r.EventID); err != nil {
		return fault.Of(fault.Invalid, "read eventID", r.EventID, err)
	}
	at, err := r.time()
	if err != nil {
		return fault.Of(fault.Invalid, "read eventTime", r.EventTime, err)
	}
	if at.After(now.Add(time.Minute)) {
		return fault.Newf(fault.Invalid, "read eventTime %q: it lies in the future", r.EventTime)
	}
	for name, value := range map[string]string{"eventName": r.EventName, "eventSource": r.EventSource, "awsRegion": r.AWSRegion,
		"userIdentity.type": r.UserIdentity.Type, "recipientAccountId": r.RecipientAccountID} {
		if value == "" {
			return fault.Newf(fault.Invalid, "read record: %s is missing", name)
		}
	}
	if !in(r.EventCategory, "Management", "Data") {
		return fault.Newf(fault.Invalid, "read record: eventCategory %q is neither Management nor Data", r.EventCategory)
	}
	return nil
}

func (l *loader) flush(ctx context.Context) error {
	became, err := l.trail.store.add(l.records, l.lines)
	if err != nil {
		return err
	}
	for i, what := range became {
		switch what {
		case kept:
			l.result.Loaded++
			l.collect(ctx, l.records[i], l.lines[i])
		case duplicate:
			l.result.Duplicates++
		case full:
			l.result.Dropped++
		}
	}
	l.records, l.lines = l.records[:0], l.lines[:0]
	return nil
}

// collect puts an event into the files of its hour.
func (l *loader) collect(ctx context.Context, r *Record, line []byte) {
	if !l.deliver {
		return
	}
	dataType := ""
	if r.EventCategory == "Data" && len(r.Resources) > 0 {
		dataType = r.Resources[0].Type
	}
	at, err := r.time()
	if err != nil {
		return // checked before
	}
	hour := at.UTC().Truncate(time.Hour).Add(time.Hour)
	for _, d := range *l.trail.destinations(ctx) {
		if !d.wants(r, dataType) {
			continue
		}
		id := strings.Join([]string{d.arn, r.AWSRegion, hour.Format(time.RFC3339)}, " ")
		f := l.hours[id]
		if f == nil || len(f.lines) >= maxFileRecords {
			f = &file{arn: d.arn, bucket: d.bucket, key: l.trail.key(d.prefix, r.AWSRegion, hour)}
			l.hours[id] = f
			l.order = append(l.order, f)
		}
		f.lines = append(f.lines, line)
	}
}

func (l *loader) finish(ctx context.Context) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	for _, f := range l.order {
		if err := l.trail.write(ctx, f); err != nil {
			return err
		}
		l.result.Files++
	}
	return nil
}
