package seed

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/seed/history"
)

// uploads is how many objects are on their way at once. More does not help:
// sender and store share the machine.
const uploads = 12

// uploader is the history's sink: the bucket and the admin endpoints.
type uploader struct {
	s     *seeder
	group *errgroup.Group
	// ctx is that of the uploads, which outlive the generator that asks for them.
	ctx   context.Context
	done  atomic.Int64
	total int
}

var _ history.Sink = (*uploader)(nil)

// Put sends the file off and returns when there is room for the next.
func (u *uploader) Put(ctx context.Context, f history.File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.group.Go(func() error {
		in := &s3.PutObjectInput{Bucket: &f.Bucket, Key: &f.Key, Body: bytes.NewReader(f.Body), ContentType: &f.ContentType, ContentLength: aws.Int64(int64(len(f.Body)))}
		if f.ContentEncoding != "" {
			in.ContentEncoding = &f.ContentEncoding
		}
		if _, err := u.s.s3.PutObject(u.ctx, in); err != nil {
			return fault.Wrap(callFault(err, "s3 PutObject"), "store log file", f.Key)
		}
		u.s.o.Progress("history", int(u.done.Add(1)), u.total)
		return nil
	})
	return nil
}

// Post sends lines to an admin endpoint, or drops them when there is none:
// Options.Admin says that this is what nil asks for.
func (u *uploader) Post(ctx context.Context, endpoint string, lines []byte) error {
	if u.s.o.Admin == nil || len(lines) == 0 {
		return nil
	}
	to := u.s.o.Admin.JoinPath(endpoint).String()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(lines))
	if err != nil {
		return fault.Of(fault.Internal, "post history to", to, err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	// Not the default client: its proxy settings come from the environment.
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return fault.Of(fault.Unavailable, "post history to", to, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 2048))
	if err != nil {
		return fault.Of(fault.Unavailable, "read the answer of", to, err)
	}
	if answer.StatusCode/100 != 2 {
		return fault.Newf(fault.Invalid, "post history to %q: status %d: %s", to, answer.StatusCode, strings.TrimSpace(string(text)))
	}
	// The trail says how many records it found no room for. History with
	// holes would make every count in the truth wrong.
	var stored struct {
		Dropped int `json:"dropped"`
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return fault.Of(fault.Invalid, "read the answer of", to, err)
	}
	if stored.Dropped > 0 {
		return fault.Newf(fault.Storage, "post history to %q: %d records found no room", to, stored.Dropped)
	}
	return nil
}

// writeHistory generates the history and stores it.
func (s *seeder) writeHistory(ctx context.Context, sum *Summary) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	u := &uploader{s: s, group: group, ctx: inner, total: s.o.HistoryDays * history.FilesPerDay}
	truth, err := history.Generate(inner, history.Options{World: s.world(), Seed: s.o.Seed, Now: s.o.Now, Days: s.o.HistoryDays, Objects: s.o.Objects}, u)
	// A failed upload cancels the generator, so its error is the one that explains.
	if failed := group.Wait(); failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	sum.Truth.History = truth
	sum.LogFiles = truth.Files
	sum.LogLines = truth.AccessLines + truth.FlowRecords + truth.BucketLines + truth.CDNLines
	sum.MetricSeries, sum.TrailEvents = truth.MetricSeries, truth.TrailEvents
	return nil
}
