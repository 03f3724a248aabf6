package wire

import (
	"net"

	"github.com/miekg/dns"
)

// resolvConf names the resolvers of this machine (resolv.conf(5)).
const resolvConf = "/etc/resolv.conf"

// resolvers are those of this machine. Without the file there are none, and
// whoever asks for a name says so.
func resolvers(path string) []string {
	c, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(c.Servers))
	for _, server := range c.Servers {
		out = append(out, net.JoinHostPort(server, c.Port))
	}
	return out
}
