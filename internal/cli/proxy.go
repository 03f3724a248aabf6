package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
)

func proxyCommand(e *env) *cobra.Command {
	var o app.ProxyOptions
	var check bool
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "stand before both sides and move the workload route by route",
		Long: `Take the requests of the workload and hand each to a side: by route (host, path,
method, header, cookie), by cohort, or by weights that keep a user on a side.

The configuration is one YAML or JSON file. It is watched: a change is in use
about a second later, without a request lost; a file with a mistake changes
nothing. Instances that share the file, or get the same one, agree on every
user's side. SIGHUP opens the access log anew. SIGTERM drains: the probe path
says no for drain.notice, then what runs gets drain.timeout to end.

The admin API (--admin) reads and changes the configuration and the weights,
drains, and tells status, differences of copied requests, and metrics. It wants
"Authorization: Bearer TOKEN", with the token of --admin-token-file or of
LANDFALL_PROXY_TOKEN, and stays on loopback unless it is given a certificate.

No workspace is needed. docs/guides/proxy.md has the whole configuration.`,
		Example: `  landfall proxy --config proxy.yaml --check
  landfall proxy --config proxy.yaml --admin 127.0.0.1:9901 --admin-token-file admin.token`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if check {
				return showing(e, func(_ *cobra.Command, a *app.App) (view.ProxyChecked, error) { return a.CheckProxy(o) })(cmd, args)
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			return a.RunProxy(cmd.Context(), o, e.progress())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Config, "config", "", "file of the configuration (YAML or JSON)")
	flags.BoolVar(&check, "check", false, "read the configuration, say what it does, and serve nothing")
	flags.StringVar(&o.Admin, "admin", "", "address of the admin API (default: none)")
	flags.StringVar(&o.TokenFile, "admin-token-file", "", "file with the token of the admin API (default: LANDFALL_PROXY_TOKEN)")
	flags.StringVar(&o.CertFile, "admin-cert", "", "certificate of the admin API, for an address outside loopback")
	flags.StringVar(&o.KeyFile, "admin-key", "", "key of that certificate")
	return cmd
}
