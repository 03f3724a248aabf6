package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

const about = `Landfall carries one workload from AWS to Azure through five phases (plan,
prepare, execute, evaluate, decommission) and proves every claim it makes.

Start with "landfall init NAME" for a workload of your own, or with
"landfall demo", which needs no cloud account.`

func rootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "landfall",
		Short:         "carry one workload from AWS to Azure, and prove it",
		Long:          about,
		Version:       e.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(usage)
	flags := root.PersistentFlags()
	flags.StringVarP(&e.workspace, "workspace", "w", "", "folder of the workspace (default: the nearest parent with a landfall.yaml)")
	flags.BoolVar(&e.json, "json", false, "print the result as JSON")
	flags.StringVar(&e.logLevel, "log-level", "warn", "how much to log on standard error: debug, info, warn or error")
	e.settings = flags
	for _, key := range config.Keys() {
		if key.Flag == "" {
			continue
		}
		// Two dozen flags in each help text would hide the command's own;
		// "landfall config --help" lists them.
		flags.String(key.Flag, "", key.Doc)
		_ = flags.MarkHidden(key.Flag) // the flag was added the line before
	}

	root.AddCommand(
		initCommand(e), configCommand(e), doctorCommand(e), assessCommand(e), diffCommand(e), graphCommand(e), probeCommand(e), residualCommand(e),
		designCommand(e), explainCommand(e), runbookCommand(e), iacCommand(e), deployCommand(e), connectionsCommand(e), moveCommand(e), verifyCommand(e), catalogCommand(e), ledgerCommand(e), proxyCommand(e),
		sandboxCommand(e), demoCommand(e), exitCodesTopic(), environmentTopic(),
	)
	root.AddCommand(runCommands(e)...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	eachCommand(root, strict)
	return root
}

// strict makes a command refuse what it does not understand, with an error of
// kind Usage. The library's own commands and topics would print help and call
// that a success.
func strict(cmd *cobra.Command) {
	switch {
	case cmd.Name() == "help" && cmd.Parent() == cmd.Root():
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			at := cmd.Root()
			for _, word := range args {
				next, rest, err := at.Find([]string{word})
				if err != nil || len(rest) > 0 || next == at {
					return subcommand(at, []string{word})
				}
				at = next
			}
			return nil
		}
	case cmd.HasSubCommands():
		cmd.Args = subcommand
		if cmd.RunE == nil {
			cmd.RunE, cmd.Run = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, nil
		}
	case cmd.Args == nil || cmd.Parent().Name() == "completion":
		cmd.Args = noArguments
	}
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, child := range cmd.Commands() {
		eachCommand(child, do)
	}
}

// noArguments refuses positional arguments: a stray word is more often a
// forgotten flag name than something to ignore.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fault.Newf(fault.Usage, "%s takes no argument, got %q", cmd.CommandPath(), args[0]).
			Hintf("%s --help", cmd.CommandPath()))
	}
	return nil
}

// oneArgument wants exactly one positional argument, called name in the text.
func oneArgument(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return fault.Newf(fault.Usage, "%s wants one argument, %s; got %d", cmd.CommandPath(), name, len(args)).
			Hintf("%s --help", cmd.CommandPath())
	}
}

// subcommand refuses a word that is no subcommand, and names the nearest.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fault.Newf(fault.Usage, "%s has no command %q", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2 // the library's own default for this
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return err.Hintf("did you mean %q?", cmd.CommandPath()+" "+strings.Join(near, " or "))
	}
	return err.Hintf("%s --help", cmd.CommandPath())
}
