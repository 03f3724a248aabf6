package approve

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// Ways of knowing a person, as landfall.yaml names them.
const (
	Local = "local"
	SSH   = "ssh"
	OIDC  = "oidc"
)

// Environment variables that say what a person speaks with.
const (
	// KeyVariable holds the path of an SSH key; without it the agent is asked.
	KeyVariable = "LANDFALL_SSH_KEY"
	// TokenVariable and TokenFileVariable hold an ID token, or its file.
	TokenVariable     = "LANDFALL_ID_TOKEN"
	TokenFileVariable = "LANDFALL_ID_TOKEN_FILE"
	agentVariable     = "SSH_AUTH_SOCK"
)

// howLocal is how the user of the machine is known: not proved by anything.
const howLocal = "local user"

// Settings say how people are known.
type Settings struct {
	// Way is Local, SSH or OIDC; "" is Local.
	Way string
	// User is the user of the machine.
	User string
	// SignersFile lists the keys of the approvers, in the form of OpenSSH's
	// allowed signers.
	SignersFile string
	// Key is the path of an SSH key; "" means what KeyVariable names, or the agent.
	Key string
	// Issuer and Audience are those of the tokens.
	Issuer, Audience string
	// Roles are the approvers' roles, by person.
	Roles map[string]string
	// Getenv reads one environment variable.
	Getenv func(string) (string, bool)
	// Now is the clock.
	Now func() time.Time
	// HTTP is the client for the provider; nil for one with the system's roots.
	HTTP *http.Client
}

// Identity is a person, and how it was proved who it is.
type Identity struct {
	By string
	// How is "local user", "ssh signature of KEY" or "OIDC ISSUER".
	How  string
	Role string
	// Proof is what an auditor checks it with (see Verify), nil for a local user.
	Proof map[string]string
}

// New returns what finds out who makes a statement. It may be called at any
// time, by several at once; each call reads keys, signers and tokens anew. What
// is missing or does not prove who it is comes back as Denied, a broken file
// as Invalid, a provider that does not answer as Unavailable.
func New(s Settings) func(ctx context.Context, statement string) (Identity, error) {
	return func(ctx context.Context, statement string) (Identity, error) {
		var who Identity
		var err error
		switch s.Way {
		case "", Local:
			who, err = Identity{By: s.User, How: howLocal}, nil
			if s.User == "" {
				err = fault.Newf(fault.Denied, "approve: the user of this machine has no name").Hintf("set approvals.identity to ssh or oidc")
			}
		case SSH:
			who, err = s.bySignature(ctx, statement)
		case OIDC:
			who, err = s.byToken(ctx, statement)
		default:
			err = fault.Newf(fault.Invalid, "approve: there is no way of identity %q", s.Way).Hintf("set approvals.identity to local, ssh or oidc")
		}
		if err != nil {
			return Identity{}, err
		}
		who.Role = RoleOf(s.Roles, who.By)
		return who, nil
	}
}

// RoleOf returns the role of a person. Mail addresses are the same person in
// capitals and in small letters, and are written both ways in configurations.
func RoleOf(roles map[string]string, by string) string {
	if role, ok := roles[by]; ok {
		return role
	}
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		if strings.EqualFold(name, by) {
			return roles[name]
		}
	}
	return ""
}

// env returns a variable, "" when it is not set.
func (s Settings) env(name string) string {
	if s.Getenv == nil {
		return ""
	}
	v, _ := s.Getenv(name)
	return v
}

func (s Settings) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
