package recorder

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The states of an item that the recorder writes.
const (
	statusOK         = "OK"
	statusDiscovered = "ResourceDiscovered"
	statusDeleted    = "ResourceDeleted"
)

// The texts AWS Config gives for zones of resources that are in none or all.
const (
	zoneMany     = "Multiple Availability Zones"
	zoneNone     = "Not Applicable"
	zoneRegional = "Regional"
	regionGlobal = "global"
)

// itemVersion is the version of the item format.
const itemVersion = "1.3"

// timeForm is how AWS Config writes times within JSON.
const timeForm = "2006-01-02T15:04:05.000Z"

// relation is one relationship of an item.
type relation struct {
	verb       string // "Is contained in", "Contains", "Is attached to", "Is associated with"
	kind, id   string
	targetName string
}

// name is the relationship's name: "Is contained in Vpc".
func (r relation) name() string {
	short := r.kind[strings.LastIndexByte(r.kind, ':')+1:]
	if short == "VPC" {
		short = "Vpc"
	}
	return r.verb + " " + short
}

const (
	containedIn  = "Is contained in"
	containsVerb = "Contains"
	attachedTo   = "Is attached to"
	associated   = "Is associated with"
)

// item is what a reader found out about one resource.
type item struct {
	kind, id, name, arn string
	region, zone        string
	created             time.Time
	tags                map[string]string
	relations           []relation
	configuration       map[string]any
	supplementary       map[string]any
}

// relate adds a relationship; one without an id is left out. Where the answer
// names the other side by ARN or name, that will do: the id is looked up.
func (it *item) relate(verb, kind, id string) {
	if id == "" {
		return
	}
	it.relations = append(it.relations, relation{verb: verb, kind: kind, id: id})
}

// relateAll adds a relationship to each id.
func (it *item) relateAll(verb, kind string, ids []string) {
	for _, id := range ids {
		it.relate(verb, kind, id)
	}
}

// key orders items by type, then by id.
func (it *item) key() string { return it.kind + "\x00" + it.id }

// captured is an item as it was recorded at a time. It never changes.
type captured struct {
	item
	account string
	status  string
	at      time.Time
	state   int64 // configurationStateId
	hash    string
	// configurationJSON and supplementaryJSON are what the API returns.
	configurationJSON string
	supplementaryJSON map[string]string
	// document is the item as queries see it.
	document map[string]any
}

// fingerprint is the same for items that say the same.
func (it *item) fingerprint() string {
	h := md5.New()
	// Marshal sorts map keys, so equal items have equal bytes.
	raw, err := json.Marshal([]any{
		it.kind, it.id, it.name, it.arn, it.region, it.zone, it.tags, it.configuration, it.supplementary, it.relationNames(),
	})
	if err != nil {
		// Items hold JSON types only; a reader that breaks this shows up as an
		// item that changes at every look.
		raw = []byte(err.Error())
	}
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

func (it *item) relationNames() []string {
	out := make([]string, len(it.relations))
	for i, r := range it.relations {
		out[i] = strings.Join([]string{r.verb, r.kind, r.id, r.targetName}, "\x00")
	}
	return out
}

// sortRelations gives relationships one order and drops repeats.
func (it *item) sortRelations() {
	slices.SortFunc(it.relations, func(a, b relation) int {
		return strings.Compare(a.kind+"\x00"+a.id+"\x00"+a.verb, b.kind+"\x00"+b.id+"\x00"+b.verb)
	})
	it.relations = slices.Compact(it.relations)
}

// capture fixes the item as of now.
func (it item) capture(account, status string, at time.Time, state int64) *captured {
	c := &captured{item: it, account: account, status: status, at: at, state: state, hash: it.fingerprint()}
	if status == statusDeleted {
		// A deleted resource has no configuration, but one can still see what
		// it was: type, id, name and ARN.
		c.configuration, c.supplementary, c.relations, c.tags = nil, nil, nil, nil
	}
	c.supplementaryJSON = map[string]string{}
	for name, value := range c.supplementary {
		c.supplementaryJSON[name] = jsonText(value)
	}
	if c.configuration != nil {
		c.configurationJSON = jsonText(c.configuration)
	}
	c.document = c.queryDocument()
	return c
}

func jsonText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(raw)
}
