package wire

import (
	"context"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/approve"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/aws"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/target/azure"
)

// Build makes the application. A missing workspace, a broken configuration and
// a driver that cannot be built are not errors here: the verbs that need them
// say so, and the others work without.
func Build(s app.Setup) (*app.App, error) {
	parts := app.Parts{Judge: judge, Proxies: proxies(s)}
	parts.CacheDir, parts.CacheErr = tools.CacheDir(func(name string) string { v, _ := s.Getenv(name); return v })
	parts.Workspace, parts.Config, parts.WorkspaceErr = workspace(s)
	var err error
	if parts.Access = parts.Config; parts.Access == nil {
		// Without a workspace the drivers follow flags, environment and
		// defaults, so that the doctor can be asked before there is one.
		parts.Access, err = config.Load(config.Input{Path: config.FileName, Data: []byte("schemaVersion: 1\nworkload: {name: none}\n"), Getenv: s.Getenv, Flags: s.Flags})
	}
	if err != nil {
		parts.SourceErr, parts.TargetErr = err, err
		return app.New(s, parts), nil
	}
	parts.Readers = readers(s, parts.Access)
	parts.Source, parts.SourceErr = sourceAccess(parts.Access)
	parts.Target, parts.TargetErr = targetAccess(parts.Access)
	parts.Engines = engines(s, parts.Access, parts.CacheDir)
	parts.Movers = movers(s, parts.Access)
	parts.Leaders = leaders(parts.Access)
	parts.Resolvers, parts.NamesPort = nameServers(parts.Access)
	if parts.Config != nil {
		parts.Identify, parts.Tell = identify(s, parts.Config), telling(s, parts.Config, parts.Workspace)
		roles := parts.Config.Approvals.Roles
		parts.RoleOf = func(by string) string { return approve.RoleOf(roles, by) }
	}
	return app.New(s, parts), nil
}

// workspace finds and loads what the user named or stands in.
func workspace(s app.Setup) (*store.Workspace, *config.Config, error) {
	var w *store.Workspace
	var err error
	if s.Workspace != "" {
		w, err = store.Open(s.Workspace)
	} else {
		w, err = store.Find(s.Dir)
	}
	if err != nil {
		if fault.Is(err, fault.NotFound) && fault.HintOf(err) == "" {
			err = fault.Of(fault.NotFound, "", "", err).Hintf("landfall init NAME")
		}
		return nil, nil, err
	}
	c, err := config.Load(config.Input{Path: w.ConfigPath(), Getenv: s.Getenv, Flags: s.Flags})
	if err != nil {
		return nil, nil, err
	}
	return w, c, nil
}

func sourceAccess(c *config.Config) (source.Access, error) {
	sdk, err := aws.SDK(context.Background(), settings(c))
	if err != nil {
		return nil, err
	}
	return aws.NewAccess(sdk), nil
}

func targetAccess(c *config.Config) (target.Access, error) {
	access, err := azure.NewAccess(azureSettings(c))
	if err != nil {
		return nil, err // and no typed nil in the port
	}
	return access, nil
}

func azureSettings(c *config.Config) azure.Settings {
	return azure.Settings{
		Subscription: string(c.Target.Subscription), Tenant: c.Target.Tenant,
		Endpoint: c.Target.Endpoint, Authority: c.Target.Authority, CAFile: c.Target.CAFile,
	}
}

// deployer builds the deployer for a subscription.
func deployer(s app.Setup, c *config.Config, subscription cloud.Account) (target.Deployer, error) {
	settings := azureSettings(c)
	settings.Subscription = string(subscription)
	d, err := azure.NewDeployer(settings, azure.DeployOptions{Now: s.Now})
	if err != nil {
		return nil, err // and no typed nil in the port
	}
	return d, nil
}

// targetFacts builds the reader of what Azure offers.
func targetFacts(c *config.Config) (target.Facts, error) {
	f, err := azure.NewFacts(azureSettings(c), c.Target.PricesEndpoint)
	if err != nil {
		return nil, err // and no typed nil in the port
	}
	return f, nil
}
