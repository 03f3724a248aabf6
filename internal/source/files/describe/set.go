package describe

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// Set reads the outputs of one run: some of them are pages of one answer, and
// where one does not say which account it is of, the others do. Call Learn for
// each file, then Read for each, then Finish. It is safe for concurrent use.
type Set struct {
	table *table

	mu     sync.Mutex
	votes  format.Votes
	series map[pageKey]*pages
	zones  map[string]string // the id of a hosted zone by its name
}

// NewSet returns an empty set.
func NewSet() *Set {
	return &Set{table: readTable(), series: map[pageKey]*pages{}, zones: map[string]string{}}
}

// learnBytes is how much of each file is looked at beforehand.
const learnBytes = 256 << 10

var (
	arnWithin   = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:`)
	zoneWithin  = regexp.MustCompile(`"AvailabilityZone"\s*:\s*"([a-z0-9-]+)"`)
	ownerWithin = regexp.MustCompile(`"(?:OwnerId|Account|AccountId|registryId)"\s*:\s*"([0-9]{12})"`)
	hostedZone  = regexp.MustCompile(`"Id"\s*:\s*"/hostedzone/([A-Z0-9]+)"\s*,\s*"Name"\s*:\s*"([^"]+)"`)
)

// Learn takes from the beginning of a file what tells account and region.
func (s *Set) Learn(_ context.Context, d *document.Document) error {
	head, _ := d.Head(learnBytes) // Read refuses what cannot be read
	votes := votesOf(head)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range hostedZone.FindAllSubmatch(head, -1) {
		s.zones[string(m[2])] = string(m[1])
	}
	if at := votes.Winner(); at.Account != "" {
		s.votes.Account(string(at.Account))
	}
	return nil
}

// votesOf counts what a text says of where it was taken.
func votesOf(text []byte) *format.Votes {
	votes := &format.Votes{}
	for _, found := range arnWithin.FindAll(text, -1) {
		votes.ARN(string(found) + "x")
	}
	for _, m := range zoneWithin.FindAllSubmatch(text, -1) {
		if region := format.RegionOfZone(string(m[1])); region != "" {
			votes.Region(string(region))
		}
	}
	for _, m := range ownerWithin.FindAllSubmatch(text, -1) {
		votes.Account(string(m[1]))
	}
	return votes
}

func (s *Set) account() cloud.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.votes.Winner().Account
}

func (s *Set) zone(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.zones[name]
}

// pageKey is what the pages of one answer have in common.
type pageKey struct {
	operation string
	account   cloud.Account
	region    cloud.Region
	folder    string
}

// pages are the files or texts of one answer.
type pages struct {
	unfinished, last int
	elements         int
	hides            string
	file             string
}

func (s *Set) page(key pageKey, unfinished bool, elements int, hides, file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.series[key]
	if p == nil {
		p = &pages{hides: hides, file: file}
		s.series[key] = p
	}
	if unfinished {
		p.unfinished++
	} else {
		p.last++
	}
	p.elements += elements
	p.file = max(p.file, file)
}

// Finish lists what follows answers whose last page is missing: every page but
// the last ends with a token.
func (s *Set) Finish(to source.Sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := slices.SortedFunc(maps.Keys(s.series), func(a, b pageKey) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	for _, key := range order {
		p := s.series[key]
		if p.unfinished == 0 || p.last > 0 {
			continue
		}
		to.Unread(inventory.Unread{
			Source: inventory.Describe, Operation: key.operation, Account: key.account, Region: key.region,
			Reason: fmt.Sprintf("%q ends with a token: the pages that follow are in no file", p.file),
			Hides:  fmt.Sprintf("%s after the first %d", p.hides, p.elements),
		})
	}
}

// locator tells where the elements of one file are.
type locator struct {
	path  kinds.Place
	file  kinds.Place // what the beginning of the file says
	given kinds.Place
	run   cloud.Account
}

func (s *Set) locator(q format.Request) locator {
	head, _ := q.Document.Head(learnBytes) // what breaks is refused by Read
	account, region := format.FromPath(q.Document.Name)
	return locator{
		path: kinds.Place{Account: account, Region: region}, file: votesOf(head).Winner(),
		given: kinds.Place{Account: q.Account, Region: q.Region}, run: s.account(),
	}
}

// general is where a file was taken as a whole.
func (l locator) general() kinds.Place {
	return kinds.Place{
		Partition: l.file.Partition,
		Account:   format.First(l.path.Account, l.file.Account, l.given.Account, l.run),
		Region:    format.First(l.path.Region, l.file.Region, l.given.Region),
	}
}

// of is where one element is. Its own ARN comes first; its owner may be
// another account (a shared subnet, a public image), which is right: the
// owner's ARN is its ID.
func (l locator) of(o *command, element map[string]any) kinds.Place {
	at := l.general()
	for name, value := range element {
		text, ok := value.(string)
		lower := strings.ToLower(name)
		if !ok {
			continue
		}
		if region := format.RegionOfZone(text); region != "" && strings.HasPrefix(lower, "availabilityzone") {
			at.Region = region
		}
		if lower == "ownerid" && format.IsAccount(text) {
			at.Account = cloud.Account(text)
		}
	}
	for _, name := range append([]string{"Arn", "ARN", "arn"}, o.members...) {
		text, _ := element[name].(string)
		if arn, ok := kinds.ParseARN(text); ok && strings.HasSuffix(strings.ToLower(name), "arn") {
			at.Partition = arn.Place.Partition
			at.Account = format.First(arn.Place.Account, at.Account)
			at.Region = format.First(arn.Place.Region, at.Region)
			break
		}
	}
	return at
}
