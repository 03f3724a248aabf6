package accesslog

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"example.com/landfall/internal/cloud"
)

func TestDistinctClients(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 100, 255, 1000, 50_000} {
		d, a, b := distinct{size: 256}, distinct{size: 256}, distinct{size: 256}
		for i := range n {
			h := hashOf(fmt.Sprintf("100.64.%d.%d", i/250, i%250))
			d.add(h)
			d.add(h)
			if i%3 == 0 {
				a.add(h)
			} else {
				b.add(h)
			}
		}
		b.merge(&a)
		got, exact := d.count()
		if !slices.Equal(b.hashes, d.hashes) {
			t.Errorf("%d clients: merged is another", n)
		}
		if exact != (n < 256) || exact && got != float64(n) || math.Abs(got-float64(n)) > 3*d.standardError()*float64(n) {
			t.Errorf("%d clients are %v (exact %v)", n, got, exact)
		}
	}
}

func TestNamesOfFronts(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/x/1": "app/x/1", "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/classic": "classic",
		"arn:aws:cloudfront::1:distribution/E1": "E1", "arn:aws:s3:::bucket": "bucket", "none": "none", "": "",
	} {
		if got := tail(arn); got != want {
			t.Errorf("%q is %q, want %q", arn, got, want)
		}
	}
	if isFront(cloud.Kind("AWS::EC2::Instance")) {
		t.Error("an instance writes access logs")
	}
}
