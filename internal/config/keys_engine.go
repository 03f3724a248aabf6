package config

// Engine is where durable execution runs.
type Engine struct {
	// Address of an existing Temporal cluster (host:port); "" means the
	// embedded engine.
	Address string
	// Namespace of the cluster.
	Namespace string
	// Insecure connects without TLS, for a cluster on this machine.
	Insecure bool
	// CAFile, CertFile and KeyFile are PEM files for the connection, or "".
	CAFile, CertFile, KeyFile string
	// APIKeyVariable names the environment variable with the API key, or "".
	APIKeyVariable string
	// Queues are those of workers elsewhere, by place ("source", "target").
	Queues map[string]string
	// IdleMinutes is how long the embedded engine stays without an open run.
	IdleMinutes int
}

// Notify says where people are told.
type Notify struct {
	// Webhooks are the addresses of chat channels by role; "*" hears all. The
	// value is the name of the environment variable that holds the address,
	// because whoever knows such an address can write there.
	Webhooks map[string]string
	// SMTP is host:port of the mail server, "" for no mail.
	SMTP string
	// From is the sender; To are the addresses by role, "*" hears all.
	From string
	To   map[string]string
	// UserVariable and PasswordVariable name the environment variables of the
	// mail server's credentials, or "".
	UserVariable, PasswordVariable string
}

func engineKeys() []key {
	variable := rule{pattern: `^[A-Za-z_][A-Za-z0-9_]*$`, wants: "the name of an environment variable"}
	role := rule{pattern: `^(\*|[a-z][a-z-]{0,63})$`, wants: "a role, or * for all"}
	return []key{
		{path: "engine.address", form: text,
			doc: "host:port of an existing Temporal cluster; without it Landfall starts its own engine", rule: hostPort(),
			put: func(c *Config, v any) { c.Engine.Address = v.(string) }},
		{path: "engine.namespace", form: text, def: "landfall",
			doc: "namespace of the cluster", rule: rule{pattern: `^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$`, wants: "letters, digits, dots, hyphens and underscores"},
			put: func(c *Config, v any) { c.Engine.Namespace = v.(string) }},
		{path: "engine.insecure", form: boolean, def: false,
			doc: "connect to the cluster without TLS, for one on this machine",
			put: func(c *Config, v any) { c.Engine.Insecure = v.(bool) }},
		{path: "engine.caFile", form: text, doc: "PEM file with the authority of the cluster's certificate; relative to this file", rule: rule{besideFile: true},
			put: func(c *Config, v any) { c.Engine.CAFile = v.(string) }},
		{path: "engine.certFile", form: text, doc: "PEM file with the client certificate for the cluster; relative to this file", rule: rule{besideFile: true},
			put: func(c *Config, v any) { c.Engine.CertFile = v.(string) }},
		{path: "engine.keyFile", form: text, doc: "PEM file with the key of the client certificate; relative to this file", rule: rule{besideFile: true},
			put: func(c *Config, v any) { c.Engine.KeyFile = v.(string) }},
		{path: "engine.apiKeyVariable", form: text, doc: "environment variable that holds the cluster's API key", rule: variable,
			put: func(c *Config, v any) { c.Engine.APIKeyVariable = v.(string) }},
		{path: "engine.queues", form: pairs,
			doc:   "queues of workers elsewhere, by place: source (near AWS) and target (near Azure)",
			names: rule{pattern: `^(source|target)$`, wants: "source or target"},
			rule:  rule{pattern: `^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`, wants: "letters, digits, dots, hyphens and underscores"},
			put:   func(c *Config, v any) { c.Engine.Queues = v.(map[string]string) }},
		{path: "engine.idleMinutes", form: integer, def: int64(15),
			doc: "minutes without an open run after which the embedded engine stops; 0 means never", rule: rule{min: 0, max: 525_600},
			put: func(c *Config, v any) { c.Engine.IdleMinutes = int(v.(int64)) }},
		{path: "notify.webhooks", form: pairs,
			doc:   "environment variable that holds the address of a chat channel, by the role that reads it",
			names: role, rule: variable,
			put: func(c *Config, v any) { c.Notify.Webhooks = v.(map[string]string) }},
		{path: "notify.smtp", form: text, doc: "host:port of the mail server", rule: hostPort(),
			put: func(c *Config, v any) { c.Notify.SMTP = v.(string) }},
		{path: "notify.from", form: text, doc: "sender of mails", rule: rule{pattern: `^\S+@\S+$`, wants: "a mail address"},
			put: func(c *Config, v any) { c.Notify.From = v.(string) }},
		{path: "notify.to", form: pairs,
			doc:   "mail address by the role that reads it",
			names: role, rule: rule{pattern: `^\S+@\S+$`, wants: "a mail address"},
			put: func(c *Config, v any) { c.Notify.To = v.(map[string]string) }},
		{path: "notify.userVariable", form: text, doc: "environment variable that holds the mail server's user", rule: variable,
			put: func(c *Config, v any) { c.Notify.UserVariable = v.(string) }},
		{path: "notify.passwordVariable", form: text, doc: "environment variable that holds the mail server's password", rule: variable,
			put: func(c *Config, v any) { c.Notify.PasswordVariable = v.(string) }},
	}
}

// Approvals says who must agree to dangerous steps.
type Approvals struct {
	// TwoPersons asks for two different approvers.
	TwoPersons bool
	// Identity is how a person is known: "local", "ssh" or "oidc".
	Identity string
	// SignersFile lists the keys of the approvers, in the form of OpenSSH's
	// allowed signers.
	SignersFile string
	// Issuer and Audience are those of the tokens of an OIDC provider.
	Issuer, Audience string
	// Roles are the approvers' roles, by person.
	Roles map[string]string
	// May are the roles that may say a verb, separated by commas, or "*" for
	// everybody, by verb. Without an entry it is everyone who has a role.
	May map[string]string
}

func approvalKeys() []key {
	return []key{
		{path: "approvals.twoPersons", form: boolean, def: true,
			doc: "dangerous steps need two different approvers",
			put: func(c *Config, v any) { c.Approvals.TwoPersons = v.(bool) }},
		{path: "approvals.identity", form: text, def: "local",
			doc: "how an approver is known: local (the user of the machine), ssh (a signature) or oidc (a token)", rule: rule{oneOf: []string{"local", "ssh", "oidc"}},
			put: func(c *Config, v any) { c.Approvals.Identity = v.(string) }},
		{path: "approvals.signersFile", form: text,
			doc: "file with the approvers' keys, in the form of OpenSSH's allowed signers; relative to this file", rule: rule{besideFile: true},
			put: func(c *Config, v any) { c.Approvals.SignersFile = v.(string) }},
		{path: "approvals.issuer", form: text, doc: "address of the OIDC provider", rule: address("https", "http"),
			put: func(c *Config, v any) { c.Approvals.Issuer = v.(string) }},
		{path: "approvals.audience", form: text, doc: "audience that the tokens must be for", rule: rule{pattern: `^\S+$`, wants: "a name without spaces"},
			put: func(c *Config, v any) { c.Approvals.Audience = v.(string) }},
		{path: "approvals.roles", form: pairs,
			doc:   "role of an approver, by the name under which the person is known",
			names: rule{pattern: `^\S.{0,255}$`, wants: "a name"},
			rule:  rule{pattern: `^[a-z][a-z-]{0,63}$`, wants: "a role of small letters and hyphens"},
			put:   func(c *Config, v any) { c.Approvals.Roles = v.(map[string]string) }},
		{path: "approvals.may",
			doc:   "roles that may say a verb, separated by commas, or * for everybody who is known; where approvals.roles names people, those that it does not name may say nothing else",
			form:  pairs,
			names: rule{oneOf: []string{"approve", "reject", "confirm", "run", "extend", "pause", "resume", "skip", "retry", "settle", "rollback", "abort", "drain"}},
			rule:  rule{pattern: `^(\*|[a-z][a-z-]{0,63}( *, *[a-z][a-z-]{0,63})*)$`, wants: "roles separated by commas, or *"},
			put:   func(c *Config, v any) { c.Approvals.May = v.(map[string]string) }},
	}
}
