package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
)

func residualCommand(e *env) *cobra.Command {
	var o app.ResidualOptions
	cmd := &cobra.Command{
		Use:   "residual",
		Short: "find out who still uses the source after the cutover",
		Long: `Read the logs of the source and say for each resource whether it was used since
the cutover, by which principal, component and caller; and what was created
since and still exists.

A resource is "unused" only where a log that would have shown its use covers the
whole time without a gap. Without such a log it is "unobservable", and the result
says which log is missing. A denied attempt counts as use. What AWS's own
services, Landfall and expected users do is told apart by rules, which the result
lists with their counts.

Without log flags the logs that the workspace's account holds are read, as far
as inventory.json says where they are. With log flags only those files are read;
a workspace is of use but not needed. Files may be gzip, UTF-8 or UTF-16; PATH
is a file, a folder, or a pattern, in which ** stands for any folders.

A RULE of --expect is fields with patterns, separated by commas: principal,
session, agent, address, action (service:Name), resource; name is what the
result calls it. landfall.yaml lists lasting ones under residual.expect.

In a workspace the result is written to residual.json. The exit code is 0 also
when there is use; with --check it is that of "found" unless every resource of
the workload is proved unused.`,
		Example: `  landfall residual --since 2026-05-03T22:00:00Z
  landfall residual --since 2026-05-03T22:00:00Z --cloudtrail 'trail/**/*.json.gz' --flow-logs 'flow/**'
  landfall residual --since 2026-05-03T22:00:00Z --expect 'name=audit,principal=*:role/auditor' --check`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			result, err := a.Residual(cmd.Context(), o, e.progress())
			if err == nil || result.SchemaVersion != 0 { // what a check refuses is shown too
				if showErr := e.show(result); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.CloudTrail, "cloudtrail", nil, "CloudTrail records: files, event history, Lake exports (repeatable)")
	flags.StringArrayVar(&o.FlowLogs, "flow-logs", nil, "VPC flow logs: file, folder or pattern (repeatable)")
	flags.StringArrayVar(&o.AccessLogs, "access-logs", nil, "access logs of balancers, CloudFront, S3 or web servers (repeatable)")
	flags.StringArrayVar(&o.DNSLogs, "dns-logs", nil, "DNS query logs of Route 53, of resolvers or zones (repeatable)")
	flags.StringVar(&o.Since, "since", "", "time of the cutover, RFC 3339 (2026-05-03T22:00:00Z)")
	flags.StringVar(&o.Until, "until", "", "end of the time to look at (default: now, or the last record of the files)")
	flags.StringArrayVar(&o.Expect, "expect", nil, "RULE of users whose doings are no residual use (repeatable)")
	flags.DurationVar(&o.Silence, "silence", app.ResidualSilence, "how long a log may be silent without that being a gap")
	flags.BoolVar(&o.Check, "check", false, "end with an error unless every resource of the workload is proved unused")
	return cmd
}
