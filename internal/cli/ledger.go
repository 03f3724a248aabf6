package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
)

func ledgerCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "read and check the record of what was decided, approved, done and measured",
	}
	cmd.AddCommand(ledgerVerifyCommand(e), ledgerListCommand(e), ledgerExportCommand(e))
	return cmd
}

func ledgerVerifyCommand(e *env) *cobra.Command {
	var o app.LedgerOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "find any changed, missing, inserted or reordered entry, and any word that nobody has said",
		Long: `Read the whole ledger and find any changed, missing, inserted or reordered
entry. With --head, also prove that nothing after that head was cut off; a head
is what an earlier verify printed, kept where nobody who can write the ledger
could change it. Works on copies and exports too, without a workspace.

What people have said (approvals, confirmations, rollbacks and all the rest) is
checked as well, offline: a signature against the signers file that the entry
names, a token by what is kept of it, and each against what its entry says. The
signers files are that of landfall.yaml, the copies that the workspace keeps, and
those of --signers: take them from version control.

The exit code is 1 when something is wrong. Nothing is changed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.File != "" && o.Export != "" {
				return fault.Newf(fault.Usage, "--file and --export exclude each other").Hintf("%s --help", cmd.CommandPath())
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			verdict, err := a.LedgerCheck(cmd.Context(), o)
			if verdict.Intact || verdict.Problem != "" {
				if showErr := e.show(verdict); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&o.File, "file", "", "a ledger, or a copy of one (default: the workspace's)")
	cmd.Flags().StringVar(&o.Export, "export", "", "an exported ledger to check instead")
	cmd.Flags().StringArrayVar(&o.Signers, "signers", nil, "a file of signers, as it was when something was signed (repeatable)")
	cmd.Flags().StringArrayVar(&o.Heads, "head", nil, "a head that the ledger must contain (repeatable)")
	return cmd
}

func ledgerListCommand(e *env) *cobra.Command {
	var o app.LedgerOptions
	var kind string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "print the entries",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			entries, err := a.LedgerList(cmd.Context(), o, kind)
			if err != nil {
				return err
			}
			return e.show(entries)
		},
	}
	cmd.Flags().StringVar(&o.File, "file", "", "a ledger, or a copy of one (default: the workspace's)")
	cmd.Flags().StringVar(&kind, "kind", "", "only entries of this kind, or whose kind begins with it when it ends with a dot")
	return cmd
}

func ledgerExportCommand(e *env) *cobra.Command {
	var o app.LedgerOptions
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "write the ledger as lines of JSON that can be checked on another machine",
		Args:  oneArgument("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			exported, err := a.LedgerExport(cmd.Context(), o, args[0])
			if err != nil {
				return err
			}
			return e.show(exported)
		},
	}
	cmd.Flags().StringVar(&o.File, "file", "", "a ledger, or a copy of one (default: the workspace's)")
	return cmd
}
