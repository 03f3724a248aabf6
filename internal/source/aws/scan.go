package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
)

// AccountRole is an account to read and the role to read it with.
type AccountRole struct {
	// ID is the account's number. It may be empty for the account that the
	// credentials belong to.
	ID cloud.Account
	// RoleARN is assumed through STS; empty for the credentials themselves.
	RoleARN string
	// ExternalID is what the role's trust policy asks for, if anything.
	ExternalID string
}

// ScanOptions say what a scan reads and how much it may ask for.
type ScanOptions struct {
	// Accounts to read; none is the account of the credentials.
	Accounts []AccountRole
	// Regions to read; none is the configuration's own, "all" is every region
	// that is switched on for the account.
	Regions []cloud.Region
	// Share is the part of each service's request rate that the scan takes, so
	// that the workload keeps the rest: above 0 and up to 1. 0 is a half.
	Share float64
	// Unlimited says that the endpoint is not AWS and has no request rates. The
	// scan still gives way when it is told to.
	Unlimited bool
	// Concurrency bounds the calls in flight of the whole scan. 0 is 32.
	Concurrency int
	// Journal keeps pages for a scan that goes on after a kill; nil is none.
	Journal source.Journal
	// Operator is the ARN of a further identity that Landfall uses. The one
	// that the scan runs as is known.
	Operator string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

const (
	defaultShare       = 0.5
	defaultConcurrency = 32
	// perLane bounds the calls in flight of one service in one region.
	perLane = 16
	// firstBackoff is the wait after the first call that the network or the
	// service did not answer; it doubles.
	firstBackoff = 250 * time.Millisecond
)

// Scanner reads live accounts.
type Scanner struct {
	config   sdk.Config
	options  ScanOptions
	services []service
	backoff  time.Duration
	resolves func(host string) bool
	// converter is made for a scan, unless it is given.
	converter *kinds.Converter
}

var _ source.Scanner = (*Scanner)(nil)

// NewScanner returns a scanner with the SDK's configuration, whose region and
// credentials are the first to be used. It makes no request.
func NewScanner(config sdk.Config, options ScanOptions) *Scanner {
	if options.Share <= 0 || options.Share > 1 {
		options.Share = defaultShare
	}
	if options.Concurrency <= 0 {
		options.Concurrency = defaultConcurrency
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if len(options.Regions) == 0 {
		options.Regions = []cloud.Region{cloud.Region(config.Region)}
	}
	// The scan paces, waits and tries again by itself; the SDK's own tries
	// would go past the pace.
	config.Retryer = func() sdk.Retryer { return sdk.NopRetryer{} }
	config.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, values ...any) {
		options.Log.Debug("the SDK says", "text", fmt.Sprintf(format, values...))
	})
	return &Scanner{config: config, options: options, services: services(), backoff: firstBackoff, resolves: resolves}
}

// scan is one run of a scanner.
type scan struct {
	options   ScanOptions
	services  []service
	backoff   time.Duration
	sink      source.Sink
	misses    *misses
	defaults  *defaults
	converter *kinds.Converter
	resolves  func(host string) bool
	log       *slog.Logger
	calls     chan struct{} // one for each call in flight

	mu        sync.Mutex
	paces     map[string]*pace
	operators []string
}

// Scan reads everything that the accounts hold in the regions.
func (s *Scanner) Scan(ctx context.Context, to source.Sink) error {
	run := &scan{options: s.options, services: s.services, backoff: s.backoff, resolves: s.resolves, sink: to, misses: newMisses(), defaults: &defaults{vpcs: map[string]bool{}},
		converter: s.converter, log: s.options.Log, calls: make(chan struct{}, s.options.Concurrency), paces: map[string]*pace{}}
	if s.options.Operator != "" {
		run.operators = append(run.operators, s.options.Operator)
	}
	if run.converter == nil {
		run.converter = kinds.New()
	}
	places, err := run.places(ctx, s.config)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	for _, p := range places {
		for _, service := range run.services {
			if service.global && !p.first {
				continue
			}
			group.Go(func() error { return run.read(inner, p, service) })
		}
	}
	err = group.Wait()
	if err == nil {
		err = to.Found(run.defaults.list()...)
	}
	for _, u := range run.misses.list() {
		to.Unread(u)
	}
	if err != nil {
		return fault.Wrap(err, "scan the account", "")
	}
	to.Input("live", fingerprint(places))
	return nil
}

// read reads one service at one place.
func (r *scan) read(ctx context.Context, p place, s service) error {
	at, config := p.place, p.config
	if s.global {
		at.Region = ""
		config.Region = globalRegion(p.place.Partition)
	} else {
		config.Region = string(at.Region)
	}
	l := &lane{scan: r, service: s, place: at, home: at.Region, pace: r.paceOf(at, s), broken: map[string]int{}, last: map[string]error{}}
	group, ctx := errgroup.WithContext(ctx)
	for _, step := range s.steps(config) {
		group.Go(func() error { return l.run(ctx, step, nil, nil) })
	}
	return group.Wait()
}

// elsewhere returns the lane for another region of the same service.
func (l *lane) elsewhere(region cloud.Region) *lane {
	if region == "" || region == l.place.Region {
		return l
	}
	at := l.place
	at.Region = region
	return &lane{scan: l.scan, service: l.service, place: at, home: l.home, pace: l.scan.paceOf(at, l.service), broken: map[string]int{}, last: map[string]error{}}
}

// paceOf returns the pace of a service in a region of an account; the families
// of one service share it.
func (r *scan) paceOf(at kinds.Place, s service) *pace {
	service := cmp.Or(s.rate, s.name)
	key := string(at.Account) + "/" + string(at.Region) + "/" + service
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.paces[key]; p != nil {
		return p
	}
	limit := rate{}
	if !r.options.Unlimited {
		limit = rateOf(service)
		limit.perSecond *= r.options.Share
		limit.burst *= r.options.Share
	}
	p := newPace(limit, min(perLane, r.options.Concurrency), r.backoff, r.options.Now)
	r.paces[key] = p
	return p
}

func (r *scan) enter(ctx context.Context) error {
	select {
	case r.calls <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *scan) leave() { <-r.calls }

// sleep waits, or ends early with the context's error.
func (r *scan) sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kept returns a page that an earlier run has kept.
func (r *scan) kept(key string) (page, bool) {
	if r.options.Journal == nil {
		return page{}, false
	}
	text, ok := r.options.Journal.Page(key)
	if !ok {
		return page{}, false
	}
	tree, err := decodeTree(text)
	if err != nil {
		return page{}, false // a page of no form that we know is read anew
	}
	object, ok := tree.(map[string]any)
	return page{object["answer"], item(object).text("next"), item(object).flag("none")}, ok
}

func (r *scan) keep(key string, p page) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fatal{fault.Of(fault.Internal, "keep page", key, err)}
	}
	if err := r.options.Journal.Keep(key, text); err != nil {
		return fatal{fault.Wrap(err, "keep page", key)}
	}
	return nil
}

func secretive(answer any) bool {
	object, ok := answer.(map[string]any)
	return ok && differ(object, kinds.Redact(object))
}

// differ reports whether a value is no more what it was. How an instance's
// metadata service takes its tokens is under a secret's name and is none.
func differ(before, after any) bool {
	switch before := before.(type) {
	case map[string]any:
		after, ok := after.(map[string]any)
		for key, value := range before {
			if ok && key != "HttpTokens" && differ(value, after[key]) {
				return true
			}
		}
		return !ok
	case []any:
		after, ok := after.([]any)
		if !ok || len(before) != len(after) {
			return true
		}
		for n := range before {
			if differ(before[n], after[n]) {
				return true
			}
		}
		return false
	}
	return before != after
}

// mark marks the identities that Landfall itself uses.
func (r *scan) mark(found *inventory.Resource) {
	isOperator := found.Tags[operatorTag] == "operator" || slices.ContainsFunc(r.operators, func(o string) bool { return sameIdentity(o, string(found.ID)) })
	if isOperator && !slices.Contains(found.Marks, inventory.Operator) {
		found.Marks = append(found.Marks, inventory.Operator)
		slices.Sort(found.Marks)
	}
}

// sameIdentity reports whether the identity behind a caller is the one with the
// ARN. A session does not tell the path of its role, and the names of roles are
// unique in an account whatever their paths (IAM user guide, "IAM identifiers").
func sameIdentity(caller, arn string) bool {
	account, name, ok := strings.Cut(caller, ":role/")
	if !ok {
		return caller == arn
	}
	rest, isRole := strings.CutPrefix(arn, account+":role/")
	return isRole && !strings.Contains(rest, "|") && rest[strings.LastIndex(rest, "/")+1:] == name[strings.LastIndex(name, "/")+1:]
}

// operatorTag with the value "operator" is how people mark what Landfall uses.
const operatorTag = "landfall:role"
