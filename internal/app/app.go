package app

import (
	"context"
	"log/slog"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/target"
)

// Setup is what the command line knows before anything is built.
type Setup struct {
	// Dir is the working directory; Workspace the folder that the user named,
	// or "" to look for one upwards from Dir.
	Dir, Workspace string
	// Exe is the path of the running program.
	Exe string
	// Flags are the configuration flags that were given, by flag name.
	Flags map[string]string
	// Getenv reads one environment variable.
	Getenv func(string) (string, bool)
	// Log is where the program talks about itself.
	Log *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// Version is what the build says of itself.
	Version string
	// User is the user of this machine; the ledger names it as the actor.
	User string
	// SSHKey is the file of the key with which the person signs, "" for the one of
	// the environment or of the agent.
	SSHKey string
	// Environ is the process's environment, for children of the sandbox.
	Environ []string
}

// log is where the program talks about itself, also where nobody said.
func (s Setup) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// Parts is what wire builds for the application. Config and Workspace are nil
// when there is none: the verbs that need one say so.
type Parts struct {
	Config    *config.Config
	Workspace *store.Workspace
	// WorkspaceErr says why there is no workspace or configuration.
	WorkspaceErr error
	// Access is the configuration that Source and Target were built from: that
	// of the workspace, or flags, environment and defaults where there is none.
	Access *config.Config
	// Source and Target are the access ports; SourceErr and TargetErr say why
	// there is none.
	Source    source.Access
	SourceErr error
	Target    target.Access
	TargetErr error
	// Readers build what an assessment reads with.
	Readers Readers
	// Engines is what carries runs out.
	Engines Engines
	// Movers build what carries data.
	Movers Movers
	// Leaders build what leads users.
	Leaders Leaders
	// Proxies build what stands before both sides.
	Proxies Proxies
	// Resolvers ("192.0.2.1:53") are asked for names as users' are.
	Resolvers []string
	// NamesPort is the port of authoritative name servers.
	NamesPort string
	// Facts measure what gates and triggers are about, by source.
	Facts map[string]action.FactSource
	// Tell sends messages to people; nil sends none.
	Tell Telling
	// Identify says who is speaking, with proof; nil means the local user.
	Identify func(ctx context.Context, statement string) (Identity, error)
	// Judge says what the proof of a person's word is worth, offline, with the
	// content of a signers file: "signed", "reported" or "unproved". One that does
	// not hold is fault.Found.
	Judge func(c Claim, signers []byte) (string, error)
	// RoleOf is the role that landfall.yaml gives a person, "" for none.
	RoleOf func(by string) string
	// CacheDir holds downloads and tools; CacheErr says why it is not known.
	CacheDir string
	CacheErr error
}

// App is the verbs, on the parts they need.
type App struct {
	setup Setup
	Parts
	// Actions carry out steps, by kind.
	Actions action.Registry
}

// New returns the application.
func New(setup Setup, parts Parts) *App {
	a := &App{setup: setup, Parts: parts}
	a.Actions, a.Facts = a.actions(), a.facts(parts.Facts)
	return a
}

// need returns the workspace, or why there is none.
func (a *App) need() (*store.Workspace, error) {
	if a.WorkspaceErr != nil {
		return nil, a.WorkspaceErr
	}
	if a.Workspace == nil {
		return nil, fault.Newf(fault.NotFound, "no workspace here").Hintf("landfall init NAME")
	}
	return a.Workspace, nil
}

// folder returns the workspace even when its landfall.yaml cannot be read:
// what runs there must be stoppable, and what is recorded there readable, all
// the same.
func (a *App) folder() (*store.Workspace, error) {
	switch {
	case a.Workspace != nil:
		return a.Workspace, nil
	case a.setup.Workspace != "":
		return store.Open(a.setup.Workspace)
	}
	return store.Find(a.setup.Dir)
}

// root returns the path of the workspace's folder; see folder.
func (a *App) root() (string, error) {
	w, err := a.folder()
	if err != nil {
		return "", err
	}
	return w.Root(), nil
}

// workload returns the name of the workload, "" when landfall.yaml cannot be
// read.
func (a *App) workload() string {
	if a.Config == nil {
		return ""
	}
	return a.Config.Workload.Name
}
