package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"example.com/landfall/examples/bookshop/internal/accesslog"
	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/open"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/examples/bookshop/internal/web"
	"example.com/landfall/examples/bookshop/internal/worker"
)

// stopTime bounds how long requests that are under way may take to finish.
const stopTime = 20 * time.Second

func serve(ctx context.Context, env Env, args []string) error {
	set := flags(env, "serve")
	alone := set.Bool("no-worker", false, "do not fulfil orders in this process")
	if err := parse(set, args); err != nil {
		return err
	}
	cfg, err := settings(env, "BOOKSHOP_DATABASE_URL", "BOOKSHOP_BLOBS", "BOOKSHOP_QUEUE")
	if err != nil {
		return err
	}
	p, err := newParts(ctx, env, cfg)
	if err != nil {
		return err
	}
	defer p.store.Close()
	blobs, err := open.Blobs(ctx, cfg)
	if err != nil {
		return err
	}
	access, err := accesslog.Open(cfg.AccessLog)
	if err != nil {
		return err
	}
	orders := p.worker()
	server, err := web.New(web.Options{
		Store: p.store, Blobs: blobs, Queue: p.queue, Metrics: p.metrics, AccessLog: access,
		Instance: cfg.Instance, Log: p.log, Now: env.Now, Ordered: orders.Nudge,
	})
	if err != nil {
		return errors.Join(err, access.Close())
	}
	// The worker ends after the last request, so that orders accepted while
	// draining are still sent on by this process.
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	var background sync.WaitGroup
	if !*alone {
		background.Go(func() { orders.Run(working) })
	}
	err = p.listen(ctx, server, func() { server.Drain(); pause(cfg.Drain) })
	stopWorking()
	background.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	server.Close(closing)
	return errors.Join(err, access.Close())
}

func work(ctx context.Context, env Env, args []string) error {
	if err := parse(flags(env, "worker"), args); err != nil {
		return err
	}
	cfg, err := settings(env, "BOOKSHOP_DATABASE_URL", "BOOKSHOP_QUEUE")
	if err != nil {
		return err
	}
	p, err := newParts(ctx, env, cfg)
	if err != nil {
		return err
	}
	defer p.store.Close()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	var background sync.WaitGroup
	working, stopWorking := context.WithCancel(ctx)
	defer stopWorking()
	background.Go(func() { p.worker().Run(working) })
	err = p.listen(ctx, mux, func() {})
	stopWorking()
	background.Wait()
	return err
}

// parts are what serve and worker have in common.
type parts struct {
	env     Env
	cfg     config.Config
	log     *slog.Logger
	store   *store.Store
	queue   queue.Queue
	metrics *metrics.Set
}

func newParts(ctx context.Context, env Env, cfg config.Config) (*parts, error) {
	p := &parts{env: env, cfg: cfg, log: logger(env), metrics: metrics.New(cfg.Instance)}
	var err error
	if p.queue, err = open.Queue(ctx, cfg); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Instance: cfg.Instance}); err != nil {
		return nil, err
	}
	p.metrics.Gauge("bookshop_outbox_letters", "Accepted orders that wait for fulfilment; -1 when the database does not say.", func() float64 {
		asking, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		owed, err := p.store.Owed(asking)
		if err != nil {
			return -1
		}
		return float64(owed)
	})
	return p, nil
}

func (p *parts) worker() *worker.Worker {
	return worker.New(worker.Options{Store: p.store, Queue: p.queue, Metrics: p.metrics, Log: p.log, Now: p.env.Now})
}

// listen serves until ctx is done, calls drain, and lets the requests that are
// under way finish.
func (p *parts) listen(ctx context.Context, handler http.Handler, drain func()) error {
	listener, err := net.Listen("tcp", p.cfg.Listen)
	if err != nil {
		return trouble.Of(trouble.Conflict, "listen on", p.cfg.Listen, err)
	}
	server := web.HTTPServer(handler, p.log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	p.log.Info("listening", "address", listener.Addr().String(), "instance", p.cfg.Instance)
	select {
	case err := <-failed:
		return trouble.Of(trouble.Internal, "serve", p.cfg.Listen, err)
	case <-ctx.Done():
	}
	p.log.Info("draining")
	drain()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return trouble.Of(trouble.Unavailable, "finish the requests under way", p.cfg.Listen, errors.Join(err, server.Close()))
	}
	p.log.Info("stopped")
	return nil
}

func pause(d time.Duration) { <-time.After(d) }
