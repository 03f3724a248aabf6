package facts

import (
	"example.com/landfall/internal/move/postgres/pg"
)

// Facts is what is known of one side.
type Facts struct {
	Server   pg.Server `json:"server"`
	Database string    `json:"database"`
	// Owner is the owner of the database, Comment what is written about it, Limit how
	// many sessions it takes, -1 for any number.
	Owner   string `json:"owner"`
	Comment string `json:"comment,omitempty"`
	Limit   int    `json:"limit"`
	// Missing says that the database is not there: the rest is of the server only.
	Missing bool `json:"missing,omitempty"`
	// Encrypted says that the session was; Mode is the sslmode of the endpoint.
	Encrypted bool   `json:"encrypted"`
	Mode      string `json:"mode"`
	// Password says that the endpoint has one.
	Password bool `json:"password"`

	Settings    map[string]Setting `json:"settings"`
	Rights      Rights             `json:"rights"`
	Locale      Locale             `json:"locale"`
	Replication Replication        `json:"replication"`
	Activity    Activity           `json:"activity"`

	Tables     []Table     `json:"tables"`
	Sequences  []Sequence  `json:"sequences,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"`
	// Available are the extensions that can be created, with their versions.
	Available map[string]Offer `json:"available,omitempty"`
	// Objects are all others that matter, by kind.
	Objects []Object `json:"objects,omitempty"`
	// Names are all objects of the database by name, for collisions: "table
	// public.orders".
	Names []string `json:"-"`
	// Overrides are the settings of databases and roles.
	Overrides []Override `json:"overrides,omitempty"`
	// Roles are all of the server, Members their memberships, Grants the rights on
	// the database that are not its owner's.
	Roles   []Role   `json:"roles"`
	Members []Member `json:"members,omitempty"`
	Grants  []Grant  `json:"grants,omitempty"`
	Large   Large    `json:"largeObjects"`
	// Unread is what the login may not ask, and what follows from it.
	Unread []Unread `json:"unread,omitempty"`
}

// Setting is a server parameter.
type Setting struct {
	Value string `json:"value"`
	Unit  string `json:"unit,omitempty"`
	// Source is where it was set: "default", "configuration file", "database".
	Source string `json:"source"`
	// Context says who may set it and when: "user", "postmaster".
	Context string `json:"context"`
	// Restart says that a new value waits for the next start of the server.
	Restart bool `json:"restart,omitempty"`
}

// Rights are what the login may do.
type Rights struct {
	// Superuser says that the login is one, Becomes that it is a member of one, and
	// can become it with SET ROLE.
	Superuser bool `json:"superuser"`
	Becomes   bool `json:"becomes"`
	// Replicates says that a replication connection was opened and answered; Refusal
	// is what the server said otherwise.
	Replicates bool   `json:"replicates"`
	Refusal    string `json:"refusal,omitempty"`
	// RefusalCode is the SQLSTATE of it, "" where no server said it.
	RefusalCode string `json:"refusalCode,omitempty"`
	// Creates is CREATE on the database, Owns says that the login has the rights of
	// the database's owner.
	Creates bool `json:"creates"`
	Owns    bool `json:"owns"`
	// Signals says that it may end sessions of others.
	Signals bool `json:"signals"`
	// Subscribes says that it may create subscriptions.
	Subscribes bool `json:"subscribes"`
	// Bypasses says that row security does not bind it.
	Bypasses bool `json:"bypasses"`
	// CreatesRoles and Admin: attribute CREATEROLE; the role of the platform's
	// administrators that it is a member of.
	CreatesRoles bool   `json:"createsRoles"`
	Admin        string `json:"admin,omitempty"`
}

// Locale is how the database sorts and compares.
type Locale struct {
	Encoding string `json:"encoding"`
	// Provider is libc, icu or builtin.
	Provider string `json:"provider"`
	Collate  string `json:"collate"`
	CType    string `json:"ctype"`
	// ICU is the locale of a database with that provider, Rules its own rules.
	ICU string `json:"icu,omitempty"`
	// Version is that of the collation as the library has it now, Recorded the one
	// that was noted when the database was made.
	Version  string `json:"version,omitempty"`
	Recorded string `json:"recorded,omitempty"`
	// Collations are those that the server has, as "schema.name".
	Collations map[string]bool `json:"-"`
}

// Replication is what of replication is there.
type Replication struct {
	Slots         []Slot `json:"slots,omitempty"`
	Subscriptions []Link `json:"subscriptions,omitempty"`
	Publications  []Link `json:"publications,omitempty"`
	// Senders, Origins and Workers are how many are in use.
	Senders int `json:"senders"`
	Origins int `json:"origins"`
	Workers int `json:"workers"`
}

// Slot is a replication slot.
type Slot struct {
	Name     string `json:"name"`
	Plugin   string `json:"plugin,omitempty"`
	Database string `json:"database,omitempty"`
	Active   bool   `json:"active"`
	// Retained is how much of the log it holds, in bytes.
	Retained int64 `json:"retained"`
}

// Link is a publication or a subscription.
type Link struct {
	Name    string `json:"name"`
	Owner   string `json:"owner"`
	Enabled bool   `json:"enabled"`
	// All is FOR ALL TABLES.
	All bool `json:"all,omitempty"`
}

// Activity is what sessions do.
type Activity struct {
	Connections int `json:"connections"`
	// Long are transactions that have run for minutes.
	Long     []Transaction `json:"long,omitempty"`
	Prepared []Prepared    `json:"prepared,omitempty"`
	// Superusers are sessions of superusers on this database.
	Superusers int `json:"superusers"`
	// Shared are sessions of others on this database with Landfall's login.
	Shared int `json:"shared,omitempty"`
	// XIDAge is the age of the oldest transaction id of the database.
	XIDAge int64 `json:"xidAge"`
}

// Transaction is one that has run for long.
type Transaction struct {
	PID     int     `json:"pid"`
	User    string  `json:"user"`
	State   string  `json:"state"`
	Seconds float64 `json:"seconds"`
	// Writes says that it has an id: a slot waits for it to end.
	Writes bool `json:"writes"`
}

// Prepared is a transaction that was prepared and is neither committed nor rolled
// back.
type Prepared struct {
	ID      string  `json:"id"`
	Owner   string  `json:"owner"`
	Seconds float64 `json:"seconds"`
}

// Sequence is a sequence that is no extension's.
type Sequence struct {
	Name pg.Name `json:"name"`
	// Used is the share of its range that is used, 0 to 1; of the column's type where
	// that is smaller.
	Used float64 `json:"used"`
	// Column is the one that it belongs to, "" for none.
	Column string `json:"column,omitempty"`
	Last   int64  `json:"last"`
}

// Extension is an extension that is installed.
type Extension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
	// Data are its tables that hold rows of the users'.
	Data []string `json:"data,omitempty"`
}

// Offer is an extension that a server has on its disk.
type Offer struct {
	Version string `json:"version"`
	// Superuser says that a superuser has to create it, Trusted that it is enough to
	// have CREATE on the database nevertheless.
	Superuser bool `json:"superuser,omitempty"`
	Trusted   bool `json:"trusted,omitempty"`
}

// Object is an object whose kind matters to the move.
type Object struct {
	Kind string  `json:"kind"`
	Name pg.Name `json:"name"`
	// Arguments are those of a function, in brackets.
	Arguments string `json:"arguments,omitempty"`
	// Detail depends on the kind.
	Detail string `json:"detail,omitempty"`
}

// Label is the name of an object for people, without schema where it has none.
func (o Object) Label() string {
	if o.Name.Schema == "" {
		return o.Name.Name
	}
	return o.Name.String() + o.Arguments
}

// Override is a setting of a database or role.
type Override struct {
	// Role and Database are "" for all.
	Role     string `json:"role,omitempty"`
	Database string `json:"database,omitempty"`
	Name     string `json:"name"`
	// Value is "" where it may be a secret; Secret says so.
	Value  string `json:"value"`
	Secret bool   `json:"secret,omitempty"`
}

// Large are the large objects.
type Large struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

// Unread is something that could not be asked.
type Unread struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Sample is a timed read of a part of a table.
type Sample struct {
	Table string `json:"table"`
	// Rows were read; Bytes is what the server sent for them, Stored about what they
	// take in the table.
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
	Stored  int64   `json:"stored"`
	Seconds float64 `json:"seconds"`
}
