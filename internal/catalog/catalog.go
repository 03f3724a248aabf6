package catalog

import (
	"errors"
	"maps"
	"slices"

	"example.com/landfall/internal/cloud"
)

// Catalog is the facts about both clouds that a design needs. It is immutable
// after Load and safe for concurrent use. What the catalogue does not know is
// answered with ok false, never with zero.
type Catalog struct {
	services   Services
	names      map[string]NameRule
	ec2        map[string]string
	vms        []VMSize
	vmIndex    map[string]int
	ec2Prices  matrix
	vmPrices   matrix
	units      map[string][]Unit
	regions    map[cloud.Region]Region
	awsRegions map[cloud.Region]AWSRegion
	roles      roles
	tiers      []DiskTier
	postgres   []DBSku
	mysql      []DBSku
	extensions []Extension
	releases   map[string][]Release
	overlay    overlaid
}

// Load returns the embedded catalogue. A row that cannot be read is a defect
// of the program and an error.
func Load() (*Catalog, error) { return LoadWith(nil) }

// LoadWith returns the embedded catalogue with the answers of live APIs laid
// over it; nil is none.
func LoadWith(o *Overlay) (*Catalog, error) {
	c := &Catalog{ec2: make(map[string]string, 1500)}
	var failed [9]error
	c.services, failed[0] = LoadServices()
	c.names, failed[1] = loadNames()
	c.vms, failed[2] = loadSizes()
	c.units, failed[3] = loadUnits()
	c.regions, failed[4] = loadRegions()
	c.awsRegions, failed[5] = loadAWSRegions(c.regions)
	c.roles, failed[6] = loadRoles()
	var prices string
	prices, failed[7] = unzip("VM prices", vmPricesGZ)
	failed[8] = c.loadDisksAndDatabases()
	if err := errors.Join(failed[:]...); err != nil {
		return nil, err
	}
	eachLine(ec2TSV, func(name, line string) { c.ec2[name] = line })
	c.ec2Prices = newMatrix(ec2PricesTSV, func(name string) string { return name })
	c.vmPrices = newMatrix(prices, vmKey)
	c.lay(o)
	c.vmIndex = make(map[string]int, len(c.vms))
	for i, s := range c.vms {
		c.vmIndex[vmKey(s.Name)] = i
	}
	return c, nil
}

func (c *Catalog) loadDisksAndDatabases() error {
	var failed [5]error
	c.tiers, failed[0] = loadTiers()
	c.postgres, failed[1] = loadSkus("PostgreSQL SKUs", postgresTSV)
	c.mysql, failed[2] = loadSkus("MySQL SKUs", mysqlTSV)
	c.releases, failed[3] = loadReleases()
	c.extensions, failed[4] = PostgresExtensions()
	return errors.Join(failed[:]...)
}

// Service returns the row of the service map for a source kind.
func (c *Catalog) Service(kind cloud.Kind, properties map[string]any) (Service, bool) {
	return c.services.For(kind, properties)
}

func unionKeys[A, B any](a map[string]A, b map[string]B) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
