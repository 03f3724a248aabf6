package app

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/filter"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/store/journal"
	"example.com/landfall/internal/view"
)

// Kinds of ledger entries about moves of objects.
const (
	entryCopyBegun    = "objects.copy.begun"
	entryCompareBegun = "objects.compare.begun"
	entryStopped      = "objects.stopped"
	entryCopied       = "objects.copied"
	entryCompared     = "objects.compared"
)

const (
	verbCopy   = "copy"
	verbVerify = "verify"
)

// recordWithin bounds the entry of a pass that was stopped.
const recordWithin = 10 * time.Second

// moving is one move or comparison of a pair.
type moving struct {
	*App
	o        MoveOptions
	verb     string
	level    objects.Level
	sides    sides
	ports    ObjectPorts
	settings objects.Settings
	limits   move.Limits
	filter   filter.Filter
	schedule *schedule
	prices   tally.Prices
	basis    string
	state    moveState
	show     *view.Moving
	// watch, when set, hears of the progress besides show.
	watch func(move.Progress)
	// alone says that no person is there: a step of a run.
	alone bool
	// step is the run and the step that this is of, "" for none; names what its
	// runbook declares of names that Azure cannot hold.
	step  string
	names stepNames
	// events reads the queue that --events names, nil without one.
	events func(context.Context) <-chan objects.Change

	journal *journal.Journal
	pass    begunPass
	mover   *objects.Mover
	// current is the mover for those who speak to it from aside.
	current atomic.Pointer[objects.Mover]
	began   time.Time
	out     view.Moved
}

// MoveObjects makes a container equal to a bucket, and proves it; or says what
// it would do. A run that was killed goes on when the same command is given
// again; one whose work is done copies nothing.
func (a *App) MoveObjects(ctx context.Context, o MoveOptions, progress *view.Progress) (view.Moved, error) {
	if err := o.consistent(); err != nil {
		return view.Moved{}, err
	}
	r := &moving{App: a, o: o, verb: verbCopy, show: progress.Moving()}
	if err := r.prepare(ctx); err != nil {
		return view.Moved{}, err
	}
	defer r.show.Done()
	if o.DryRun {
		return r.dry(ctx)
	}
	err := r.carryOut(ctx)
	return r.out, r.ended(ctx, err)
}

// VerifyObjects compares both sides, whoever copied.
func (a *App) VerifyObjects(ctx context.Context, o MoveOptions, progress *view.Progress) (view.Moved, error) {
	r := &moving{App: a, o: o, verb: verbVerify, show: progress.Moving()}
	var err error
	if r.level, err = levelOf(o.Level); err != nil {
		return view.Moved{}, err
	}
	if err := r.prepare(ctx); err != nil {
		return view.Moved{}, err
	}
	defer r.show.Done()
	err = r.carryOut(ctx)
	return r.out, r.ended(ctx, err)
}

// levelOf reads a level by the name that people give it: "bound" asks both sides
// for the hashes that they hold.
func levelOf(text string) (objects.Level, error) {
	switch text {
	case "listing":
		return objects.LevelListing, nil
	case "", "bound":
		return objects.LevelHead, nil
	case "full":
		return objects.LevelFull, nil
	}
	return "", fault.Newf(fault.Usage, "read --level %q: want listing, bound or full", text)
}

// levelWord is the other way round.
func levelWord(l objects.Level) string {
	if l == objects.LevelHead {
		return "bound"
	}
	return string(l)
}

// prepare reads the options, finds both sides, and looks whether they answer.
func (r *moving) prepare(ctx context.Context) error {
	var err error
	if r.sides, err = parseSides(r.o.Source, r.o.Target); err != nil {
		return err
	}
	if r.schedule, err = parseSchedule(r.o.Schedule); err != nil {
		return err
	}
	if r.limits, err = r.o.limits(); err != nil {
		return err
	}
	if r.filter, err = filter.New(r.sides.sourcePrefix, r.o.Include, r.o.Exclude); err != nil {
		return err
	}
	if r.step == "" {
		if err = r.declared(); err != nil {
			return err
		}
	}
	// What the options alone say is wrong is said before anybody is asked.
	if _, err = r.o.settings(r.sides, name.Account{}); err != nil {
		return err
	}
	if r.state, err = r.moveState(r.sides); err != nil {
		return err
	}
	r.ports, err = r.Movers.Objects(ctx, ObjectSides{
		Bucket: r.sides.bucket, RequesterPays: r.o.RequesterPays, Account: r.sides.account, Container: r.sides.container,
		Slowed: func(side string) {
			if m := r.current.Load(); m != nil {
				m.Slowed(side)
			}
		},
	})
	if err != nil {
		return err
	}
	if r.settings, err = r.o.settings(r.sides, r.ports.Account); err != nil {
		return err
	}
	if err := r.choose(); err != nil {
		return err
	}
	if r.prices, r.basis, err = r.movePrices(); err != nil {
		return err
	}
	r.out = view.Moved{Verb: r.verb, Source: r.sides.source, Target: r.sides.target, Notes: append(r.out.Notes, r.ports.Notes...)}
	if r.level != "" {
		r.out.Level = levelWord(r.level)
	}
	if r.state.lone {
		r.out.Notes = append(r.out.Notes, "there is no workspace here: the state is kept in "+r.state.dir+", and no ledger")
	}
	return r.answer(ctx)
}

// choose leaves out what the patterns say, on both sides.
func (r *moving) choose() error {
	if r.filter.All() {
		return nil
	}
	mapper, err := name.New(r.settings.Names)
	if err != nil {
		return err
	}
	r.ports.Source = filter.Source(r.ports.Source, r.filter.Keeps)
	r.ports.Target = filter.Target(r.ports.Target, func(blob string) bool {
		key, ok := mapper.Key(blob)
		return !ok || r.filter.Keeps(key)
	})
	return nil
}

// answer asks each side for one page, and the queue whether it can be read, so that a name that is not there, or a
// permission that is missing, is said at once and in one line.
func (r *moving) answer(ctx context.Context) error {
	if _, err := r.ports.Source.Page(ctx, object.Range{Prefix: r.sides.sourcePrefix}, "/", ""); err != nil {
		return fault.Wrap(err, "look into the source", r.sides.source)
	}
	if _, err := r.ports.Target.Page(ctx, r.sides.targetPrefix, "/", ""); err != nil {
		return fault.Wrap(err, "look into the target", r.sides.target)
	}
	if r.o.Events != "" {
		var err error
		if r.events, err = r.Movers.Events(ctx, r.o.Events, r.sides.bucket, func(err error) { r.show.Say("%v", err) }); err != nil {
			return err
		}
	}
	return r.state.make()
}

// carryOut is a pass from its beginning, or from where an earlier process
// stopped, to its entry in the ledger.
func (r *moving) carryOut(ctx context.Context) error {
	work := r.setup.Version + " " + r.settings.Fingerprint() + " " + string(r.level)
	if r.o.Final {
		// What a pass before the fence has finished is no part of the last one.
		work += " final " + r.setup.Now().UTC().Format(time.RFC3339Nano)
	}
	release, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := r.heldByStep(); err != nil {
		return err
	}
	if r.journal, r.pass, r.out.Resumed, err = r.state.openPass(r.verb, work, journal.Options{Now: r.setup.Now}); err != nil {
		return err
	}
	defer r.journal.Close() //nolint:errcheck // each page of it is durable
	if r.o.Follow {
		// What an earlier process was told is no word to this one.
		if err := r.unfence(); err != nil {
			return err
		}
	}
	if err := r.allowed(ctx); err != nil {
		return err
	}
	r.out.Run, r.out.Began, r.began = r.pass.Run, r.pass.At, r.setup.Now()
	if err := r.begin(ctx); err != nil {
		return err
	}
	stop := r.keepHours(ctx)
	defer stop()
	err = r.onePass(ctx)
	if !r.o.Follow || err != nil && !fault.Is(err, fault.Found) {
		return err
	}
	if err != nil {
		// What cannot be moved does not keep the rest from being followed.
		r.show.Say("%v", err)
	}
	return r.follow(ctx)
}

// allowed compares what would be done with what was approved. A pass that was
// begun with the approval goes on with it: it has done a part by now.
func (r *moving) allowed(ctx context.Context) error {
	if r.o.Plan == "" || r.out.Resumed && r.pass.Plan == r.o.Plan {
		return nil
	}
	plan, err := r.plan(ctx)
	if err != nil {
		return err
	}
	if found := planFingerprint(plan); found != r.o.Plan {
		return fault.Newf(fault.Refused, "move objects: what would be done (%s) is not what was approved (%s)", found, r.o.Plan).
			Hintf("look at it once more: the same command with --dry-run")
	}
	r.pass.Plan = r.o.Plan
	return nil
}

// begin notes the pass in journal and ledger, and makes the mover.
func (r *moving) begin(ctx context.Context) error {
	folder, err := r.state.parts(r.verb, r.pass.Run)
	if err != nil {
		return err
	}
	if !r.out.Resumed {
		if err := keepPass(r.journal, r.pass); err != nil {
			return err
		}
	}
	if r.mover, err = r.newMover(folder, r.journal); err != nil {
		return err
	}
	return r.tell(ctx, r.begunKind(), map[string]any{
		"verb": r.verb, "source": r.sides.source, "target": r.sides.target, "run": r.pass.Run, "resumed": r.out.Resumed, "plan": r.pass.Plan,
		"settings": r.settings, "level": levelWord(r.level), "final": r.o.Final, "step": r.step,
	})
}

// begunKind is the entry of the ledger with which a pass begins.
func (r *moving) begunKind() string {
	if r.verb == verbVerify {
		return entryCompareBegun
	}
	return entryCopyBegun
}

// newMover makes a mover over both sides. Without a journal it keeps nothing.
func (r *moving) newMover(folder string, j move.Journal) (*objects.Mover, error) {
	ports := objects.Ports{Source: r.ports.Source, Target: r.ports.Target, Journal: j, Folder: folder, Prices: r.prices, Now: r.setup.Now, Progress: func(p move.Progress) {
		r.show.Set(p)
		if r.watch != nil {
			r.watch(p)
		}
	}}
	m, err := objects.New(ports, r.settings, r.limits)
	if err == nil {
		r.current.Store(m)
	}
	return m, err
}

// tell appends an entry to the ledger, where there is one; also when the work
// was stopped.
func (r *moving) tell(ctx context.Context, kind string, body any) error {
	if r.state.lone {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	entry, err := r.record(ctx, kind, r.sides.source+" -> "+r.sides.target, body)
	if err == nil {
		r.out.Evidence = append(r.out.Evidence, entry.Seq)
	}
	return err
}

// onePass copies or compares, writes and signs the manifest, and tells the
// ledger what it came to.
func (r *moving) onePass(ctx context.Context) error {
	paper, err := r.state.sheet(r.pass.Run, r.verb)
	if err != nil {
		return err
	}
	defer paper.drop()
	result, err := r.all(ctx, r.mover, paper.file)
	if err != nil {
		r.used(result)
		return err
	}
	return r.finish(ctx, paper, result)
}

func (r *moving) all(ctx context.Context, m *objects.Mover, to io.Writer) (objects.Result, error) {
	pass := objects.Pass{ID: r.pass.Run, Level: r.level, Run: r.pass.Run}
	if r.verb == verbVerify {
		return m.Verify(ctx, pass, to)
	}
	return m.Copy(ctx, pass, to)
}

// ended says how it ended when it did not come to its end: the state is such that
// the same command goes on.
func (r *moving) ended(ctx context.Context, err error) error {
	if err == nil || fault.Is(err, fault.Found) || r.mover == nil {
		return err
	}
	told := r.tell(ctx, entryStopped, map[string]any{"verb": r.verb, "run": r.pass.Run, "why": err.Error(), "use": r.mover.Use()})
	if told != nil {
		err = errors.Join(err, told)
	}
	if ctx.Err() != nil {
		return fault.Of(fault.Canceled, r.verb+" the objects: what is done stays done", "", nil).Hintf("the same command goes on from here")
	}
	return err
}

// movePrices are what requests and traffic cost, by estimate.
func (a *App) movePrices() (tally.Prices, string, error) {
	var c *catalog.Catalog
	var err error
	if a.Workspace != nil {
		c, _, err = a.catalogue(a.Workspace)
	} else {
		c, err = catalog.Load()
	}
	if err != nil {
		return tally.Prices{}, "", fault.Wrap(err, "load catalogue", "")
	}
	const perThousand, tenThousand = 1, 10
	price := func(resource, component string, thousands float64) float64 {
		e, _ := c.Unit(resource, component) // what has no price is counted and costs nothing
		return e.USD / thousands
	}
	const bucket, account = "aws_s3_bucket", "azurerm_storage_account"
	list := price(bucket, "PUT, COPY, POST, LIST requests", perThousand)
	return tally.Prices{
		Get: price(bucket, "GET, SELECT, and all other requests", perThousand), List: list, Restore: price(bucket, "Retrieval requests (standard)", perThousand),
		Egress: price("aws_data_transfer", "Outbound data transfer to Internet (first 10TB)", 1),
		Write:  price(account, "Write operations", tenThousand), Enumerate: price(account, "List operations", tenThousand),
		Read: price(account, "Read operations", tenThousand), Other: price(account, "All other operations", tenThousand),
	}, c.UnitBasis(), nil
}
