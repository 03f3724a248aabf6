package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func runCommand(e *env) *cobra.Command {
	var o app.RunOptions
	r := app.RehearseOptions{}
	var dry, rehearse bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "execute the approved runbook, durably, and follow it",
		Long: `Execute runbook.json exactly as it was approved ("landfall approve runbook"), and
tell what happens. The engine starts by itself on this machine, or is the cluster
that landfall.yaml names; it keeps the run, whatever happens to this command, to
the terminal or to the machine. Given again, the command attaches to the run.

Ctrl-C detaches (exit code 130): the run goes on. "landfall status" says where it
is and what it waits for; "landfall approve", "confirm", "retry", "skip", "settle",
"pause", "resume", "rollback" and "abort" speak with it, from any terminal. The
command ends when the run does: 0 for done, 20 for rolled back, 21 for aborted; or,
with --until, when everything up to that phase is done.

What each attempt began and came to is in the ledger before anything further
begins. An attempt of which nobody knows what it did is never made again blindly:
a look at both clouds or a person settles it.

--dry-run carries the runbook out in simulated time, on this machine alone: order,
waits, who is asked, and what a look at each step and gate finds today. It only
reads, and needs no approval.

--rehearse carries all of it out in the sandbox ("landfall sandbox up"), through
the real engine with the real actions. Approvals and confirmations are given by
itself, waits are shorter by --factor, nobody is told anything. What the steps took
goes into the next "landfall plan". It refuses where anything points elsewhere than
at the sandbox of the workspace. A rehearsal is no run: it opens nothing.`,
		Example: `  landfall run --dry-run
  landfall run
  landfall run --until prepare
  landfall run --detach && landfall status --watch
  eval "$(landfall sandbox env)" && landfall run --rehearse`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := together(cmd, dry, rehearse); err != nil {
				return err
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			switch {
			case dry:
				result, err := a.DryRun(cmd.Context(), o.Until)
				return e.showAnd(result, err, result.Evidence != 0)
			case rehearse:
				result, err := a.Rehearse(cmd.Context(), r, e.news)
				return e.showAnd(result, err, result.Evidence != 0)
			}
			status, err := a.Run(cmd.Context(), o, e.news)
			if err != nil {
				return err
			}
			return e.showAnd(status, app.EndOf(status), true)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Until, "until", "", "last phase to carry out: plan, prepare, execute, evaluate or decommission")
	flags.BoolVar(&o.Detach, "detach", false, "return when the run has begun")
	flags.BoolVar(&o.Resume, "resume", false, "go on with the run that was drained from another engine")
	flags.BoolVar(&dry, "dry-run", false, "say what a run would do, beginning now, and only look")
	flags.BoolVar(&rehearse, "rehearse", false, "carry all of it out in the sandbox, and measure")
	flags.Int64Var(&r.Factor, "factor", rehearsalFactor, "factor by which a rehearsal shortens waits")
	return cmd
}

// rehearsalFactor makes a month of waiting half a minute.
const rehearsalFactor = 100_000

// together refuses flags that mean different things.
func together(cmd *cobra.Command, dry, rehearse bool) error {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	switch {
	case dry && rehearse:
		return usage(cmd, fault.Newf(fault.Usage, "%s is either --dry-run or --rehearse", cmd.CommandPath()))
	case dry && (given("detach") || given("resume")):
		return usage(cmd, fault.Newf(fault.Usage, "%s --dry-run begins no run, and takes only --until beside it", cmd.CommandPath()))
	case rehearse && (given("detach") || given("resume") || given("until")):
		return usage(cmd, fault.Newf(fault.Usage, "%s --rehearse carries out all of it, and takes only --factor beside it", cmd.CommandPath()))
	case !rehearse && given("factor"):
		return usage(cmd, fault.Newf(fault.Usage, "%s --factor shortens the waits of a rehearsal: give it with --rehearse", cmd.CommandPath()))
	}
	return nil
}

// showAnd shows a result that is there, also beside an error.
func (e *env) showAnd(r view.Result, err error, there bool) error {
	if there || err == nil {
		if showErr := e.show(r); showErr != nil {
			return showErr
		}
	}
	return err
}

// news writes what happened to a run on standard error.
func (e *env) news(n view.RunNews) {
	at := n.At
	if at.IsZero() {
		at = e.Now()
	}
	for _, line := range n.Lines {
		fmt.Fprintf(e.Err, "%s  %s\n", at.Local().Format("15:04:05"), line)
	}
	if n.Trouble != "" {
		fmt.Fprintf(e.Err, "%s  %s\n", at.Local().Format("15:04:05"), n.Trouble)
	}
}

func statusCommand(e *env) *cobra.Command {
	watch := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "say where the run is and what it waits for",
		Long: `Say where the newest run is, what it waits for, and what a person says next. The
engine is started when it does not run. What each word means and what to do is in
docs/guides/run.md.

The exit code is 0 while the run is under way and when it is done, 20 when it was
rolled back, 21 when it was aborted.`,
		Example: `  landfall status
  landfall status --watch
  landfall status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			var status view.RunStatus
			if watch {
				status, err = a.WatchRun(cmd.Context(), e.news)
			} else {
				status, err = a.RunStatus(cmd.Context())
			}
			if err != nil {
				return err
			}
			return e.showAnd(status, app.EndOf(status), true)
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on telling until the run has ended")
	return cmd
}

func approveCommand(e *env) *cobra.Command {
	var fingerprint, role string
	cmd := &cobra.Command{
		Use:   "approve runbook --fingerprint F | STEP",
		Short: "give your yes to the runbook, or to a step that waits for it",
		Long: `"landfall approve runbook" is a yes to the runbook of exactly that fingerprint,
which stands at the head of runbook.md; when the runbook changes, it is void.
"landfall approve STEP" lets a step begin that waits for approval. Who approved,
and how that was proved, is in the ledger.

Where landfall.yaml asks for two persons (the default), the same person counts
once.`,
		Example: `  landfall approve runbook --fingerprint sha256:4f5c…
  landfall approve execute.cutover.go`,
		Args: oneArgument("runbook or STEP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			var approved view.Approved
			switch {
			case args[0] != "runbook":
				approved, err = a.ApproveStep(cmd.Context(), args[0], role, fingerprint)
			case fingerprint == "":
				return usage(cmd, fault.Newf(fault.Usage, "approve runbook wants the fingerprint of what was read").Hintf("it stands at the head of runbook.md"))
			default:
				approved, err = a.ApproveRunbook(cmd.Context(), fingerprint, role)
			}
			if err != nil {
				return err
			}
			return e.show(approved)
		},
	}
	cmd.Flags().StringVar(&fingerprint, "fingerprint", "", "fingerprint of the runbook that the approval is for")
	cmd.Flags().StringVar(&role, "role", "", "role in which you approve, where you have several")
	return cmd
}

// order describes a command that says something to the run under way.
type order struct {
	use, short, long string
	// step says that it takes the id of one, reason that it has to have one.
	step, reason bool
	// accept is what --accept says, "" for none.
	accept string
}

// orders are the commands that speak with a run.
func orders() []order {
	return []order{
		{use: "reject STEP", short: "refuse your yes to a step", long: "The step waits for an operator: retry asks again, rollback goes back.", step: true, reason: true},
		{use: "confirm STEP", short: "say that a step for people is done, or is taken back", long: "The reason says what was done and what proves it: a ticket, an output, a link. It goes to the ledger in your name.", step: true, reason: true},
		{use: "pause", short: "begin nothing new, and have steps under way stop where they are", long: "Steps that can go on later stop where they are; timers run on and act after landfall resume.", reason: true},
		{use: "resume", short: "go on after a pause"},
		{use: "skip STEP", short: "pass a step over, with the reason", long: "A step that decides which side takes writes or traffic is only passed over with --accept.", step: true, reason: true, accept: "the step decides which side takes writes or traffic; pass it over all the same"},
		{use: "retry STEP", short: "try a step again that waits for an operator", long: "A step of which nobody knows what it did is looked at first.", step: true, accept: "begin outside the maintenance window"},
		{use: "abort", short: "end the run and leave its effects as they are", long: "What is under way ends; nothing is taken back. The result names the steps still in effect.", reason: true},
	}
}

func orderCommand(e *env, d order) *cobra.Command {
	name, _, _ := strings.Cut(d.use, " ")
	o := app.Order{Kind: name}
	cmd := &cobra.Command{Use: d.use, Short: d.short, Long: d.long, Args: cobra.NoArgs}
	if d.step {
		cmd.Args = oneArgument("STEP")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if d.step {
			o.Step = args[0]
		}
		if d.reason && strings.TrimSpace(o.Reason) == "" {
			return usage(cmd, fault.Newf(fault.Usage, "%s wants a reason, which the ledger keeps", name).Hintf("%s --reason TEXT", strings.TrimSpace(cmd.CommandPath()+" "+o.Step)))
		}
		return e.give(cmd, o)
	}
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why; the ledger keeps it")
	if d.accept != "" {
		cmd.Flags().BoolVar(&o.Accept, "accept", false, d.accept)
	}
	return cmd
}

// give gives an order to the run and shows how it stands then.
func (e *env) give(cmd *cobra.Command, o app.Order) error {
	a, err := e.app()
	if err != nil {
		return err
	}
	status, err := a.Command(cmd.Context(), o)
	if err != nil {
		return err
	}
	return e.show(status)
}

func settleCommand(e *env) *cobra.Command {
	o := app.Order{Kind: "settle"}
	var there, absent bool
	cmd := &cobra.Command{
		Use:   "settle STEP --there | --not-there",
		Short: "say whether a step has had its effect, where nobody could tell",
		Long:  "Look at both clouds first: the run believes you. With --there the step is verified, with --not-there it may be tried again.",
		Args:  oneArgument("STEP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if there == absent || strings.TrimSpace(o.Reason) == "" {
				return usage(cmd, fault.Newf(fault.Usage, "settle wants --there or --not-there, and --reason with what was seen"))
			}
			o.Step, o.Effect = args[0], &there
			return e.give(cmd, o)
		},
	}
	cmd.Flags().BoolVar(&there, "there", false, "the effect is there")
	cmd.Flags().BoolVar(&absent, "not-there", false, "the effect is not there")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "what was seen; the ledger keeps it")
	return cmd
}

func rollbackCommand(e *env) *cobra.Command {
	o := app.Order{Kind: "rollback"}
	cmd := &cobra.Command{
		Use:   "rollback [--to STEP]",
		Short: "take back what was done, newest first",
		Long: `Take back the steps that are done, newest first, up to and with STEP, or all of
them. What is under way is asked to stop and is waited for. Behind the point of no
return going back loses something: the refusal says what, and --accept takes it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(o.Reason) == "" {
				return usage(cmd, fault.Newf(fault.Usage, "rollback wants a reason, which the ledger keeps").Hintf("landfall rollback --reason TEXT"))
			}
			return e.give(cmd, o)
		},
	}
	cmd.Flags().StringVar(&o.Step, "to", "", "step that is taken back last (default: all)")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why; the ledger keeps it")
	cmd.Flags().BoolVar(&o.Accept, "accept", false, "take the loss that going back means")
	return cmd
}

func drainCommand(e *env) *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use:   "drain",
		Short: "stop the run at a checkpoint, to go on with it in another engine",
		Long: `What is under way ends, nothing new begins, and the state of the run is kept in the
workspace. "landfall run --resume" goes on with it, approvals and timers included,
in the engine that landfall.yaml names then.`,
		Args: cobra.NoArgs,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.RunStatus, error) { return a.Drain(cmd.Context(), reason) }),
	}
	cmd.Flags().StringVar(&reason, "reason", "another engine", "why; the ledger keeps it")
	return cmd
}

func engineCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "start, stop or look at the engine that keeps runs",
		Long: `The engine keeps runs on this machine. "landfall run" starts it, and it stops by
itself when no run has been open for a while; stopping it loses nothing.`,
	}
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "say how the engine is", Args: cobra.NoArgs, RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.EngineStatus, error) { return a.EngineStatus(cmd.Context()) })},
		&cobra.Command{Use: "start", Short: "start the engine, and wait until it answers", Args: cobra.NoArgs, RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.EngineStatus, error) { return a.EngineStart(cmd.Context()) })},
		&cobra.Command{Use: "stop", Short: "stop the engine; open runs go on when it is started again", Args: cobra.NoArgs, RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.EngineStatus, error) { return a.EngineStop(cmd.Context()) })},
	)
	return cmd
}

func workerCommand(e *env) *cobra.Command {
	queue := ""
	cmd := &cobra.Command{
		Use:   "worker [--queue NAME]",
		Short: "carry out steps of runs, here or on another machine",
		Long: `Carry out steps until it is told to end. The engine keeps a worker of its own for
the workspace; more of them, near AWS or near Azure, serve the queues that
landfall.yaml names under engine.queues, on machines that have a copy of the
workspace's landfall.yaml and credentials of their own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			return a.Worker(cmd.Context(), queue)
		},
	}
	cmd.Flags().StringVar(&queue, "queue", "", "queue to serve (default: the workspace's own, which writes the ledger)")
	return cmd
}

// runCommands are all commands about runs.
func runCommands(e *env) []*cobra.Command {
	signing := []*cobra.Command{runCommand(e), approveCommand(e), settleCommand(e), rollbackCommand(e), drainCommand(e)}
	for _, d := range orders() {
		signing = append(signing, orderCommand(e, d))
	}
	for _, cmd := range signing {
		cmd.Flags().StringVar(&e.sshKey, "ssh-key", "", "file of the SSH key with which you sign, or of its public half (default: LANDFALL_SSH_KEY, then the agent)")
	}
	return append(signing, statusCommand(e), engineCommand(e), workerCommand(e), watchCommand(e))
}
