package schema

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"example.com/landfall/internal/fault"
)

// Flags of a property in the file.
const (
	flagRequired  = 1
	flagReadOnly  = 2
	flagWriteOnly = 4
	flagIdentity  = 16
)

// Scopes a resource may be written at, as bits.
const (
	// ScopeTenant is "/providers/...".
	ScopeTenant = 1 << iota
	// ScopeManagementGroup is below a management group.
	ScopeManagementGroup
	// ScopeSubscription is directly below a subscription.
	ScopeSubscription
	// ScopeGroup is below a resource group.
	ScopeGroup
	// ScopeExtension is below another resource.
	ScopeExtension
)

// Definitions holds the types of one file.
type Definitions struct {
	resources map[string]Resource
	nodes     []node
}

// Resource is one resource type of the file.
type Resource struct {
	// Type is the name with its published case.
	Type string
	// Version is the API version of the definition.
	Version string
	// WriteScopes are the Scope bits where it may be written.
	WriteScopes int
	body        int
}

// node is one type. The letter is that of the file: O object, D discriminated
// object, Y array, U union, L literal, S string, I number, B boolean, A any.
type node struct {
	letter    byte
	name      string
	props     map[string]property
	extra     int
	item      int
	literal   string
	members   []int
	variants  map[string]int
	key       string
	limits    limits
	pattern   *regexp.Regexp
	sensitive bool
}

type property struct {
	name  string
	node  int
	flags int
}

func (p property) has(flag int) bool { return p.flags&flag != 0 }

type limits struct {
	MinLength *int     `json:"minLength"`
	MaxLength *int     `json:"maxLength"`
	MinValue  *float64 `json:"minValue"`
	MaxValue  *float64 `json:"maxValue"`
	Pattern   string   `json:"pattern"`
	Sensitive bool     `json:"sensitive"`
}

// Load reads a gzip-compressed definitions file.
func Load(path string) (*Definitions, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, "open type definitions", path)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read type definitions", path, err)
	}
	var file struct {
		Resources map[string]struct {
			Body int `json:"body"`
			WS   int `json:"ws"`
		} `json:"resources"`
		Types [][]json.RawMessage `json:"types"`
	}
	if err := json.NewDecoder(zip).Decode(&file); err != nil {
		return nil, fault.Of(fault.Invalid, "read type definitions", path, err)
	}
	d := &Definitions{resources: map[string]Resource{}, nodes: make([]node, len(file.Types))}
	for i, raw := range file.Types {
		if d.nodes[i], err = decodeNode(raw, len(file.Types)); err != nil {
			return nil, fault.Of(fault.Invalid, fmt.Sprintf("read type %d of the definitions", i), path, err)
		}
	}
	for id, r := range file.Resources {
		name, version, ok := strings.Cut(id, "@")
		if !ok || r.Body < 0 || r.Body >= len(d.nodes) {
			return nil, fault.Of(fault.Invalid, "read type definitions", path, fmt.Errorf("resource %q is not in the form TYPE@VERSION or has no body", id))
		}
		d.resources[strings.ToLower(name)] = Resource{Type: name, Version: version, WriteScopes: r.WS, body: r.Body}
	}
	d.records()
	return d, nil
}

// records gives the kinds of records that the file lacks the body of those
// that it has: the record sets of a zone share one form (REST references
// "Record Sets" of DNS and Private DNS).
func (d *Definitions) records() {
	for _, zone := range []string{"Microsoft.Network/dnsZones", "Microsoft.Network/privateDnsZones"} {
		like, ok := d.resources[strings.ToLower(zone+"/A")]
		if !ok {
			continue
		}
		for _, record := range []string{"AAAA", "CNAME", "MX", "PTR", "SRV", "TXT"} {
			kind := zone + "/" + record
			if _, known := d.resources[strings.ToLower(kind)]; !known {
				like.Type = kind
				d.resources[strings.ToLower(kind)] = like
			}
		}
	}
}

func decodeNode(raw []json.RawMessage, count int) (node, error) {
	n := node{extra: -1}
	var letter string
	if len(raw) < 2 {
		return n, fmt.Errorf("it has %d parts", len(raw))
	}
	if err := json.Unmarshal(raw[0], &letter); err != nil || len(letter) != 1 {
		return n, fmt.Errorf("its letter is %s", raw[0])
	}
	n.letter = letter[0]
	var err error
	switch n.letter {
	case 'O':
		err = n.object(raw)
	case 'D':
		err = n.discriminated(raw)
	case 'Y':
		err = firstError(json.Unmarshal(raw[1], &n.item), n.limit(raw[len(raw)-1]))
	case 'U':
		err = json.Unmarshal(raw[1], &n.members)
	case 'L':
		err = json.Unmarshal(raw[1], &n.literal)
	case 'S', 'I', 'B', 'A':
		err = n.limit(raw[1])
	default:
		err = fmt.Errorf("letter %q is unknown", letter)
	}
	if err != nil {
		return n, err
	}
	return n, n.inside(count)
}

func (n *node) object(raw []json.RawMessage) error {
	if len(raw) < 3 {
		return fmt.Errorf("an object has %d parts", len(raw))
	}
	if len(raw) > 3 {
		if err := json.Unmarshal(raw[3], &n.extra); err != nil {
			return err
		}
	}
	return firstError(json.Unmarshal(raw[1], &n.name), n.properties(raw[2]))
}

func (n *node) discriminated(raw []json.RawMessage) error {
	if len(raw) < 4 {
		return fmt.Errorf("a discriminated object has %d parts", len(raw))
	}
	return firstError(json.Unmarshal(raw[1], &n.key), n.properties(raw[2]), json.Unmarshal(raw[3], &n.variants))
}

func (n *node) properties(raw json.RawMessage) error {
	var pairs map[string][2]int
	if err := json.Unmarshal(raw, &pairs); err != nil {
		return err
	}
	n.props = make(map[string]property, len(pairs))
	for name, pair := range pairs {
		n.props[strings.ToLower(name)] = property{name: name, node: pair[0], flags: pair[1]}
	}
	return nil
}

func (n *node) limit(raw json.RawMessage) error {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(raw, &n.limits); err != nil {
		return err
	}
	n.sensitive = n.limits.Sensitive
	if n.limits.Pattern == "" {
		return nil
	}
	// Azure's patterns are .NET expressions. One that RE2 cannot express
	// (look-ahead) is not judged rather than judged wrongly.
	if p, err := regexp.Compile(n.limits.Pattern); err == nil {
		n.pattern = p
	}
	return nil
}

// inside checks that every reference of the node points into the file, so that
// a walk never has to.
func (n *node) inside(count int) error {
	refs := append([]int{n.item}, n.members...)
	if n.extra >= 0 {
		refs = append(refs, n.extra)
	}
	for _, p := range n.props {
		refs = append(refs, p.node)
	}
	for _, v := range n.variants {
		refs = append(refs, v)
	}
	for _, r := range refs {
		if r < 0 || r >= count {
			return fmt.Errorf("it refers to type %d of %d", r, count)
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Len is the number of resource types in the file.
func (d *Definitions) Len() int { return len(d.resources) }

// Resource looks a type up, without regard to case.
func (d *Definitions) Resource(kind string) (Resource, bool) {
	r, ok := d.resources[strings.ToLower(kind)]
	return r, ok
}

// Resources returns the types of the file in no particular order.
func (d *Definitions) Resources() []Resource {
	all := make([]Resource, 0, len(d.resources))
	for _, r := range d.resources {
		all = append(all, r)
	}
	return all
}
