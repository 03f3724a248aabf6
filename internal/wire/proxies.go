package wire

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy"
	"example.com/landfall/internal/traffic/proxy/rules"
	"example.com/landfall/internal/view"
)

// proxies builds the proxy; it needs no workspace and no cloud.
func proxies(s app.Setup) app.Proxies {
	return app.Proxies{
		Check: checkProxy,
		Run: func(ctx context.Context, o app.ProxyOptions, listening func(name, address string)) error {
			// Whoever rotates logs sends this signal after moving the file away.
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			p, err := proxy.New(proxy.Options{
				File: o.Config, Admin: proxy.Admin{Address: o.Admin, Token: o.Token, CertFile: o.CertFile, KeyFile: o.KeyFile},
				Log: s.Log, Now: s.Now, Listening: listening, Hangup: hangup,
			})
			if err != nil {
				return err
			}
			return p.Run(ctx)
		},
	}
}

func checkProxy(file string) (view.ProxyChecked, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return view.ProxyChecked{}, fault.Wrap(err, "read proxy configuration", file)
	}
	r, err := rules.Parse(file, text)
	if err != nil {
		return view.ProxyChecked{}, err
	}
	out := view.ProxyChecked{File: file, Fingerprint: r.Fingerprint}
	for _, l := range r.Listeners {
		out.Listeners = append(out.Listeners, view.ProxyListener{Name: l.Name, Address: l.Address, TLS: len(l.Certificates) > 0})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Sides)) {
		side := r.Sides[name]
		out.Sides = append(out.Sides, view.ProxySide{Name: name, Endpoints: side.Endpoints, Checked: side.Health.Path != ""})
	}
	for _, route := range r.Routes {
		out.Routes = append(out.Routes, proxyRoute(route))
	}
	return out, nil
}

func proxyRoute(r rules.Route) view.ProxyRoute {
	out := view.ProxyRoute{Name: r.Name, Match: r.Match.String()}
	for _, c := range r.Cohorts {
		out.Cohorts = append(out.Cohorts, fmt.Sprintf("%s to %s", c.Name, c.Side))
	}
	if r.Split == nil {
		out.Weights = []view.ProxyWeight{{Side: r.Side, BasisPoints: rules.Whole}}
	} else {
		for _, name := range slices.Sorted(maps.Keys(r.Split.Weights)) {
			out.Weights = append(out.Weights, view.ProxyWeight{Side: name, BasisPoints: r.Split.Weights[name]})
		}
	}
	if r.Shadow != nil {
		out.Shadow = strings.TrimSpace(fmt.Sprintf("%s %g%%", r.Shadow.Side, float64(r.Shadow.Share)/100))
	}
	return out
}
