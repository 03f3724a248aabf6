package roles

import (
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// Plan is what will be done about roles on the target. It is deterministic: the
// same source and target give the same plan.
type Plan struct {
	Roles []Role `json:"roles"`
	// Left are roles of the source that are not made, with the reason.
	Left []Left `json:"left,omitempty"`
	// Unneeded are roles that have nothing to do with the database.
	Unneeded []string `json:"unneeded,omitempty"`
	// Omitted are settings and memberships that are not carried over.
	Omitted []Left `json:"omitted,omitempty"`
	// Statements make it true, in this order. Each can be executed again.
	Statements []Statement `json:"statements"`
	// Passwords are the roles that log in and arrive without a password; of those
	// that are there already nobody knows whether they have one.
	Passwords []string `json:"passwords,omitempty"`
}

// Role is a role of the source and what it becomes.
type Role struct {
	Name string `json:"name"`
	// Exists says that the target has it already: its attributes stay as they are.
	Exists bool `json:"exists,omitempty"`
	Login  bool `json:"login,omitempty"`
	Owns   bool `json:"owns,omitempty"`
	// Why are the reasons it is needed: "owns objects", "member of app".
	Why []string `json:"why"`
	// Without are attributes of the source that the target does not give.
	Without []string `json:"without,omitempty"`
}

// Left is a role, or something of one, that is not made.
type Left struct {
	Name string `json:"name"`
	Why  string `json:"why"`
	// Instead is the role of the target that stands for it, "" for none: what it
	// owns will belong to that one.
	Instead string `json:"instead,omitempty"`
	Owns    bool   `json:"owns,omitempty"`
}

// Statement is one statement of a plan.
type Statement struct {
	SQL string `json:"sql"`
	// Role is the one that it concerns, "" for the database.
	Role string `json:"role,omitempty"`
	// Why says what it is for where that is not plain; Undo takes it back after the
	// move, "" for what stays.
	Why  string `json:"why,omitempty"`
	Undo string `json:"undo,omitempty"`
}

// Target is the server that roles are planned for.
type Target struct {
	Platform pg.Platform
	Major    int
	// Facts is nil for a server that is not there yet.
	Facts *facts.Facts
	// Database is the name of the database there.
	Database string
}

// New plans. What the source has and the target will not have is listed.
func New(source *facts.Facts, target Target) Plan {
	b := &builder{source: source, target: target, at: map[string]int{}}
	b.choose()
	b.create()
	b.own()
	b.members()
	b.grants()
	b.settings()
	return b.plan
}

type builder struct {
	source *facts.Facts
	target Target
	plan   Plan
	// at is the place of a role in plan.Roles.
	at map[string]int
	// present are the roles that the target has.
	present map[string]bool
}

// choose decides which roles are needed, and says of the others why they are not.
func (b *builder) choose() {
	b.present = map[string]bool{}
	if f := b.target.Facts; f != nil {
		for _, r := range f.Roles {
			b.present[r.Name] = true
		}
	}
	why := needed(b.source)
	for _, r := range b.source.Roles {
		reason, instead := b.leaves(r)
		switch {
		case strings.HasPrefix(r.Name, "pg_"):
			// Every server has its own; memberships in them are looked at below.
		case reason != "":
			b.plan.Left = append(b.plan.Left, Left{r.Name, reason, instead, r.Owns})
		case why[r.Name] == nil:
			b.plan.Unneeded = append(b.plan.Unneeded, r.Name)
		default:
			b.at[r.Name] = len(b.plan.Roles)
			b.plan.Roles = append(b.plan.Roles, Role{Name: r.Name, Exists: b.present[r.Name], Login: r.Login, Owns: r.Owns, Why: why[r.Name], Without: b.without(r)})
		}
	}
}

// leaves says why a role cannot be made on the target, and which one stands for
// it there.
func (b *builder) leaves(r facts.Role) (why, instead string) {
	if why, instead, ok := provider(b.source.Server.Platform, r.Name, b.target.Platform); ok {
		if r.Owns && instead == "" {
			instead = b.login()
		}
		return why, instead
	}
	if !b.present[r.Name] && Forbidden(b.target.Platform, r.Name) {
		return "the target reserves names like this one", b.login()
	}
	return "", ""
}

// login is the login of the target, "" where there is none yet.
func (b *builder) login() string {
	if b.target.Facts == nil {
		return ""
	}
	return b.target.Facts.Server.User
}

// powers reports whether the target's login may give attributes that are kept for
// superusers.
func (b *builder) powers() bool {
	return b.target.Facts != nil && b.target.Facts.Rights.Superuser
}

func (b *builder) without(r facts.Role) []string {
	var out []string
	if r.Superuser {
		out = append(out, "SUPERUSER")
	}
	if r.Replication && !b.powers() {
		out = append(out, "REPLICATION")
	}
	if r.Bypass && !b.powers() {
		out = append(out, "BYPASSRLS")
	}
	return out
}

// needed finds the roles that the database needs, and why: those that its objects
// name, those they are members of, and those who are members of them.
func needed(f *facts.Facts) map[string][]string {
	why := map[string][]string{}
	for _, r := range f.Roles {
		for _, reason := range []struct {
			is   bool
			text string
		}{{r.Owns, "owns objects"}, {r.Holds, "holds rights"}, {r.Secures, "named in policies"}} {
			if reason.is {
				why[r.Name] = append(why[r.Name], reason.text)
			}
		}
	}
	for _, o := range f.Overrides {
		if o.Role != "" && o.Database != "" && !slices.Contains(why[o.Role], "has settings here") {
			why[o.Role] = append(why[o.Role], "has settings here")
		}
	}
	// The roles of the server and of a provider join everything; needing them makes
	// nobody needed.
	joins := func(name string) bool {
		_, _, ours := provider(f.Server.Platform, name, "")
		return !ours && !strings.HasPrefix(name, "pg_")
	}
	for changed := true; changed; {
		changed = false
		for _, m := range f.Members {
			up, down := why[m.Role] == nil && why[m.Member] != nil, why[m.Member] == nil && why[m.Role] != nil
			if up && joins(m.Role) {
				why[m.Role], changed = []string{m.Member + " is a member"}, true
			}
			// Landfall's login is a member of the owners for the sake of the move; the
			// target has one of its own.
			if down && joins(m.Role) && m.Member != f.Server.User {
				why[m.Member], changed = []string{"member of " + m.Role}, true
			}
		}
	}
	return why
}
