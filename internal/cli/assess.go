package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
)

func assessCommand(e *env) *cobra.Command {
	var o app.AssessOptions
	cmd := &cobra.Command{
		Use:   "assess",
		Short: "find out what the workload is, what it depends on, and how well it runs",
		Long: `Read the live AWS account, or exported files, or both, and write inventory.json,
graph.json, baseline.json, assessment.json and assessment.html.

Without --from the account of the AWS SDK's credentials is read, with the flow
logs, trails, access logs and metrics that it holds. With --from only the files
are read, unless --live is given too. What one source says differently from
another is listed as drift.

FORMAT is auto, cloudformation, terraform-state, terraform-plan,
config-snapshot, workload-discovery, describe or resource-list. PATH is a file,
a folder, or a pattern; ** stands for any folders. Files may be gzip, UTF-8 or
UTF-16.

Nothing is changed at the source. What could not be read is listed first, under
"unread" and "refused"; a scan that was killed goes on where it stopped.`,
		Example: `  landfall assess
  landfall assess --from cloudformation='stacks/**/*.yaml' --from terraform-state=terraform.tfstate
  landfall assess --from auto=export/ --flow-logs 'logs/flow/**' --cloudtrail 'logs/trail/**'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			result, err := a.Assess(cmd.Context(), o, e.progress())
			if err == nil || result.Run != "" { // an empty result is shown too
				if showErr := e.show(result); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.From, "from", nil, "FORMAT=PATH of exported files (repeatable)")
	flags.BoolVar(&o.Live, "live", false, "read the live account as well as the files")
	flags.StringArrayVar(&o.FlowLogs, "flow-logs", nil, "VPC flow logs: file, folder or pattern (repeatable)")
	flags.StringArrayVar(&o.CloudTrail, "cloudtrail", nil, "CloudTrail records: file, folder or pattern (repeatable)")
	flags.StringArrayVar(&o.AccessLogs, "access-logs", nil, "access logs of balancers, CloudFront, S3 or web servers (repeatable)")
	flags.StringArrayVar(&o.Costs, "cost", nil, "cost and usage report as CSV: file, folder or pattern (repeatable)")
	flags.StringVar(&o.Account, "account", "", "account that files speak of when they do not say which")
	flags.StringVar(&o.Region, "region", "", "region that files speak of when they do not say which")
	flags.BoolVar(&o.NoLogs, "no-logs", false, "leave out the logs and metrics of the live account")
	flags.BoolVar(&o.Questions, "questions", false, "write questions.yaml: what no tool can see, to be answered by people")
	flags.BoolVar(&o.Fresh, "fresh", false, "read everything anew, also what a killed scan has read")
	return cmd
}

func diffCommand(e *env) *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "diff [BEFORE [AFTER]]",
		Short: "compare two assessments",
		Long: `Compare the inventories of two assessments: what was added, what was removed,
what changed. Each is the name of a kept assessment (see --list), "latest", or
the path of an inventory.json. Without arguments the last two are compared;
with one, that one and the latest.

The exit code is 0 also when there are differences.`,
		Example: `  landfall diff
  landfall diff 20260102T150405Z latest`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fault.Newf(fault.Usage, "%s wants two assessments at most; got %d", cmd.CommandPath(), len(args)).Hintf("%s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			if list {
				runs, err := a.AssessmentRuns()
				if err != nil {
					return err
				}
				return e.show(runs)
			}
			compared, err := a.Diff(args)
			if err != nil {
				return err
			}
			return e.show(compared)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the assessments that were kept, latest first")
	return cmd
}
