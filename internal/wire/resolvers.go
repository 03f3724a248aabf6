package wire

import (
	"net"
	"strconv"

	"github.com/miekg/dns"

	"example.com/landfall/internal/config"
)

// resolvConf names the resolvers of this machine (resolv.conf(5)).
const resolvConf = "/etc/resolv.conf"

// dnsPort is the port of name servers (RFC 1035, section 4.2).
const dnsPort = "53"

// nameServers are the resolvers that names are asked of, and the port of name
// servers: as landfall.yaml says, otherwise those of this machine.
func nameServers(c *config.Config) (addresses []string, port string) {
	port = strconv.FormatInt(c.Runbook.NameServerPort, 10)
	if len(c.Runbook.Resolvers) == 0 {
		return resolvers(resolvConf), port
	}
	for _, address := range c.Runbook.Resolvers {
		if _, _, err := net.SplitHostPort(address); err != nil {
			address = net.JoinHostPort(address, dnsPort)
		}
		addresses = append(addresses, address)
	}
	return addresses, port
}

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
