package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"example.com/landfall/engine/internal/certs"
	"example.com/landfall/engine/internal/database"
	"example.com/landfall/engine/internal/logfile"
	"example.com/landfall/engine/internal/server"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

const (
	// logBytes bounds the log file; one older file of the size is kept.
	logBytes = 8 << 20
	// readyWithin bounds the time from the start of the services until they
	// answer.
	readyWithin = 60 * time.Second
	// stopWithin bounds the stop of the services; what is left then ends with
	// the process.
	stopWithin = 20 * time.Second
	// renewEvery is how often the certificates are looked at.
	renewEvery = 12 * time.Hour
)

// engine is one process that serves a folder.
type engine struct {
	dir     string
	idle    time.Duration
	limits  server.Limits
	env     host.Getenv
	version string
	now     func() time.Time
	// out hears where the engine answers; it may be a terminal.
	out io.Writer
	// worker is the command of the worker that is kept beside the server, empty
	// for none.
	worker []string
	// exit ends the process when the server cannot go on.
	exit func(text string)

	log *slog.Logger
	// serverLog is log for the server and the SDK, from serverLevel on.
	serverLog   *slog.Logger
	serverLevel slog.LevelVar
	tls         *certs.Provider
}

func (e *engine) path(name string) string { return filepath.Join(e.dir, name) }

// serve runs the engine until ctx ends or no run has been open for the idle
// time. Both are no error.
func (e *engine) serve(ctx context.Context) error {
	if err := e.ownFolder(); err != nil {
		return err
	}
	release, err := host.Lock(e.dir)
	if err != nil {
		return err
	}
	defer release()
	file, err := logfile.Open(e.path(host.FileLog), logBytes)
	if err != nil {
		return err
	}
	defer file.Close()
	// The server says at the level of information what each of its parts does;
	// only trouble is worth the space.
	e.serverLevel.Set(slog.LevelWarn)
	e.log = slog.New(slog.NewJSONHandler(file, nil))
	e.serverLog = slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: &e.serverLevel}))
	if err := e.prepare(ctx); err != nil {
		e.log.Error("cannot serve", slog.Any("error", err))
		return err
	}
	if err := e.run(ctx); err != nil {
		e.log.Error("ended", slog.Any("error", err))
		return err
	}
	return nil
}

// ownFolder makes the folder, or takes it back from others who could read it.
func (e *engine) ownFolder() error {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return fault.Wrap(err, "make the engine's folder", e.dir)
	}
	return fault.Wrap(os.Chmod(e.dir, 0o700), "close the engine's folder to others", e.dir)
}

// prepare brings all files into the form that the server needs.
func (e *engine) prepare(ctx context.Context) error {
	// Left by an engine that was killed.
	if err := os.Remove(e.path(host.FileAddress)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "remove the old address", e.path(host.FileAddress))
	}
	if err := ensureKeyring(e.dir, e.env); err != nil {
		return err
	}
	made, err := certs.Ensure(e.dir, e.now())
	if err != nil {
		return err
	}
	if len(made) > 0 {
		e.log.Info("made certificates", slog.String("files", strings.Join(made, ", ")))
	}
	if e.tls, err = certs.Load(e.dir); err != nil {
		return err
	}
	if err := database.PrepareStore(ctx, e.path(host.FileStore), e.log); err != nil {
		return err
	}
	remade, err := database.PrepareVisibility(ctx, e.path(host.FileVisibility))
	if remade {
		e.log.Info("made the list of runs anew; open runs are known from the store")
	}
	return err
}

// run starts the server, waits, and stops it.
func (e *engine) run(ctx context.Context) error {
	begin := e.now()
	ports, err := server.ChoosePorts(e.dir)
	if err != nil {
		return err
	}
	s, err := server.Start(server.Options{
		Store: e.path(host.FileStore), Visibility: e.path(host.FileVisibility), Ports: ports, TLS: e.tls, Limits: e.limits,
		Log: logfile.NewBridge(e.serverLog, e.exit),
	})
	if err != nil {
		return err
	}
	err = e.attend(ctx, s, begin)
	// Services that end one after the other warn that they miss each other.
	e.serverLevel.Set(slog.LevelError)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err = errors.Join(err, s.Stop(stopping))
	if checkpointErr := database.Checkpoint(e.path(host.FileStore)); checkpointErr != nil {
		e.log.Warn("the write-ahead log stays beside the store", slog.Any("error", checkpointErr))
	}
	e.log.Info("stopped")
	return err
}

// attend is what happens between the start and the stop of the server.
func (e *engine) attend(ctx context.Context, s *server.Server, begin time.Time) error {
	address := host.Address{
		Address: s.Address(), Namespace: host.Namespace, PID: os.Getpid(), Version: e.version,
		Server: server.Version(), Schema: database.Schema(), Started: begin.UTC().Truncate(time.Second),
	}
	c, err := e.connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := host.WriteAddress(e.dir, address); err != nil {
		return err
	}
	// Nobody shall attach to an engine that is about to end.
	defer os.Remove(e.path(host.FileAddress))
	defer keeper{e.worker, e.dir, e.log}.keep(ctx)()
	fmt.Fprintf(e.out, "serving %s at %s\n", e.dir, address.Address)
	e.log.Info("answers", slog.String("address", address.Address), slog.String("after", e.now().Sub(begin).String()), slog.Int("limits", len(e.limits)))
	return e.wait(ctx, c)
}

// connect asks the server until it answers, as any client would.
func (e *engine) connect(ctx context.Context, a host.Address) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	config := host.Local(e.dir, a, e.env)
	config.Log = e.serverLog
	config.Identity = "landfall-engine"
	for {
		c, err := host.Dial(ctx, config)
		if err == nil {
			return c, nil
		}
		if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// wait returns when ctx ends or the engine has been idle for long enough.
func (e *engine) wait(ctx context.Context, c client.Client) error {
	watch, err := e.newIdleWatch(ctx, c)
	if err != nil {
		return err
	}
	look, renew := time.NewTicker(watch.every()), time.NewTicker(renewEvery)
	defer look.Stop()
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			e.log.Info("asked to stop")
			return nil
		case <-look.C:
			if e.idle > 0 && watch.over(ctx, e.now()) {
				e.log.Info("stop: no run was open", slog.String("for", e.idle.String()))
				return nil
			}
		case <-renew.C:
			made, err := e.tls.Renew(e.now())
			if err != nil {
				e.log.Error("cannot renew certificates", slog.Any("error", err))
			} else if len(made) > 0 {
				e.log.Info("renewed certificates", slog.String("files", strings.Join(made, ", ")))
			}
		}
	}
}

func (e *engine) newIdleWatch(ctx context.Context, c client.Client) (*idleWatch, error) {
	described, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: host.Namespace})
	if err != nil {
		return nil, fault.Of(fault.Unavailable, "describe namespace", host.Namespace, err)
	}
	return &idleWatch{
		after: e.idle, since: e.now(), log: e.log,
		listed: func(ctx context.Context) (open, all int64, err error) { return countListed(ctx, c) },
		stored: func(ctx context.Context) (int, error) {
			return database.OpenRuns(ctx, e.path(host.FileStore), described.GetNamespaceInfo().GetId())
		},
	}, nil
}
