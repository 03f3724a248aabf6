package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/landfall/engine/internal/database"
	"example.com/landfall/engine/internal/server"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

// idleHours is how long an engine without an open run stays by default.
const idleHours = 0.25

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use: "landfall-engine", Short: "run the durable engine of Landfall in one folder",
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs, Version: versionText(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var dir string
	root.PersistentFlags().StringVar(&dir, "dir", "", "folder of the engine")
	folder := func(do func(cmd *cobra.Command, dir string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return fault.Newf(fault.Usage, "%s wants --dir", cmd.CommandPath()).Hintf("%s --dir FOLDER", cmd.CommandPath())
			}
			abs, err := filepath.Abs(dir)
			if err != nil {
				return fault.Wrap(err, "find folder", dir)
			}
			return do(cmd, abs)
		}
	}
	root.AddCommand(
		serveCommand(s, folder), statusCommand(s, folder), backupCommand(s, folder), unitCommand(s, folder),
		&cobra.Command{Use: "stop", Short: "end the engine of the folder; open runs go on when it is started again", Args: cobra.NoArgs,
			RunE: folder(func(cmd *cobra.Command, dir string) error {
				stopped, err := host.Stop(cmd.Context(), dir)
				if err != nil {
					return err
				}
				return say(s.out, map[bool]string{true: "stopped\n", false: "it was not running\n"}[stopped])
			})},
		&cobra.Command{Use: "rotate", Short: "seal payloads with a new key from now on; older ones stay readable", Args: cobra.NoArgs,
			RunE: folder(func(_ *cobra.Command, dir string) error {
				id, err := rotate(dir, s.env)
				if err != nil {
					return err
				}
				return say(s.out, fmt.Sprintf("sealing with %s; keep a copy of %s: without it no run can be read\n", id, filepath.Join(dir, host.FileKeyring)))
			})},
		&cobra.Command{Use: "version", Short: "print the versions of the engine, the server inside and its schema", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return say(s.out, "landfall-engine "+versionText()+"\n") }},
	)
	return root
}

func versionText() string {
	return fmt.Sprintf("%s (Temporal server %s, schema %s, %s)", version, server.Version(), database.Schema(), runtime.Version())
}

func say(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return fault.Wrap(err, "write result", "")
}

// folderCommand makes the body of a command that works on a folder.
type folderCommand func(func(cmd *cobra.Command, dir string) error) func(*cobra.Command, []string) error

func serveCommand(s streams, folder folderCommand) *cobra.Command {
	var hours float64
	var limits, worker, workerArgs []string
	cmd := &cobra.Command{
		Use: "serve", Short: "serve the folder until a signal comes or no run is open", Args: cobra.NoArgs,
		Long: `Serve the folder until a signal comes or no run has been open for --hours.

The folder is made when it is not there, and belongs to its user alone. Where
the engine answers stands in its file address.json as long as it does.

--limit is for tests, which meet a limit of the server in seconds when it is
lowered. Never set one for a real run: a history that grows over the limit
of its size ends the run at once, and nothing is rolled back. The limits are:
  ` + strings.Join(server.LimitNames(), "\n  "),
		RunE: folder(func(cmd *cobra.Command, dir string) error {
			parsed, err := server.ParseLimits(limits)
			if err != nil {
				return err
			}
			if !(hours >= 0 && hours <= 24*365) { // NaN is neither
				return fault.Newf(fault.Usage, "--hours %v is not between 0 and %d", hours, 24*365)
			}
			e := &engine{
				dir: dir, idle: time.Duration(hours * float64(time.Hour)), limits: parsed,
				env: s.env, version: version, now: time.Now, out: s.out, worker: append(worker, workerArgs...),
				exit: func(text string) {
					complain(s.err, fault.Newf(fault.Unavailable, "serve %q: %s", dir, text))
					os.Exit(fault.ExitCode(fault.Newf(fault.Unavailable, "")))
				},
			}
			return e.serve(cmd.Context())
		}),
	}
	cmd.Flags().Float64Var(&hours, "hours", idleHours, "end after so many hours without an open run; 0 means never")
	cmd.Flags().StringArrayVar(&worker, "worker", nil, "program that carries out steps; it is kept running beside the server")
	cmd.Flags().StringArrayVar(&workerArgs, "worker-arg", nil, "argument of that program; may be repeated")
	cmd.Flags().StringArrayVar(&limits, "limit", nil, "NAME=VALUE of a lowered limit, for tests; may be repeated")
	return cmd
}

func statusCommand(s streams, folder folderCommand) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "say whether the engine of the folder runs, and how large it is", Args: cobra.NoArgs,
		RunE: folder(func(cmd *cobra.Command, dir string) error {
			status, err := host.StatusOf(cmd.Context(), dir, s.env)
			if err != nil {
				return err
			}
			if !asJSON {
				return say(s.out, statusText(status))
			}
			data, err := json.MarshalIndent(status, "", "  ")
			if err != nil {
				return fault.Of(fault.Internal, "write status", "", err)
			}
			return say(s.out, string(data)+"\n")
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func statusText(s host.Status) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s "+format+"\n", append([]any{name}, args...)...)
	}
	line("engine", "%s", s.State)
	line("folder", "%s", s.Dir)
	if s.PID != 0 {
		line("process", "%d", s.PID)
	}
	if s.MemoryBytes != 0 {
		line("memory", "%.0f MiB", float64(s.MemoryBytes)/(1<<20))
	}
	if s.Address.Address != "" {
		line("address", "%s", s.Address.Address)
		line("namespace", "%s", s.Address.Namespace)
		line("version", "%s (Temporal server %s, schema %s)", s.Address.Version, s.Address.Server, s.Address.Schema)
		line("started", "%s", s.Address.Started.Format(time.RFC3339))
	}
	for _, f := range s.Files {
		line(f.Name, "%.1f KiB", float64(f.SizeBytes)/1024)
	}
	return b.String()
}

func backupCommand(s streams, folder folderCommand) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "backup", Short: "copy the store into a new file, also while the engine runs", Args: cobra.NoArgs,
		Long: `Copy the store, as of one instant, into a new file; the engine may run.

The copy holds the runs, sealed. To read it, the folder's keyring.json is
needed as well: keep a copy of that too, and not in the same place.`,
		RunE: folder(func(cmd *cobra.Command, dir string) error {
			if to == "" {
				return fault.Newf(fault.Usage, "%s wants --to", cmd.CommandPath()).Hintf("%s --dir FOLDER --to FILE", cmd.CommandPath())
			}
			if err := database.Backup(cmd.Context(), filepath.Join(dir, host.FileStore), to); err != nil {
				return err
			}
			return say(s.out, fmt.Sprintf("wrote %s; it can be read with %s only\n", to, filepath.Join(dir, host.FileKeyring)))
		}),
	}
	cmd.Flags().StringVar(&to, "to", "", "file to write; it must not be there yet")
	return cmd
}
