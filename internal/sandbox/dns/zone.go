package dns

import (
	"cmp"
	"slices"
	"strings"

	mdns "github.com/miekg/dns"
)

// Policy is how one record set is chosen among those of its name and type.
type Policy string

// The routing policies of Route 53.
const (
	Simple      Policy = "simple"
	Weighted    Policy = "weighted"
	MultiValue  Policy = "multivalue"
	Failover    Policy = "failover"
	Latency     Policy = "latency"
	Geolocation Policy = "geolocation"
	// Unsupported record sets are not answered.
	Unsupported Policy = "unsupported"
)

// Zone is a hosted zone with everything in it.
type Zone struct {
	ID   string
	Name string
	// Private zones win over public ones of the same name, as they do for a
	// resolver inside the VPC.
	Private bool
	Sets    []RecordSet
}

// RecordSet is a resource record set of a zone.
type RecordSet struct {
	Name, Type string
	TTL        uint32
	// Values are in the presentation format of zone files.
	Values []string
	// Alias is the name that an alias record stands for; then Values and TTL
	// are empty.
	Alias string
	// SetID tells the members of a group apart.
	SetID  string
	Policy Policy
	// Weight is that of a weighted set.
	Weight uint64
	// Primary marks the primary set of a failover pair.
	Primary bool
	// Region is that of a latency set.
	Region string
	// Default marks the geolocation set for everybody else.
	Default bool
}

// index is a set of zones in the form in which questions are answered.
type index struct{ zones map[string]*zoneIndex }

// zoneIndex is one zone.
type zoneIndex struct {
	Zone
	// sets are the record sets by name and type, in the order of their SetID.
	sets map[string]map[uint16][]RecordSet
	// names are all names that exist, also those that only lead to others
	// (RFC 4592 calls them empty non-terminals).
	names map[string]bool
}

// newIndex also returns what it could not use, in words.
func newIndex(zones []Zone) (*index, []string) {
	idx := &index{zones: map[string]*zoneIndex{}}
	var trouble []string
	for _, z := range zones {
		z.Name = mdns.CanonicalName(z.Name)
		if other := idx.zones[z.Name]; other != nil && !z.wins(other.Zone) {
			trouble = append(trouble, "zone "+z.ID+" is hidden by "+other.ID+" of the same name "+z.Name)
			continue
		}
		zi, words := newZoneIndex(z)
		idx.zones[z.Name] = zi
		trouble = append(trouble, words...)
	}
	return idx, trouble
}

// wins reports which of two zones of one name is asked.
func (z Zone) wins(other Zone) bool {
	if z.Private != other.Private {
		return z.Private
	}
	return z.ID < other.ID
}

func newZoneIndex(z Zone) (*zoneIndex, []string) {
	zi := &zoneIndex{Zone: z, sets: map[string]map[uint16][]RecordSet{}, names: map[string]bool{z.Name: true}}
	var trouble []string
	for _, set := range z.Sets {
		set.Name = mdns.CanonicalName(set.Name)
		code, known := mdns.StringToType[strings.ToUpper(set.Type)]
		if !known || !mdns.IsSubDomain(z.Name, set.Name) {
			trouble = append(trouble, "record "+set.Name+" of type "+set.Type+" does not fit into zone "+z.Name)
			continue
		}
		byType := zi.sets[set.Name]
		if byType == nil {
			byType = map[uint16][]RecordSet{}
			zi.sets[set.Name] = byType
		}
		byType[code] = append(byType[code], set)
		for name := set.Name; name != z.Name; name = parent(name) {
			zi.names[name] = true
		}
	}
	for _, byType := range zi.sets {
		for _, sets := range byType {
			slices.SortStableFunc(sets, func(a, b RecordSet) int { return cmp.Compare(a.SetID, b.SetID) })
		}
	}
	return zi, trouble
}

// parent cuts the first label off; the parent of the root is the root.
func parent(name string) string {
	next, end := mdns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[next:]
}

// zoneOf returns the zone that holds the name: the one with the longest name.
func (x *index) zoneOf(name string) *zoneIndex {
	for {
		if z := x.zones[name]; z != nil {
			return z
		}
		if name == "." {
			return nil
		}
		name = parent(name)
	}
}

// cut returns the name server records of a delegation at or above the name,
// below the top of the zone; nil when there is none.
func (z *zoneIndex) cut(name string) []RecordSet {
	var found []RecordSet
	for ; name != z.Name; name = parent(name) {
		if sets := z.sets[name][mdns.TypeNS]; len(sets) > 0 {
			found = sets // the one nearest to the top wins
		}
	}
	return found
}

// find returns the record sets by type for a name, wildcards included. exists
// is true for a name that exists without records of its own.
func (z *zoneIndex) find(name string) (byType map[uint16][]RecordSet, exists bool) {
	if z.names[name] {
		return z.sets[name], true
	}
	// A wildcard answers only below the closest name that exists (RFC 4592).
	encloser := parent(name)
	for !z.names[encloser] {
		encloser = parent(encloser)
	}
	byType = z.sets["*."+encloser]
	return byType, byType != nil
}
