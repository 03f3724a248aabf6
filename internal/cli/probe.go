package cli

import (
	"time"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
)

func probeCommand(e *env) *cobra.Command {
	var o app.ProbeOptions
	cmd := &cobra.Command{
		Use:   "probe LIST",
		Short: "measure the workload with requests of your own, for the baseline",
		Long: `Send the requests of LIST at a constant rate of arrivals and measure throughput,
latency percentiles and errors. The load is open loop: a request is due at its
time whatever the earlier ones take, and its latency counts from then, so that a
stalled server shows in the percentiles.

LIST is text (a line per request: URL, or METHOD URL), CSV with a header, or
YAML: a list of {url, method, headers, body, weight, status, match, name}.

The load hits a real service: a rate above 50 a second needs --allow, a method
besides GET and HEAD needs --unsafe. The result is probe.json, which the next
"landfall assess" takes into the baseline.`,
		Example: `  landfall probe urls.txt --rate 5 --duration 10m`,
		Args:    oneArgument("LIST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.List = args[0]
			return showing(e, func(cmd *cobra.Command, a *app.App) (view.Probed, error) {
				return a.Probe(cmd.Context(), o, e.progress())
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.Float64Var(&o.Rate, "rate", 5, "requests a second, over the whole list")
	flags.DurationVar(&o.Duration, "duration", time.Minute, "how long to measure")
	flags.DurationVar(&o.WarmUp, "warm-up", 5*time.Second, "how long to send before that, without counting")
	flags.StringVar(&o.Arrivals, "arrivals", "poisson", "poisson or constant")
	flags.Uint64Var(&o.Seed, "arrival-seed", 1, "the same seed gives the same arrivals")
	flags.IntVar(&o.MaxInFlight, "max-in-flight", 256, "requests on the way at most; what is due beyond is counted as dropped")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Second, "of one request")
	flags.BoolVar(&o.Follow, "follow", false, "go after redirects")
	flags.BoolVar(&o.Allow, "allow", false, "permit more than 50 requests a second")
	flags.BoolVar(&o.Unsafe, "unsafe", false, "permit methods besides GET and HEAD")
	return cmd
}
