package app

import (
	"context"
	"net"
	"net/http"
	"time"

	"example.com/landfall/internal/action"
)

// names ask name servers: the resolvers and the port of landfall.yaml, or those
// of this machine.
func (a *App) names() action.Names { return action.Names{Resolvers: a.Resolvers, Port: a.NamesPort} }

// dialWithin bounds how long one connection of a check is begun.
const dialWithin = 10 * time.Second

// checksClient sends the requests of checks. Where landfall.yaml names resolvers
// the hosts are looked up there, as users find them; otherwise it is nil, and the
// machine looks them up.
func (a *App) checksClient() *http.Client {
	if a.Config == nil || len(a.Config.Runbook.Resolvers) == 0 || len(a.Resolvers) == 0 {
		return nil
	}
	resolvers := a.Resolvers
	dialer := &net.Dialer{Timeout: dialWithin, Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var last error
		for _, address := range resolvers {
			connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				return connection, nil
			}
			last = err
		}
		return nil, last
	}}}
	transport := &http.Transport{DialContext: dialer.DialContext, Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: dialWithin, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport}
}
