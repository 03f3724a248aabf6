package format

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory/kinds"
)

// regionForm is how AWS names regions: "us-east-1", "ap-southeast-2",
// "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1".
var regionForm = regexp.MustCompile(`^(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-[a-z]+){1,3}-[1-9]$`)

// IsRegion reports whether the text has the form of a region's name.
func IsRegion(text string) bool { return regionForm.MatchString(text) }

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// IsAccount reports whether the text has the form of an account number.
func IsAccount(text string) bool { return accountForm.MatchString(text) }

// zoneForm is an availability zone, or a local or wavelength zone
// ("us-west-2-lax-1a"), which begins with its region.
var zoneForm = regexp.MustCompile(`^((?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-[a-z]+){1,3}-[1-9])(?:-[a-z]+-[1-9])?[a-z]$`)

// RegionOfZone returns the region of an availability zone, "" if the text is
// none.
func RegionOfZone(zone string) cloud.Region {
	if m := zoneForm.FindStringSubmatch(zone); m != nil {
		return cloud.Region(m[1])
	}
	return ""
}

var (
	regionWithin  = regexp.MustCompile(`(?:^|[^a-z0-9])((?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-(?:gov|iso[a-z]?|de))?-(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-[1-9])(?:[^0-9a-z]|$)`)
	accountWithin = regexp.MustCompile(`(?:^|[^0-9])([0-9]{12})(?:[^0-9]|$)`)
)

// FromPath tells account and region from the names of the folders and of the
// file, the nearest to the file first. Both may be "".
func FromPath(name string) (account cloud.Account, region cloud.Region) {
	names := strings.Split(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/")
	slices.Reverse(names)
	for _, part := range names {
		if m := accountWithin.FindStringSubmatch(part); account == "" && m != nil {
			account = cloud.Account(m[1])
		}
		if m := regionWithin.FindStringSubmatch(strings.ToLower(part)); region == "" && m != nil {
			region = cloud.Region(m[1])
		}
	}
	return account, region
}

// Votes counts what the parts of a text say about where it was taken. The
// zero value is ready.
type Votes struct {
	accounts, regions map[string]int
	partition         string
}

// ARN counts an ARN.
func (v *Votes) ARN(text string) {
	arn, ok := kinds.ParseARN(text)
	if !ok {
		return
	}
	if IsAccount(string(arn.Place.Account)) {
		v.Account(string(arn.Place.Account))
	}
	if IsRegion(string(arn.Place.Region)) {
		v.Region(string(arn.Place.Region))
	}
	// The smallest, so that the order in which a tree is walked says nothing.
	if v.partition == "" || arn.Place.Partition < v.partition {
		v.partition = arn.Place.Partition
	}
}

// Account counts an account number.
func (v *Votes) Account(account string) {
	if v.accounts == nil {
		v.accounts = map[string]int{}
	}
	v.accounts[account]++
}

// Region counts a region.
func (v *Votes) Region(region string) {
	if v.regions == nil {
		v.regions = map[string]int{}
	}
	v.regions[region]++
}

// Winner is what was said most often; of equals, the first in order.
func (v *Votes) Winner() kinds.Place {
	return kinds.Place{Partition: v.partition, Account: cloud.Account(most(v.accounts)), Region: cloud.Region(most(v.regions))}
}

func most(counts map[string]int) string {
	best := ""
	for name, n := range counts {
		if n > counts[best] || n == counts[best] && name < best {
			best = name
		}
	}
	return best
}

// Tree counts what a JSON tree says: its ARNs, availability zones and owners.
func (v *Votes) Tree(tree any) {
	switch t := tree.(type) {
	case map[string]any:
		for name, member := range t {
			if text, ok := member.(string); ok {
				v.member(strings.ToLower(name), text)
				continue
			}
			v.Tree(member)
		}
	case []any:
		for _, member := range t {
			if text, ok := member.(string); ok {
				v.ARN(text)
				continue
			}
			v.Tree(member)
		}
	}
}

func (v *Votes) member(name, text string) {
	switch {
	case strings.HasPrefix(text, "arn:"):
		v.ARN(text)
	case strings.HasPrefix(name, "availabilityzone"), strings.HasPrefix(name, "availability_zone"):
		if region := RegionOfZone(text); region != "" {
			v.Region(string(region))
		}
	case name == "ownerid" || name == "owner_id" || name == "account_id":
		if IsAccount(text) {
			v.Account(text)
		}
	case name == "region":
		if IsRegion(text) {
			v.Region(text)
		}
	}
}
