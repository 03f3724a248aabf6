package app

import (
	"context"
	"os"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// proxyTokenVariable holds the token of the admin API where no file does.
const proxyTokenVariable = "LANDFALL_PROXY_TOKEN"

// Proxies builds the proxy of the strangler pattern. Wire makes it.
type Proxies struct {
	// Check reads a configuration and says what it would do.
	Check func(file string) (view.ProxyChecked, error)
	// Run serves until ctx ends and everything is drained. listening hears of
	// each address.
	Run func(ctx context.Context, o ProxyOptions, listening func(name, address string)) error
}

// ProxyOptions says what a proxy runs with.
type ProxyOptions struct {
	Config string
	// Admin is the address of the admin API, "" for none.
	Admin string
	// TokenFile holds its token; "" takes the one of the environment.
	TokenFile         string
	CertFile, KeyFile string
	// Token is what was read.
	Token string
}

// CheckProxy reads the configuration of a proxy and says what it would do.
func (a *App) CheckProxy(o ProxyOptions) (view.ProxyChecked, error) {
	if o.Config == "" {
		return view.ProxyChecked{}, noProxyConfig()
	}
	return a.Proxies.Check(a.path(o.Config))
}

// RunProxy serves until ctx ends.
func (a *App) RunProxy(ctx context.Context, o ProxyOptions, progress *view.Progress) error {
	if o.Config == "" {
		return noProxyConfig()
	}
	o.Config = a.path(o.Config)
	for _, file := range []*string{&o.CertFile, &o.KeyFile, &o.TokenFile} {
		if *file != "" {
			*file = a.path(*file)
		}
	}
	var err error
	if o.Admin != "" {
		o.Token, err = a.proxyToken(o.TokenFile)
	}
	if err != nil {
		return err
	}
	err = a.Proxies.Run(ctx, o, func(name, address string) { progress.Say("%s listens at %s", name, address) })
	if err == nil {
		progress.Say("drained")
	}
	return err
}

func noProxyConfig() error {
	return fault.Newf(fault.Usage, "landfall proxy wants --config FILE").Hintf("landfall proxy --help")
}

func (a *App) proxyToken(file string) (string, error) {
	if file == "" {
		token, _ := a.setup.Getenv(proxyTokenVariable)
		return token, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fault.Wrap(err, "read token of the admin API", file)
	}
	return strings.TrimSpace(string(text)), nil
}
