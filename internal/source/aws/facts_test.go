package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

// What the API says of the types is what the embedded catalogue says.
func TestInstanceTypesAgreeWithTheCatalogue(t *testing.T) {
	t.Parallel()
	address, moto := testgate.Open(t)
	config := testkit.AWSConfig(t, address)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	live, err := NewFacts(config).InstanceTypes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(live) < 500 {
		t.Fatalf("%d types", len(live))
	}
	compared := 0
	for _, l := range live {
		known, ok := c.EC2(l.Name)
		if !ok {
			continue
		}
		compared++
		if l.VCPU != known.VCPU || l.MiB != known.MiB || l.Arch != known.Arch || l.IOPS != known.IOPS || l.Burstable != known.Burstable || l.GPUs != known.GPUs || l.LocalDisks != known.LocalDisks || l.NICs != known.NICs {
			t.Errorf("%s: live %+v, catalogue %+v", l.Name, l, known)
		}
	}
	if compared < 500 {
		t.Errorf("only %d types are known to both", compared)
	}
	if !slices.IsSortedFunc(live, func(a, b catalog.EC2Type) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}) {
		t.Error("not by name")
	}
}
