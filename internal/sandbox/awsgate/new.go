package awsgate

import (
	"context"
	"os"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/faultplan"
	"example.com/landfall/internal/sandbox/awsgate/metrics"
	"example.com/landfall/internal/sandbox/awsgate/nodes"
	"example.com/landfall/internal/sandbox/awsgate/objects"
	"example.com/landfall/internal/sandbox/awsgate/recorder"
	"example.com/landfall/internal/sandbox/awsgate/trail"
)

// Streams of the seed: each kind of id has its own.
const (
	requestStream = 1
	eventStream   = 2
)

// New returns a gate, which delivers trails from now on until Close.
func New(o Options) (*Gate, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	table, err := awsapi.NewTable()
	if err != nil {
		return nil, err
	}
	g := &Gate{
		options: o, table: table, parser: awsapi.NewParser(table, o.Region, o.Now), identity: newIdentities(o.Account, o.AdminKey),
		plan: faultplan.New(o.Seed), upstream: newForwarder(o.Upstream, o.Log),
		requestID: newIDs(o.Seed, requestStream), slots: make(chan struct{}, maxInFlight),
	}
	if o.ObjectStore != nil {
		g.objects, err = objects.New(objects.Options{Store: o.ObjectStore, Key: o.ObjectKey, Secret: o.ObjectSecret,
			Account: o.Account, Region: o.Region, Control: g.upstream.roundTrip, Transport: newTransport(), Now: o.Now, Log: o.Log})
		if err != nil {
			return nil, err
		}
	}
	if g.trail, err = g.newTrail(); err != nil {
		return nil, err
	}
	measured := metrics.New(metrics.Options{Account: o.Account, Region: o.Region, Now: o.Now, Log: o.Log})
	inventory := nodes.New(nodes.Options{Now: o.Now, Log: o.Log})
	g.recorder = recorder.New(recorder.Options{Upstream: o.Upstream, Account: o.Account, Region: o.Region, Now: o.Now, Log: o.Log})
	g.services = []awsapi.Service{g.trail, g.recorder, measured, inventory}
	g.observers = []awsapi.Observer{g.trail, g.recorder}
	g.admin = g.adminHandler(measured, inventory)
	g.start()
	return g, nil
}

func (g *Gate) newTrail() (*trail.Trail, error) {
	folder, temporary := g.options.Dir, false
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "landfall-trail-"); err != nil {
			return nil, fault.Of(fault.Storage, "make folder for the trail", "", err)
		}
		temporary = true
	}
	return trail.New(trail.Options{
		Dir: folder, Temporary: temporary, Account: g.options.Account, Region: g.options.Region,
		LimitLookups: !g.options.UnlimitedLookups, Ask: g.ask, Put: g.put,
		NewIDs: func(generation uint64) func() string { return newIDs(g.options.Seed, eventStream+generation<<8) },
		Now:    g.options.Now, Log: g.options.Log,
	})
}

// start runs the deliveries.
func (g *Gate) start() {
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.running.Go(func() {
		ticker := time.NewTicker(g.options.DeliverEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				g.deliver(ctx)
			}
		}
	})
}

// deliverFor bounds one delivery. Close does not break it off, because a file
// half written would be lost.
const deliverFor = time.Minute

func (g *Gate) deliver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliverFor)
	defer cancel()
	if err := g.trail.Deliver(ctx); err != nil {
		g.options.Log.Error("deliver trail", "error", err)
	}
}
