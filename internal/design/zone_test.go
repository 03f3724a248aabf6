package design_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// Zones in use map by the order of their names, whichever letters they have.
func TestZonesMapByTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	subnet := func(name, zone string) inventory.Resource {
		return designtest.Live(t, "AWS::EC2::Subnet", "subnet/"+name, `{"AvailabilityZone":"`+zone+`"}`)
	}
	for _, c := range []struct {
		region cloud.Region
		want   map[string]string
	}{
		{"eastus2", map[string]string{"us-east-1b": "1", "us-east-1d": "2", "us-east-1f": "3", "us-east-1a": "1", "us-west-2c": "3", "": "", "${ref:x}": "", "use1-az4": ""}},
		{"westus", map[string]string{"us-east-1b": "", "us-east-1d": ""}},
	} {
		f := family("AWS::EC2::Subnet", func(x *design.Context, r *inventory.Resource) design.Decision {
			for source, want := range c.want {
				got, ok := x.Zone(source)
				if got != want || ok != (want != "") {
					t.Errorf("%s: zone %q is %q, want %q", c.region, source, got, want)
				}
			}
			if zone, ok := x.ZoneOf(r, string(r.ID)); ok != (len(x.Zones()) > 0) || ok && zone == "" {
				t.Errorf("%s: %s stands in zone %q", c.region, r.Name, zone)
			}
			return retire(x, r)
		})
		designtest.Case{Families: []design.Family{f}, Options: design.Options{Region: c.region},
			Resources: []inventory.Resource{subnet("one", "us-east-1d"), subnet("two", "us-east-1b"), subnet("three", "us-east-1f"), subnet("four", "us-east-1b")}}.Make(t)
	}
}
