package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory/kinds"
)

// lane is where calls of one service are made: one account and one region,
// with one pace.
type lane struct {
	scan    *scan
	service service
	place   kinds.Place
	pace    *pace
	// home is the region that the service's client was made for.
	home cloud.Region

	mu sync.Mutex
	// broken counts, by operation, the calls in a row that were given up or
	// refused.
	broken map[string]int
	// last is, by operation, what the last of them was answered.
	last map[string]error
}

// Tries of one call. AWS's SDK makes three; a scan waits for longer, because
// what it leaves out hides things.
const (
	triesThrottled = 9
	triesOther     = 4
	// triesBare is for an internal error without a word of the API's: AWS's own
	// always have one, so that it comes from a server that does not know the
	// call.
	triesBare = 2
	// givenUp is how many calls in a row may use up all their tries before the
	// operation's other calls get one try each: a service that is down must not
	// hold the scan up.
	givenUp = 3
	// callTimeout bounds one try.
	callTimeout = 60 * time.Second
)

func (l *lane) name(s *step) string { return l.service.name + ":" + s.operation }

// page is one answer as the journal keeps it.
type page struct {
	Answer any    `json:"answer"`
	Next   string `json:"next,omitempty"`
	// None is the answer that there is none.
	None bool `json:"none,omitempty"`
}

// errStale says that a page's token, which an earlier run has left, is not
// good any more.
var errStale = errors.New("the token of the next page has expired")

// pages makes a step's calls for the elements above, page by page. each must
// bear being called anew from the first page.
func (l *lane) pages(ctx context.Context, s *step, above []item, each func(first bool, answer any) error) error {
	in, err := s.call.input(above)
	if err != nil || in == nil {
		return err
	}
	key, err := l.key(s, in)
	if err != nil {
		return err
	}
	err = l.pagesOnce(ctx, s, in, key, each)
	if errors.Is(err, errStale) {
		err = l.pagesOnce(ctx, s, in, key+"/again", each)
	}
	return err
}

func (l *lane) pagesOnce(ctx context.Context, s *step, in any, key string, each func(first bool, answer any) error) error {
	// Once a page is read anew, so are those after it: a kept page follows only
	// the page that it was read after.
	live, kept, token := false, false, ""
	for n := 0; ; n++ {
		l.scan.sink.Planned(1)
		var p page
		ok := false
		if !live {
			p, ok = l.scan.kept(key + "/" + strconv.Itoa(n))
		}
		if !ok {
			live = true
			var err error
			if p, err = l.fetch(ctx, s, in, token); s.isNone(err) {
				p, err = page{None: true}, nil
			}
			if err != nil {
				l.scan.sink.Done(1)
				if kept && awserror.Kind(err) == fault.Invalid {
					return errStale
				}
				return err
			}
			if err := l.keep(s, key+"/"+strconv.Itoa(n), p); err != nil {
				return err
			}
		}
		kept = ok
		l.scan.sink.Done(1)
		if p.None {
			return nil
		}
		if err := each(n == 0, p.Answer); err != nil {
			return fatal{err}
		}
		if p.Next == "" {
			return nil
		}
		if p.Next == token {
			return fault.Newf(fault.Invalid, "the answer's next page is itself")
		}
		token = p.Next
	}
}

// keep keeps a page, unless a secret seems to stand in it (in user data, in a
// function's environment): the journal is a file, and such a page is rather
// read again.
func (l *lane) keep(s *step, key string, p page) error {
	if l.scan.options.Journal == nil || s.private || secretive(p.Answer) {
		return nil
	}
	return l.scan.keep(key, p)
}

// fatal is an error that ends the scan, unlike those of a call.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

func (l *lane) key(s *step, in any) (string, error) {
	text, err := json.Marshal(Tree(in))
	if err != nil {
		return "", fault.Of(fault.Internal, "name the page of", l.name(s), err)
	}
	sum := sha256.Sum256(text)
	return strings.Join([]string{string(l.place.Account), string(l.home), string(l.place.Region), l.name(s), hex.EncodeToString(sum[:12])}, "/"), nil
}

// fetch makes one call, and again while that can help.
func (l *lane) fetch(ctx context.Context, s *step, in any, token string) (page, error) {
	if err := l.quit(s); err != nil {
		return page{}, err
	}
	for try := 1; ; try++ {
		p, err := l.try(ctx, s, in, token)
		if err == nil {
			l.note(s.operation, nil)
			return p, nil
		}
		if ctx.Err() != nil {
			return page{}, fatal{ctx.Err()}
		}
		kind := awserror.Kind(err)
		again := fault.Retryable(&fault.Error{Kind: kind}) && !unreachable(err)
		status, _ := awserror.BareStatus(err)
		if !again || try >= l.tries(s.operation, kind, status == http.StatusInternalServerError) {
			if again || kind == fault.Denied || kind == fault.Unsupported {
				l.note(s.operation, err)
			}
			l.scan.log.DebugContext(ctx, "call was not answered", "operation", l.name(s), "region", l.place.Region, "tries", try, "reason", reasonOf(err))
			return page{}, err
		}
		if kind == fault.Throttled {
			continue // the pace waits
		}
		if err := l.scan.sleep(ctx, l.scan.backoff<<min(try-1, 6)); err != nil {
			return page{}, fatal{err}
		}
	}
}

func (l *lane) tries(operation string, kind fault.Kind, bare bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.broken[operation] >= givenUp:
		return 1
	case kind == fault.Throttled:
		return triesThrottled
	case bare:
		return triesBare
	}
	return triesOther
}

// note takes note of a call that was answered (nil), or given up.
func (l *lane) note(operation string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.broken[operation] = 0
		return
	}
	l.broken[operation]++
	l.last[operation] = err
}

// quit returns what the last calls of an operation were answered when they
// were all refused and the step is one that quits then.
func (l *lane) quit(s *step) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.quits || l.broken[s.operation] < givenUp {
		return nil
	}
	return l.last[s.operation]
}

func (l *lane) try(ctx context.Context, s *step, in any, token string) (page, error) {
	began, err := l.pace.begin(ctx)
	if err != nil {
		return page{}, err
	}
	throttled, after := false, time.Duration(0)
	defer func() { l.pace.end(began, throttled, after) }()
	if err := l.scan.enter(ctx); err != nil {
		return page{}, err
	}
	defer l.scan.leave()
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var at cloud.Region
	if l.place.Region != l.home {
		at = l.place.Region
	}
	answer, next, err := s.call.do(bounded, in, token, at)
	if err != nil {
		throttled, after = awserror.Kind(err) == fault.Throttled, askedToWait(err)
		return page{}, err
	}
	for _, path := range s.out {
		remove(answer, strings.Split(path, "."))
	}
	return page{Answer: answer, Next: next}, nil
}

// askedToWait reads Retry-After (seconds, RFC 9110) and AWS's own
// x-amz-retry-after (milliseconds, as the SDKs' retry specification has it).
func askedToWait(err error) time.Duration {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.Response == nil {
		return 0
	}
	read := func(name string, unit time.Duration) time.Duration {
		n, err := strconv.Atoi(strings.TrimSpace(answer.Response.Header.Get(name)))
		if err != nil || n < 0 {
			return 0
		}
		return min(time.Duration(min(n, 1<<30))*unit, longestPause)
	}
	return max(read("Retry-After", time.Second), read("X-Amz-Retry-After", time.Millisecond))
}

// isNone reports whether the error is the API's way of saying that there is
// none.
func (s *step) isNone(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(s.none, api.ErrorCode())
}
