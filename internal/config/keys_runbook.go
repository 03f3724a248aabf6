package config

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Runbook says how the runbook is to be made.
type Runbook struct {
	// Strategy is "" to take the one that is advised.
	Strategy string
	Window   Window
	// Contacts are who to call.
	Contacts []Contact
	// Checks are tests of the people who know the workload.
	Checks []Check
	// TTLSeconds is what names are lowered to before the cutover.
	TTLSeconds int64
	// ObservationHours is how long is watched before the sign-off.
	ObservationHours int64
	// Shares are the steps of a canary in percent.
	Shares []int
	// TolerancePercent is how much slower the target may be, 0 for what the guides say.
	TolerancePercent int
	// Data says of sets of data what a person knows better.
	Data []Data
	// Owners replaces the names of roles.
	Owners map[string]string
	// Resolvers are asked for names as users' are, by address or address:port;
	// empty for those of the machine. NameServerPort is the port of name servers.
	Resolvers      []string
	NameServerPort int64
}

// Window is the maintenance window that people agreed on.
type Window struct {
	// Opens is nil until it is agreed on.
	Opens *time.Time
	// LengthMinutes and RollbackMinutes are 0 to take what the steps need.
	LengthMinutes, RollbackMinutes int64
	// Zone is the IANA name of the time zone in which people read it.
	Zone string
}

// Contact is who to call.
type Contact struct{ Role, Name, Reach, Does string }

// Check is a test: a request with its answer, or a command.
type Check struct {
	Name string
	// URL is asked for Status and Contains; Command is run. One of them is "".
	URL, Contains, Command string
	Status                 int
	// For is "functional", "load" or "fault".
	For string
}

// Data is what a person knows of one set of data.
type Data struct {
	// Of is a resource's id or name, or the id of the set.
	Of, Method string
	GiB        int64
	// Names and Metadata are what happens to names that Azure cannot hold, of
	// objects and of what goes with them: "exclude", "rename", "fail" or "" for fail.
	Names, Metadata string
}

func runbookKeys() []key { return append(windowKeys(), cutoverKeys()...) }

// word is the form of a name or a short text.
func word() rule { return rule{pattern: `^\S.{0,255}$`, wants: "1 to 256 characters"} }

func windowKeys() []key {
	return []key{
		{path: "runbook.strategy", form: text,
			doc:  "how the target takes over: big-bang, phased, blue-green or canary; without it the one that landfall plan --advise recommends",
			rule: rule{oneOf: []string{"big-bang", "phased", "blue-green", "canary"}},
			put:  func(c *Config, v any) { c.Runbook.Strategy = v.(string) }},
		{path: "runbook.window.opens", form: text,
			doc:  "when the maintenance window opens, such as 2027-03-06T22:00:00+01:00",
			rule: rule{wants: "a time such as 2027-03-06T22:00:00+01:00", test: timeComplaint},
			put:  func(c *Config, v any) { c.Runbook.Window.Opens = instant(v.(string)) }},
		{path: "runbook.window.lengthMinutes", form: integer, def: int64(0),
			doc:  "length of the window, the time for going back included; 0 takes what the steps need",
			rule: rule{min: 0, max: 10_080},
			put:  func(c *Config, v any) { c.Runbook.Window.LengthMinutes = v.(int64) }},
		{path: "runbook.window.rollbackMinutes", form: integer, def: int64(0),
			doc:  "part of the window that is kept for going back; 0 takes what the steps need",
			rule: rule{min: 0, max: 10_080},
			put:  func(c *Config, v any) { c.Runbook.Window.RollbackMinutes = v.(int64) }},
		{path: "runbook.window.zone", form: text, def: "UTC",
			doc:  "time zone in which people read the window, by its IANA name",
			rule: rule{pattern: `^[A-Z][A-Za-z_]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`, wants: "a name such as Europe/Berlin"},
			put:  func(c *Config, v any) { c.Runbook.Window.Zone = v.(string) }},
		{path: "runbook.contacts", form: records,
			doc: "who to call in each role",
			fields: []key{
				{path: "role", form: text, must: true, doc: "role, as the steps name their owners", rule: word()},
				{path: "name", form: text, must: true, doc: "person or rota", rule: word()},
				{path: "reach", form: text, must: true, doc: "how to reach them during the cutover", rule: word()},
				{path: "does", form: text, doc: "what they do in the cutover", rule: word()},
			},
			rule: rule{unique: "role"},
			put:  func(c *Config, v any) { c.Runbook.Contacts = contacts(v.([]map[string]string)) }},
		{path: "runbook.checks", form: records,
			doc: "tests of the workload that become steps: requests with their answers, and commands",
			fields: []key{
				{path: "name", form: text, must: true, doc: "what is tested", rule: word()},
				{path: "url", form: text, doc: "address that is asked", rule: rule{pattern: `^https?://[^/?#\s]+(/\S*)?$`, wants: "an address such as https://host/path", test: addressComplaint}},
				{path: "status", form: text, doc: "status that the answer must have, 200 when left out", rule: rule{digits: true, pattern: `^[1-5][0-9]{2}$`, wants: "a status such as 200"}},
				{path: "contains", form: text, doc: "text that must be in the answer"},
				{path: "command", form: text, doc: "command that must end with exit code 0"},
				{path: "for", form: text, doc: "functional, load or fault; functional when left out", rule: rule{oneOf: []string{"functional", "load", "fault"}}},
			},
			rule: rule{unique: "name", check: oneCheck},
			put:  func(c *Config, v any) { c.Runbook.Checks = checks(v.([]map[string]string)) }},
	}
}

func cutoverKeys() []key {
	return []key{
		{path: "runbook.ttlSeconds", form: integer, def: int64(300),
			doc: "time to live of the workload's names during the cutover",
			// The guides ask for 300 seconds, and 60 for what is very sensitive.
			rule: rule{min: 30, max: 3600},
			put:  func(c *Config, v any) { c.Runbook.TTLSeconds = v.(int64) }},
		{path: "runbook.observationHours", form: integer, def: int64(48),
			doc:  "hours of watching before the sign-off",
			rule: rule{min: 1, max: 2160},
			put:  func(c *Config, v any) { c.Runbook.ObservationHours = v.(int64) }},
		{path: "runbook.shares", form: texts,
			doc:  "shares of a canary in percent, rising, the last one 100; 5, 25, 50, 100 when left out",
			rule: rule{digits: true, pattern: `^([1-9][0-9]?|100)$`, wants: "a whole number from 1 to 100"},
			put:  func(c *Config, v any) { c.Runbook.Shares = numbers(v.([]string)) }},
		{path: "runbook.tolerancePercent", form: integer, def: int64(0),
			doc:  "how much slower than the baseline the target may be; 0 takes what the guide for the kind of entry point says",
			rule: rule{min: 0, max: 100},
			put:  func(c *Config, v any) { c.Runbook.TolerancePercent = int(v.(int64)) }},
		{path: "runbook.data", form: records,
			doc: "what a person knows better of a set of data",
			fields: []key{
				{path: "of", form: text, must: true, doc: "id or name of the resource, or id of the set of data in runbook.json", rule: word()},
				{path: "method", form: text, doc: "online (copy, then follow), offline (copy under the fence), or rebuild for a cache that fills again by itself", rule: rule{oneOf: []string{"online", "offline", "rebuild"}}},
				{path: "gib", form: text, doc: "its size in GiB", rule: rule{digits: true, pattern: `^[1-9][0-9]{0,6}$`, wants: "a whole number of GiB"}},
				{path: "names", form: text, doc: "of a bucket, what happens to keys that Azure cannot hold: exclude (left out and listed), rename (by the rule of object-names.md) or fail; fail when left out", rule: rule{oneOf: nameModes()}},
				{path: "metadata", form: text, doc: "the same for metadata names, tags and headers that Azure cannot hold; with fail the object is not copied", rule: rule{oneOf: nameModes()}},
			},
			rule: rule{unique: "of", check: knowsSomething},
			put:  func(c *Config, v any) { c.Runbook.Data = data(v.([]map[string]string)) }},
		{path: "runbook.owners", form: pairs,
			doc:   "names of the teams behind the roles lead, application, database, storage, network, security, operations and platform",
			names: rule{oneOf: []string{"lead", "application", "database", "storage", "network", "security", "operations", "platform"}},
			rule:  rule{pattern: `^\S.{0,63}$`, wants: "1 to 64 characters"},
			put:   func(c *Config, v any) { c.Runbook.Owners = v.(map[string]string) }},
		{path: "runbook.resolvers", form: text,
			doc: "resolvers that names are asked of, by IP address or address:port, separated by commas; without any, those of the machine",
			// A text and no list, so that a variable can set it: landfall sandbox env does.
			rule: rule{wants: "IP addresses such as 192.0.2.53 or 192.0.2.53:5353, separated by commas", test: resolversComplaint},
			put:  func(c *Config, v any) { c.Runbook.Resolvers = resolverList(v.(string)) }},
		{path: "runbook.nameServerPort", form: integer, def: int64(53),
			doc:  "port on which the name servers of the workload's names are asked",
			rule: rule{min: 1, max: 65535},
			put:  func(c *Config, v any) { c.Runbook.NameServerPort = v.(int64) }},
	}
}

func nameModes() []string { return []string{"exclude", "rename", "fail"} }

func resolverList(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}

func resolversComplaint(value string) string {
	for _, one := range resolverList(value) {
		if _, err := netip.ParseAddr(one); err == nil {
			continue
		}
		if at, err := netip.ParseAddrPort(one); err == nil && at.Port() != 0 {
			continue
		}
		return "wants IP addresses such as 192.0.2.53 or 192.0.2.53:5353, separated by commas, got " + shown(one)
	}
	return ""
}

func timeComplaint(value string) string {
	if _, err := time.Parse(time.RFC3339, value); err != nil {
		return "wants a time such as 2027-03-06T22:00:00+01:00, got " + shown(value)
	}
	return ""
}

// instant reads what timeComplaint has let pass.
func instant(value string) *time.Time {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return nil
	}
	return &t
}

func oneCheck(row map[string]string) string {
	switch {
	case (row["url"] == "") == (row["command"] == ""):
		return "wants either a url or a command"
	case row["command"] != "" && (row["status"] != "" || row["contains"] != ""):
		return "has a status or a text for a command, which has neither"
	case row["url"] != "" && row["for"] != "" && row["for"] != "functional":
		return "asks a url for another test than a functional one; a command can do that"
	}
	return ""
}

func knowsSomething(row map[string]string) string {
	if row["method"] == "" && row["gib"] == "" && row["names"] == "" && row["metadata"] == "" {
		return "says nothing: give it a method, a size, names or metadata"
	}
	return ""
}

func contacts(rows []map[string]string) []Contact {
	out := make([]Contact, 0, len(rows))
	for _, row := range rows {
		out = append(out, Contact{Role: row["role"], Name: row["name"], Reach: row["reach"], Does: row["does"]})
	}
	return out
}

func checks(rows []map[string]string) []Check {
	out := make([]Check, 0, len(rows))
	for _, row := range rows {
		out = append(out, Check{Name: row["name"], URL: row["url"], Contains: row["contains"], Command: row["command"], Status: int(whole(row["status"])), For: row["for"]})
	}
	return out
}

func data(rows []map[string]string) []Data {
	out := make([]Data, 0, len(rows))
	for _, row := range rows {
		out = append(out, Data{Of: row["of"], Method: row["method"], GiB: whole(row["gib"]), Names: row["names"], Metadata: row["metadata"]})
	}
	return out
}

func numbers(list []string) []int {
	out := make([]int, 0, len(list))
	for _, s := range list {
		out = append(out, int(whole(s)))
	}
	return out
}

// whole reads digits that a pattern has let pass; none are nought.
func whole(digits string) int64 {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
