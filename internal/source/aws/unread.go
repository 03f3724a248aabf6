package aws

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/smithy-go"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// namesToTell is how many names stand in an unread entry; the others are
// counted.
const namesToTell = 3

// misses collects what was not read, one entry for each operation, place and
// reason, however many calls it was.
type misses struct {
	mu    sync.Mutex
	found map[missKey]map[string]*missNames // by what is hidden
}

type missKey struct {
	operation string
	account   cloud.Account
	region    cloud.Region
	reason    string
}

// missNames are the things of which something is hidden: the first few in
// order, and how many there are.
type missNames struct {
	first []string
	count int
}

func newMisses() *misses { return &misses{found: map[missKey]map[string]*missNames{}} }

// add notes that the operation hides something; of names the thing of which it
// hides it, "" when it hides it of all.
func (m *misses) add(key missKey, hides, of string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.found[key] == nil {
		m.found[key] = map[string]*missNames{}
	}
	names := m.found[key][hides]
	if names == nil {
		names = &missNames{}
		m.found[key][hides] = names
	}
	if of == "" {
		return
	}
	at, known := slices.BinarySearch(names.first, of)
	if known {
		return
	}
	names.count++
	names.first = slices.Insert(names.first, at, of)
	if len(names.first) > namesToTell {
		names.first = names.first[:namesToTell]
	}
}

func (n *missNames) text(hides string) string {
	if n.count == 0 {
		return hides
	}
	text := hides + " " + strings.Join(n.first, ", ")
	if more := n.count - len(n.first); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// list returns the entries in order.
func (m *misses) list() []inventory.Unread {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []inventory.Unread
	for key, hidden := range m.found {
		var texts []string
		for _, hides := range slices.Sorted(maps.Keys(hidden)) {
			texts = append(texts, hidden[hides].text(hides))
		}
		all = append(all, inventory.Unread{Source: inventory.Live, Operation: key.operation, Account: key.account,
			Region: key.region, Reason: key.reason, Hides: strings.Join(texts, "; ")})
	}
	slices.SortFunc(all, func(a, b inventory.Unread) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	return all
}

func sortKey(u inventory.Unread) string {
	return strings.Join([]string{string(u.Account), string(u.Region), u.Operation, u.Reason}, "\x00")
}

// reasonOf says in one line why a call was not answered: the kind of the
// trouble, and the API's own code or the network's own words. Texts that
// differ from call to call (request ids, ports) are left out, so that the same
// trouble gives the same entry.
func reasonOf(err error) string {
	kind := string(awserror.Kind(err))
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return kind + ": " + api.ErrorCode()
	}
	if status, ok := awserror.BareStatus(err); ok {
		return kind + ": HTTP " + strconv.Itoa(status) + " without an AWS error"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return kind + ": no address for " + dns.Name
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return kind + ": " + network.Op + ": " + network.Err.Error()
	}
	text := strings.Join(strings.Fields(awserror.Brief(err).Error()), " ")
	if last := strings.LastIndex(text, ": "); last >= 0 {
		text = text[last+2:]
	}
	return kind + ": " + text
}
