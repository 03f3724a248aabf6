package compute

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	agw "github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/applicationgateways"
)

// site is what one listener of the gateway serves: some host names, or all
// others.
type site struct {
	hosts       []string
	certificate string
	routes      []route
}

// maxHosts is how many names a listener takes (Microsoft Learn, "Application
// Gateway multi-site hosting").
const maxHosts = 5

// listen writes one listener of the source as listeners, path maps and routing
// rules: a listener for each group of hosts that are routed alike, and one for
// all others.
func (g *gateway) listen(fr front) {
	g.frontPort(fr.port)
	fallback := ""
	if fr.protocol == "HTTPS" {
		fallback = g.certificates(fr)
	}
	sites := g.sites(fr, fallback)
	for i, s := range sites {
		name := part(strings.ToLower(fr.protocol), strconv.Itoa(fr.port))
		if i < len(sites)-1 {
			name = part(name, strconv.Itoa(i+1))
		}
		g.listener(fr, s, name)
		g.rule(fr, s, name)
	}
	for _, r := range fr.routes {
		if names := unresolved(r.hosts); len(names) > 0 {
			g.Do("the rule of priority %d of port %d asks for hosts that are known only when the source is deployed (%s), and is left out for them: name them in the gateway's listener", r.priority, fr.port, strings.Join(names, ", "))
		}
		if len(r.other) > 0 {
			g.Gap("alb.condition", "rule "+strconv.Itoa(r.priority)+": "+strings.Join(r.other, ", "))
			g.Do("the rule of priority %d of port %d asks for %s, which the gateway cannot, and is left out: what it caught goes to the rules after it; write it as a custom rule of the firewall policy or in the program", r.priority, fr.port, strings.Join(r.other, ", "))
		}
	}
	g.secure(fr)
}

// unresolved returns the texts that hold a template's reference.
func unresolved(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return !common.Unresolved(s) })
}

func (g *gateway) frontPort(port int) {
	name := part("port", strconv.Itoa(port))
	if !slices.ContainsFunc(*g.p.FrontendPorts, func(p agw.ApplicationGatewayFrontendPort) bool { return *p.Name == name }) {
		*g.p.FrontendPorts = append(*g.p.FrontendPorts, agw.ApplicationGatewayFrontendPort{Name: new(name), Properties: &agw.ApplicationGatewayFrontendPortPropertiesFormat{Port: new(int64(port))}})
	}
}

// certificates writes the certificates of a listener and returns the default
// one's part.
func (g *gateway) certificates(fr front) string {
	first := ""
	for i, ref := range fr.certificates {
		if name := g.certificate(fr, ref); i == 0 {
			first = name
		}
	}
	if first == "" {
		first = g.addCertificate(part("certificate", strconv.Itoa(fr.port)), g.f.parameter(g.C, design.Parameter{
			Name: common.ParameterName("certificateSecret", g.r.Name, strconv.Itoa(fr.port)), Description: "Address of the Key Vault secret of the certificate for port " + strconv.Itoa(fr.port) + " of " + g.r.Name + ", without a version",
		}))
		g.Do("the certificate of port %d is not known: give the deployment the address of its secret", fr.port)
	}
	return first
}

// certificate writes one certificate. The gateway asks the vault every few
// hours, and takes a renewed one when the address has no version (Microsoft
// Learn, "TLS termination with Key Vault certificates").
func (g *gateway) certificate(fr front, ref any) string {
	r, ok := g.C.Find(fr.from, ref, "AWS::CertificateManager::Certificate", "AWS::IAM::ServerCertificate")
	if ok {
		return g.addCertificate(part(r.Name), common.CertificateSecret(g.C, r))
	}
	name := lastWord(common.Shown(ref))
	return g.addCertificate(part("certificate", name), g.f.parameter(g.C, design.Parameter{
		Name: common.ParameterName("certificateSecret", name), Description: "Address of the Key Vault secret that stands for the certificate " + common.Shown(ref) + ", without a version",
	}))
}

func lastWord(text string) string { return text[strings.LastIndexAny(text, "/:#{}")+1:] }

// addCertificate writes a certificate once; two whose names become one are told
// apart by a number.
func (g *gateway) addCertificate(base, secret string) string {
	g.vault = true
	if g.p.SslCertificates == nil {
		g.p.SslCertificates = &[]agw.ApplicationGatewaySslCertificate{}
	}
	for n, name := 2, base; ; n, name = n+1, part(base, strconv.Itoa(n)) {
		i := slices.IndexFunc(*g.p.SslCertificates, func(c agw.ApplicationGatewaySslCertificate) bool { return *c.Name == name })
		if i < 0 {
			*g.p.SslCertificates = append(*g.p.SslCertificates, agw.ApplicationGatewaySslCertificate{Name: new(name), Properties: &agw.ApplicationGatewaySslCertificatePropertiesFormat{KeyVaultSecretId: new(secret)}})
			return name
		}
		if *(*g.p.SslCertificates)[i].Properties.KeyVaultSecretId == secret {
			return name
		}
	}
}

// covers reports whether a host pattern of a rule matches a host or another
// pattern: * stands for any run of characters, ? for one.
func covers(pattern, host string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(host))
	return strings.EqualFold(pattern, host) || err == nil && ok
}

// sites groups the hosts of a listener's rules by the rules that catch them;
// the last site is for all other hosts. Names without wildcards come first, so
// that they win.
func (g *gateway) sites(fr front, fallback string) []site {
	hosts := g.hosts(fr)
	var out []site
	signatures := map[string]int{}
	for _, h := range hosts {
		s := site{hosts: []string{h}, certificate: g.certificateFor(fr, h, fallback)}
		signature := s.certificate
		for i, r := range fr.routes {
			if len(r.hosts) == 0 || slices.ContainsFunc(r.hosts, func(p string) bool { return covers(p, h) }) {
				s.routes = append(s.routes, r)
				signature += "|" + strconv.Itoa(i)
			}
		}
		at, known := signatures[signature]
		if known && len(out[at].hosts) < maxHosts && strings.Contains(h, "*") == strings.Contains(out[at].hosts[0], "*") {
			out[at].hosts = append(out[at].hosts, h)
			continue
		}
		signatures[signature] = len(out)
		out = append(out, s)
	}
	rest := site{certificate: fallback}
	for _, r := range fr.routes {
		if len(r.hosts) == 0 {
			rest.routes = append(rest.routes, r)
		}
	}
	return append(out, rest)
}

// hosts are the names that rules or further certificates of a listener know.
func (g *gateway) hosts(fr front) []string {
	var out []string
	for _, r := range fr.routes {
		if len(r.other) == 0 {
			out = append(out, r.hosts...)
		}
	}
	for i, ref := range fr.certificates {
		if i > 0 && fr.protocol == "HTTPS" {
			out = append(out, g.certificateNames(fr, ref)...)
		}
	}
	out = slices.DeleteFunc(out, func(h string) bool { return h == "" || h == "*" || common.Unresolved(h) })
	slices.SortFunc(out, func(a, b string) int {
		wildA, wildB := strings.ContainsAny(a, "*?"), strings.ContainsAny(b, "*?")
		if wildA != wildB {
			return map[bool]int{true: 1, false: -1}[wildA]
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}

func (g *gateway) certificateNames(fr front, ref any) []string {
	r, ok := g.C.Find(fr.from, ref, "AWS::CertificateManager::Certificate")
	if !ok {
		return nil
	}
	return append(design.Texts(r.Properties["DomainName"]), design.Texts(r.Properties["SubjectAlternativeNames"])...)
}

// certificateFor is the part of the certificate that is shown to a host: ALB
// chooses by the name that the client asks for.
func (g *gateway) certificateFor(fr front, host, fallback string) string {
	for _, ref := range fr.certificates {
		if slices.ContainsFunc(g.certificateNames(fr, ref), func(n string) bool { return covers(n, host) }) {
			return g.certificate(fr, ref)
		}
	}
	return fallback
}

func (g *gateway) listener(fr front, s site, name string) {
	p := agw.ApplicationGatewayHTTPListenerPropertiesFormat{
		FrontendIPConfiguration: g.sub("frontendIPConfigurations", *(*g.p.FrontendIPConfigurations)[0].Name),
		FrontendPort:            g.sub("frontendPorts", part("port", strconv.Itoa(fr.port))), Protocol: new(agw.ApplicationGatewayProtocolHTTP),
	}
	if fr.protocol == "HTTPS" {
		p.Protocol = new(agw.ApplicationGatewayProtocolHTTPS)
		p.SslCertificate = g.sub("sslCertificates", s.certificate)
	}
	if len(s.hosts) > 0 {
		p.HostNames = &s.hosts
		p.RequireServerNameIndication = new(fr.protocol == "HTTPS")
	}
	if profile := g.profileName(fr); profile != "" {
		p.SslProfile = g.sub("sslProfiles", profile)
	}
	*g.p.HTTPListeners = append(*g.p.HTTPListeners, agw.ApplicationGatewayHTTPListener{Name: new(name), Properties: &p})
}

// rule writes the routing of a site.
func (g *gateway) rule(fr front, s site, name string) {
	fallback := g.destination(fr, fr.fallback, part(name, "default"))
	var paths []agw.ApplicationGatewayPathRule
	for _, r := range s.routes {
		if len(r.other) > 0 {
			continue
		}
		at := part(name, strconv.Itoa(r.priority))
		if len(r.paths) == 0 {
			// It catches all that came so far, and whatever follows.
			fallback = g.destination(fr, r.actions, at)
			break
		}
		if patterns := g.patterns(r); len(patterns) > 0 {
			d := g.destination(fr, r.actions, at)
			paths = append(paths, agw.ApplicationGatewayPathRule{Name: new(at), Properties: &agw.ApplicationGatewayPathRulePropertiesFormat{
				Paths: &patterns, BackendAddressPool: d.pool, BackendHTTPSettings: d.settings, RedirectConfiguration: d.redirect,
			}})
		}
	}
	p := agw.ApplicationGatewayRequestRoutingRulePropertiesFormat{HTTPListener: g.sub("httpListeners", name), Priority: new(g.priority)}
	g.priority += 10
	if len(paths) == 0 {
		p.RuleType = new(agw.ApplicationGatewayRequestRoutingRuleTypeBasic)
		p.BackendAddressPool, p.BackendHTTPSettings, p.RedirectConfiguration = fallback.pool, fallback.settings, fallback.redirect
	} else {
		p.RuleType, p.UrlPathMap = new(agw.ApplicationGatewayRequestRoutingRuleTypePathBasedRouting), g.sub("urlPathMaps", name)
		if g.p.UrlPathMaps == nil {
			g.p.UrlPathMaps = &[]agw.ApplicationGatewayURLPathMap{}
		}
		*g.p.UrlPathMaps = append(*g.p.UrlPathMaps, agw.ApplicationGatewayURLPathMap{Name: new(name), Properties: &agw.ApplicationGatewayURLPathMapPropertiesFormat{
			DefaultBackendAddressPool: fallback.pool, DefaultBackendHTTPSettings: fallback.settings, DefaultRedirectConfiguration: fallback.redirect, PathRules: &paths,
		}})
	}
	*g.p.RequestRoutingRules = append(*g.p.RequestRoutingRules, agw.ApplicationGatewayRequestRoutingRule{Name: new(name), Properties: &p})
}

// patterns returns the path patterns that a gateway takes: they begin with a
// slash, and * stands at the end only (Microsoft Learn, "URL path-based routing
// overview"). ALB compares capitals too and takes * and ? anywhere.
func (g *gateway) patterns(r route) []string {
	var out []string
	for _, p := range r.paths {
		body := strings.TrimSuffix(p, "*")
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(body, "*?") || common.Unresolved(p) {
			g.Gap("alb.path-pattern", "rule "+strconv.Itoa(r.priority)+": "+p)
			g.Do("the path pattern %q of the rule of priority %d cannot be written for the gateway and is left out: name the paths one by one", p, r.priority)
			continue
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// destination is where a rule leads.
type destination struct {
	pool, settings, redirect *agw.SubResource
}

// refused leads to the pool without members: what the gateway cannot do must
// not open a way that was closed.
func (g *gateway) refused() destination {
	return destination{pool: g.sub("backendAddressPools", nobody), settings: g.sub("backendHttpSettingsCollection", nobody)}
}

func (g *gateway) destination(fr front, actions []map[string]any, name string) destination {
	for _, a := range actions {
		kind := design.Text(a, "Type")
		switch id := actionGap(kind); {
		case id != "":
			g.Gap(id, "port "+strconv.Itoa(fr.port)+": "+name+": "+kind)
			g.actionWords(id, fr, a, name)
			return g.refused()
		case kind == "redirect":
			return g.redirect(fr, a["RedirectConfig"], name)
		case kind == "pool":
			name := design.Text(a, "Pool")
			return destination{pool: g.sub("backendAddressPools", name), settings: g.sub("backendHttpSettingsCollection", name)}
		case kind == "forward" || kind == "":
			return g.forward(fr, a)
		}
	}
	g.Do("the action of %s is not known (%s): it leads to nobody until it is named", name, common.Shown(actions))
	return g.refused()
}

func (g *gateway) actionWords(id string, fr front, action map[string]any, name string) {
	if id == "alb.fixed-response" {
		g.Rest(name+" FixedResponseConfig", action["FixedResponseConfig"], "ContentType", "MessageBody")
		g.Do("%s answers %s by itself at the source; at the target it leads to an empty pool, which answers 502: use a custom rule of the firewall policy, an error page, or let the program answer", name, common.Shown(design.At(action, "FixedResponseConfig.StatusCode")))
		return
	}
	for _, config := range []string{"AuthenticateOidcConfig", "AuthenticateCognitoConfig", "JwtValidationConfig"} {
		g.Rest(name+" "+config, action[config], "Issuer", "ClientId", "Scope", "OnUnauthenticatedRequest", "UserPoolArn", "UserPoolClientId", "JwksEndpoint", "AdditionalClaims")
	}
	g.Do("%s asks users to log in (%s); the gateway cannot, and refuses them until the program or a proxy such as App Service authentication asks", name, design.Text(action, "Type"))
}

// forward leads to a target group: of several with weights to the heaviest.
func (g *gateway) forward(fr front, action map[string]any) destination {
	best, weight := action["TargetGroupArn"], -1
	groups := design.Maps(design.At(action, "ForwardConfig.TargetGroups"))
	for _, t := range groups {
		if w := design.Int(t, "Weight", 1); w > weight {
			best, weight = t["TargetGroupArn"], w
		}
	}
	if len(groups) > 1 {
		g.Gap("alb.weights", "port "+strconv.Itoa(fr.port)+": ForwardConfig.TargetGroups="+strconv.Itoa(len(groups)))
	}
	if design.True(action, "ForwardConfig.TargetGroupStickinessConfig.Enabled") && len(groups) > 1 {
		g.Gap("alb.weights", "port "+strconv.Itoa(fr.port)+": ForwardConfig.TargetGroupStickinessConfig="+common.Shown(design.At(action, "ForwardConfig.TargetGroupStickinessConfig")))
	}
	r, ok := g.C.Find(fr.from, best, targetsKind)
	if !ok {
		g.Do("the target group %s is not part of the workload: enter its targets into a pool of the gateway", common.Shown(best))
		return g.refused()
	}
	p := g.poolOf(r)
	return destination{pool: g.sub("backendAddressPools", p.name), settings: g.sub("backendHttpSettingsCollection", p.name)}
}

// redirect leads a client elsewhere: to another listener of the gateway with
// the same host, path and query, or to an address that is written out.
func (g *gateway) redirect(fr front, config any, name string) destination {
	p := agw.ApplicationGatewayRedirectConfigurationPropertiesFormat{RedirectType: new(agw.ApplicationGatewayRedirectTypeFound)}
	if strings.HasSuffix(design.Text(config, "StatusCode"), "301") {
		p.RedirectType = new(agw.ApplicationGatewayRedirectTypePermanent)
	}
	say := func(key, def string) string {
		if text := plainText(config, key); text != "" {
			return text
		}
		return def
	}
	host, location, query, port, protocol := say("Host", "#{host}"), say("Path", "/#{path}"), say("Query", "#{query}"), say("Port", "#{port}"), say("Protocol", "#{protocol}")
	p.IncludePath, p.IncludeQueryString = new(location == "/#{path}"), new(query == "#{query}")
	if port == "#{port}" {
		port = strconv.Itoa(fr.port)
	}
	if protocol == "#{protocol}" {
		protocol = fr.protocol
	}
	to := slices.IndexFunc(g.fronts, func(f front) bool {
		return strconv.Itoa(f.port) == port && f.protocol == strings.ToUpper(protocol) && f.from != fr.from
	})
	switch {
	case host == "#{host}" && location == "/#{path}" && to >= 0:
		p.TargetListener = g.sub("httpListeners", part(strings.ToLower(g.fronts[to].protocol), port))
	case !strings.Contains(host, "#{") && (location == "/#{path}" || !strings.Contains(location, "#{")):
		address := strings.ToLower(protocol) + "://" + host
		if !(protocol == "HTTPS" && port == "443") && !(protocol == "HTTP" && port == "80") {
			address += ":" + port
		}
		if location != "/#{path}" {
			address += location
		}
		if query != "#{query}" && query != "" {
			address += "?" + query
		}
		p.TargetURL = new(address)
	default:
		g.Gap("alb.redirect", name+": "+common.Shown(config))
		g.Do("the redirect of %s (%s) builds its address from parts of the request, which the gateway does with a rewrite rule: write one, until then it leads to nobody", name, common.Shown(config))
		return g.refused()
	}
	if g.p.RedirectConfigurations == nil {
		g.p.RedirectConfigurations = &[]agw.ApplicationGatewayRedirectConfiguration{}
	}
	if !slices.ContainsFunc(*g.p.RedirectConfigurations, func(c agw.ApplicationGatewayRedirectConfiguration) bool { return *c.Name == name }) {
		*g.p.RedirectConfigurations = append(*g.p.RedirectConfigurations, agw.ApplicationGatewayRedirectConfiguration{Name: new(name), Properties: &p})
	}
	return destination{redirect: g.sub("redirectConfigurations", name)}
}
