package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/trail"
)

// eventReader is the event history.
type eventReader interface {
	LookupEvents(context.Context, *cloudtrail.LookupEventsInput, ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

// lineReader is a log group.
type lineReader interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

var (
	_ eventReader = (*cloudtrail.Client)(nil)
	_ lineReader  = (*cloudwatchlogs.Client)(nil)
)

// pages is a file whose content comes page by page from an API. next returns a
// page, and io.EOF after the last.
type pages struct {
	ctx  context.Context
	next func(context.Context) ([]byte, error)
	rest []byte
	err  error
}

func (p *pages) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.rest, p.err = p.next(p.ctx)
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pages) Close() error { return nil }

// line is a document of a page, as the readers of logs take it.
func line(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Of(fault.Internal, "encode page", "", err)
	}
	return append(b, '\n'), nil
}

// group is the log group of a flow log as a file. Its name tells the account as
// well: accounts that are set up alike have log groups of one name.
func (g *finding) group(r inventory.Resource, name string) records.File {
	from, end := g.window.From, g.window.To
	return records.File{Name: fmt.Sprintf("logs://%s/%s/%s", r.Account, r.Region, name), Size: -1, Open: func(ctx context.Context) (io.ReadCloser, error) {
		var api lineReader = cloudwatchlogs.NewFromConfig(g.o.Config(r.Account, r.Region), func(o *cloudwatchlogs.Options) { o.RetryMaxAttempts = 8 })
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &name, EndTime: sdk.Int64(end.UnixMilli())}
		if !from.IsZero() {
			in.StartTime = sdk.Int64(from.UnixMilli())
		}
		done := false
		return &pages{ctx: ctx, next: func(ctx context.Context) ([]byte, error) {
			if done {
				return nil, io.EOF
			}
			out, err := api.FilterLogEvents(ctx, in)
			if err != nil {
				return nil, failed(err, "read log group", name)
			}
			in.NextToken = out.NextToken
			done = out.NextToken == nil
			type event struct {
				Message string `json:"message"`
			}
			page := struct {
				Events []event `json:"events"`
			}{Events: []event{}}
			for _, e := range out.Events {
				page.Events = append(page.Events, event{sdk.ToString(e.Message)})
			}
			return line(page)
		}}, nil
	}}
}

// history is the event history of a region as a file.
func (g *finding) history(a cloud.Account, r cloud.Region) trail.Logs {
	name := fmt.Sprintf("cloudtrail://%s/%s/event-history", a, r)
	return trail.Logs{Kind: trail.Events, Hides: fmt.Sprintf("who calls which service in %s of account %s", r, a), Files: []records.File{{Name: name, Size: -1,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			l, err := g.lookup(a, r, name)
			if err != nil {
				return nil, err
			}
			return &pages{ctx: ctx, next: l.page}, nil
		}}}}
}

// lookup pages through the event history, newest first.
type lookup struct {
	g         *finding
	api       eventReader
	a         cloud.Account
	r         cloud.Region
	key       string
	from, end time.Time
	token     *string
	oldest    time.Time
	number    int
	done      bool
	began     bool
}

// span is what the journal keeps first: a reading that goes on has to ask for
// the same time, or its tokens are of no use.
type span struct{ From, To time.Time }

// kept is a page in the journal.
type kept struct {
	Token  *string   `json:"token,omitempty"`
	Oldest time.Time `json:"oldest"`
	Body   []byte    `json:"body"`
}

func (g *finding) lookup(a cloud.Account, r cloud.Region, name string) (*lookup, error) {
	l := &lookup{g: g, a: a, r: r, key: name, from: g.historyStart(), end: g.window.To,
		api: cloudtrail.NewFromConfig(g.o.Config(a, r), func(o *cloudtrail.Options) { o.RetryMaxAttempts = 8 })}
	if g.o.Journal == nil {
		return l, nil
	}
	var s span
	if b, ok := g.o.Journal.Page(name); ok && json.Unmarshal(b, &s) == nil {
		l.from, l.end = s.From, s.To
		return l, nil
	}
	b, err := line(span{l.from, l.end})
	if err != nil {
		return nil, err
	}
	return l, g.o.Journal.Keep(name, b)
}

func (l *lookup) page(ctx context.Context) ([]byte, error) {
	if l.done {
		return nil, io.EOF
	}
	if body, ok := l.fromJournal(); ok {
		return body, nil
	}
	if l.number >= l.g.o.LookupPages {
		l.g.to.Unread(inventory.Unread{Source: inventory.Live, Operation: "cloudtrail:LookupEvents", Account: l.a, Region: l.r,
			Reason: fmt.Sprintf("more than %d pages", l.g.o.LookupPages), Hides: "management events before " + l.oldest.UTC().Format(time.RFC3339)})
		return nil, io.EOF
	}
	out, err := l.ask(ctx)
	if err != nil {
		return nil, failed(err, "look up events", l.key)
	}
	k := kept{Token: out.NextToken, Oldest: l.oldest}
	type event struct{ CloudTrailEvent string }
	page := struct{ Events []event }{Events: []event{}}
	for _, e := range out.Events {
		page.Events = append(page.Events, event{sdk.ToString(e.CloudTrailEvent)})
		if t := sdk.ToTime(e.EventTime); !t.IsZero() && (k.Oldest.IsZero() || t.Before(k.Oldest)) {
			k.Oldest = t
		}
	}
	if k.Body, err = line(page); err != nil {
		return nil, err
	}
	if j := l.g.o.Journal; j != nil {
		b, err := line(k)
		if err != nil {
			return nil, err
		}
		if err := j.Keep(l.pageKey(), b); err != nil {
			return nil, err
		}
	}
	return l.advance(k), nil
}

// ask calls the API, no more often than it allows. Tokens do not live for
// ever: when one is refused, reading goes on from the oldest event, and what
// comes twice is found by its ID.
func (l *lookup) ask(ctx context.Context) (*cloudtrail.LookupEventsOutput, error) {
	if l.began {
		timer := time.NewTimer(l.g.o.LookupEvery)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
		}
	}
	l.began = true
	in := &cloudtrail.LookupEventsInput{StartTime: &l.from, EndTime: &l.end, MaxResults: sdk.Int32(50), NextToken: l.token}
	out, err := l.api.LookupEvents(ctx, in)
	if err == nil || l.token == nil || code(err) != "InvalidNextTokenException" {
		return out, err
	}
	if !l.oldest.IsZero() {
		l.end = l.oldest.Add(time.Second)
	}
	in.NextToken, in.EndTime = nil, &l.end
	return l.api.LookupEvents(ctx, in)
}

func (l *lookup) pageKey() string { return l.key + "#" + itoa(int64(l.number)) }

func (l *lookup) fromJournal() ([]byte, bool) {
	if l.g.o.Journal == nil {
		return nil, false
	}
	b, ok := l.g.o.Journal.Page(l.pageKey())
	var k kept
	if !ok || json.Unmarshal(b, &k) != nil {
		return nil, false
	}
	return l.advance(k), true
}

func (l *lookup) advance(k kept) []byte {
	l.number++
	l.token, l.oldest, l.done = k.Token, k.Oldest, k.Token == nil
	return k.Body
}
