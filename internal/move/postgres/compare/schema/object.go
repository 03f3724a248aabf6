package schema

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Object is one object of a catalogue.
type Object struct {
	// Kind is what PostgreSQL calls it: "table", "index", "function", "large object".
	Kind string `json:"kind"`
	// Name is the identity: shop.orders, shop.total(integer), orders_pkey on shop.orders.
	Name string `json:"name"`
	// Schema that it is in, "" for none. Extension that it belongs to, "" for none.
	Schema    string `json:"schema,omitempty"`
	Extension string `json:"extension,omitempty"`
	Owner     string `json:"owner,omitempty"`
	// Grants are the privileges of everyone, one line per grantee: `alice: SELECT, UPDATE*`,
	// with a star for the grant option.
	Grants  []string `json:"grants,omitempty"`
	Comment string   `json:"comment,omitempty"`
	// Labels are security labels, "provider: label".
	Labels []string `json:"labels,omitempty"`
	// Fields are what defines it, those that have their default left out.
	Fields map[string]string `json:"fields,omitempty"`
}

// Unread is a part of the catalogue that the login may not see.
type Unread struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Catalogue is what a database has.
type Catalogue struct {
	Server  pg.Server `json:"server"`
	Objects []Object  `json:"objects"`
	Unread  []Unread  `json:"unread,omitempty"`
	// Roles of the server: a grantee or an owner that the other side lacks explains
	// a difference.
	Roles []string `json:"roles"`
}

// Read reads the catalogue. Objects of the system and of extensions are left out,
// and so are Landfall's own (names that begin with landfall_).
func Read(ctx context.Context, conn *pgx.Conn, selection pg.Selection) (Catalogue, error) {
	return read(ctx, conn, selection)
}

// Reasons for which a difference is expected. The zero value is none.
const (
	// ByProvider: the managed service made it.
	ByProvider = "made by the service that runs the server"
	// ByVersion: PostgreSQL versions write or default it differently.
	ByVersion = "versions of PostgreSQL write it differently"
	// BySuperuser: only a superuser can make it, and the target has none.
	BySuperuser = "only a superuser can make it"
	// NotCarried: publications, subscriptions and replication settings are not moved.
	NotCarried = "it is not carried over"
	// ByFence: the fence of the source set it.
	ByFence = "set by the fence"
	// Hidden: options of a user mapping, which a side's login may not see.
	Hidden = "the login may not see it"
	// OwnDatabase: a database is made by its user, before the move; its owner stays.
	OwnDatabase = "the target's database belongs to whoever made it"
	// ByInheritance: a restore puts inherited columns first.
	ByInheritance = "inherited columns come first after a restore"
	// ByParent: a restore makes the constraints of partitions with that of the
	// partitioned table, and the server chooses their names.
	ByParent = "constraints of partitions are named after that of their parent by a restore"
)

// Difference is an object that one side has, or both have and not alike.
type Difference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Fields names what differs, sorted: "owner", "grants", "comment", "column type".
	Fields []string `json:"fields,omitempty"`
	// Source and Target are the texts: only of the fields that differ where both have
	// it. "" where the side has none.
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
	// Expected says why the difference is none to mend, "" for a real one.
	Expected string `json:"expected,omitempty"`
}

// Result is the comparison of two catalogues.
type Result struct {
	// Equal counts the objects that are alike, by kind.
	Equal map[string]int `json:"equal"`
	// Missing are at the source only, Extra at the target only, in the order of kind
	// and name.
	Missing   []Difference `json:"missing,omitempty"`
	Extra     []Difference `json:"extra,omitempty"`
	Different []Difference `json:"different,omitempty"`
	// SourceUnread and TargetUnread are what a login may not see: of that nothing is
	// known.
	SourceUnread []Unread `json:"sourceUnread,omitempty"`
	TargetUnread []Unread `json:"targetUnread,omitempty"`
}

// Same reports whether there is no difference but expected ones, and nothing
// unread.
func (r Result) Same() bool {
	return len(r.Unexpected()) == 0 && len(r.SourceUnread) == 0 && len(r.TargetUnread) == 0
}

// Unexpected are the differences that are none to expect.
func (r Result) Unexpected() []Difference {
	var out []Difference
	for _, list := range [][]Difference{r.Missing, r.Extra, r.Different} {
		for _, d := range list {
			if d.Expected == "" {
				out = append(out, d)
			}
		}
	}
	return out
}

// Known is what the caller knows that explains differences.
type Known struct {
	// Fenced says that the source is fenced: no CONNECT, read only by default.
	Fenced bool
	// Roles maps the source's role names to the target's where they were renamed.
	Roles map[string]string
	// Expect gives a reason for one more difference, "" for none; nil has none.
	Expect func(Difference) string
}
