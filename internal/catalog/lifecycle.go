package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/lifecycles.tsv
var lifecyclesTSV string

// FactsOf is the day on which the embedded facts were read. Where a rule asks
// whether something still holds it means this day and no clock's, so that the
// same inventory gives the same design on any day.
const FactsOf = "2026-11-22"

// Release is a version that a service offers. Days are in the form 2026-11-22;
// a month alone means the whole of it.
type Release struct {
	// Product is "aks", "mysql", or "functions/" with the name of a worker.
	Product, Version string
	// From is when it could first be had. Ends is the end of support, Extended of
	// what can be had beyond it for more money; each is "" when it is not known.
	From, Ends, Extended string
}

const releaseWidth = 5

func loadReleases() (map[string][]Release, error) {
	out := map[string][]Release{}
	err := readTable("lifecycles", lifecyclesTSV, releaseWidth, func(r *cells) {
		out[r.at(0)] = append(out[r.at(0)], Release{r.at(0), r.at(1), r.at(2), r.at(3), r.at(4)})
	})
	return out, err
}

// Day is the day on which the catalogue's facts hold: that of the last refresh,
// else FactsOf.
func (c *Catalog) Day() string {
	if at := c.overlay.readAt; len(at) >= len(FactsOf) && at > FactsOf {
		return at[:len(FactsOf)]
	}
	return FactsOf
}

// Releases returns the versions of a product, oldest first.
func (c *Catalog) Releases(product string) []Release { return slices.Clone(c.releases[product]) }

// Release returns one version of a product; ok is false for a version that the
// catalogue does not know, which may be too old or too new for it.
func (c *Catalog) Release(product, version string) (Release, bool) {
	for _, r := range c.releases[product] {
		if r.Version == version {
			return r, true
		}
	}
	return Release{}, false
}

// Lasting returns the oldest version of a product that is on offer on a day and
// supported for so many months from it, else the newest one on offer.
func (c *Catalog) Lasting(product, day string, months int) (Release, bool) {
	var newest Release
	for _, r := range c.releases[product] {
		if !r.Offered(day) {
			continue
		}
		if r.Lasts(day, months) {
			return r, true
		}
		newest = r
	}
	return newest, newest.Version != ""
}

// Offered reports whether the version can be had on a day.
func (r Release) Offered(day string) bool { return r.From == "" || beginning(r.From) <= day }

// Lasts reports whether the version is supported for so many months from a day
// on. An end that is not known is taken to be far.
func (r Release) Lasts(day string, months int) bool { return until(r.Ends, Later(day, months)) }

// Extends reports whether extended support lasts for so many months from a day
// on; without an end there is none.
func (r Release) Extends(day string, months int) bool {
	return r.Extended != "" && until(r.Extended, Later(day, months))
}

func until(end, day string) bool {
	if len(end) == len("2026-11") {
		end += "-31"
	}
	return end == "" || day <= end
}

func beginning(day string) string {
	if len(day) == len("2026-11") {
		return day + "-01"
	}
	return day
}

// Later is a day so many months after another one, in the same form.
func Later(day string, months int) string {
	const year, month = 4, 7
	if len(day) < month {
		return day
	}
	y, errYear := strconv.Atoi(day[:year])
	m, errMonth := strconv.Atoi(day[year+1 : month])
	if errYear != nil || errMonth != nil {
		return day
	}
	n := y*12 + m - 1 + months
	return fmt.Sprintf("%04d-%02d%s", n/12, n%12+1, day[month:])
}

// Minor is a version without its patch: 1.34 of 1.34.2; "" for what is none.
func Minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return ""
	}
	for _, part := range parts[:2] {
		if n, err := strconv.Atoi(part); err != nil || n < 0 {
			return ""
		}
	}
	return parts[0] + "." + parts[1]
}

// Newer reports whether version a comes after version b, part by part: 3.10
// comes after 3.9.
func Newer(a, b string) bool {
	one, two := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(one), len(two)) {
		x, y := part(one, i), part(two, i)
		if x != y {
			return x > y
		}
	}
	return false
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}
