package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
)

func sandboxCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "both clouds on this machine, with a sample workload in them",
		Long: `Both clouds on this machine: AWS and Azure stand-ins, two PostgreSQL servers, a
name server, and the sample workload "bookshop" running on the AWS side with two
weeks of history. Everything listens on loopback and keeps its state in the
workspace's .landfall folder. What the stand-ins cannot do stands in
docs/coverage.md.`,
	}
	cmd.AddCommand(sandboxUpCommand(e), sandboxStatusCommand(e), sandboxEnvCommand(e), sandboxDownCommand(e), sandboxSetupCommand(e), sandboxServeCommand(e))
	return cmd
}

// showing runs a verb that returns a result, and shows it.
func showing[R view.Result](e *env, run func(cmd *cobra.Command, a *app.App) (R, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		a, err := e.app()
		if err != nil {
			return err
		}
		result, err := run(cmd, a)
		if err != nil {
			return err
		}
		return e.show(result)
	}
}

func sandboxUpCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "bring the sandbox up, and wait until it is ready",
		Long: `Bring the sandbox of this workspace up and wait until it is ready. Running it
again is harmless. Ctrl-C ends the wait, not the sandbox. What a killed sandbox
left is cleared away first.

Sizes are in landfall.yaml under "sandbox". With LANDFALL_AZURE_TYPES naming a
file of Azure type definitions, every ARM body is checked against them.`,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.SandboxStatus, error) {
			return a.SandboxUp(cmd.Context(), e.progress())
		}),
	}
}

func sandboxStatusCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "tell what runs, where it listens, and where its logs are",
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.SandboxStatus, error) {
			return a.SandboxStatus(cmd.Context())
		}),
	}
}

func sandboxEnvCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "print the variables that point SDKs and tools at the sandbox",
		Long: `Print the variables that point the AWS and Azure SDKs, the aws command, psql and
Landfall itself at the sandbox, as statements for a POSIX shell:

  eval "$(landfall sandbox env)"

The secrets among them open nothing but this sandbox.`,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.SandboxEnv, error) {
			return a.SandboxEnv(cmd.Context())
		}),
	}
}

func sandboxDownCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "end the sandbox; nothing of it keeps running, even after a crash",
		Long: `End the sandbox of this workspace, whatever state it is in: afterwards none of
its processes runs and its data is gone; its logs stay. When nothing ran, that
is a success.`,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.SandboxDown, error) {
			return a.SandboxDown(cmd.Context())
		}),
	}
}

func sandboxSetupCommand(e *env) *cobra.Command {
	var withTests bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "install the tools that the sandbox needs and that are missing",
		Long: `Install what is missing of: moto (AWS control plane; a Python venv), Azurite
(Azure Storage; npm), versitygw (S3; go install), PostgreSQL (apt-get, as root
on Debian). Everything but PostgreSQL goes into one cache folder, in pinned
versions. Quick when all is there; safe to interrupt and to run twice at once.`,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.SandboxTools, error) {
			progress := e.progress()
			return a.SandboxSetup(cmd.Context(), withTests, func(line string) { progress.Say("%s", line) })
		}),
	}
	cmd.Flags().BoolVar(&withTests, "tests", false, "also install what only the test suite needs (the aws command)")
	return cmd
}

// sandboxServeCommand is the supervisor, started by "up".
func sandboxServeCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:    "serve",
		Short:  "run the sandbox's supervisor in the foreground",
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			return a.SandboxServe(cmd.Context())
		},
	}
}
