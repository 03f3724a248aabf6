package discovery_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/discovery"
	"example.com/landfall/internal/source/files/filestest"
)

func read(t testing.TB, requests *filestest.Requests, content []byte) *filestest.Sink {
	t.Helper()
	s := &filestest.Sink{}
	if err := discovery.Read(t.Context(), requests.Of("x", content), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// The three forms of a diagram tell the same resources and what is connected.
func TestFormsAgree(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	const instance, network = "arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0", "arn:aws:ec2:eu-west-1:210987654321:vpc/vpc-0a1b2c3d4e5f60718"
	for _, name := range []string{"diagram-1.json", "diagram-2.json", "plain.drawio", "packed.drawio", "address.txt"} {
		s := read(t, requests, filestest.Fixture(t, "discovery/"+name))
		o := s.Find(instance)
		if o == nil || s.Find(network) == nil {
			t.Errorf("%s: %d resources, refused %s", name, len(s.Observations), s.Reasons())
			continue
		}
		if related := fmt.Sprint(o.Attributes["relatedTo"]); !strings.Contains(related, network) {
			t.Errorf("%s: related to %s", name, related)
		}
	}
	if s := read(t, requests, filestest.Fixture(t, "discovery/shop.csv")); s.Find(instance) == nil || fmt.Sprint(s.Find(instance).Attributes["estimatedCost"]) != "70.08" {
		t.Errorf("the table: %+v", s.Observations)
	}
}

func TestOddExports(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	for _, c := range []struct{ content, want string }{
		{``, "is empty"},
		{`type;name`, "the header is"},
		{"type;name;accountId;region;estimatedCost\nAWS::EC2::VPC;x\n", "2 cells"},
		{`{"nodes": []`, "ends in the middle"},
		{`{"a": 1}`, "no nodes"},
		{`{"nodes": [{"data": {"resource": {"type": "AWS::EC2::VPC", "id": "arn:broken"}}}]}`, "neither an ARN"},
		{`<mxfile><diagram>!!!</diagram></mxfile>`, "decode diagram"},
		{`<mxfile><diagram>AAAA</diagram></mxfile>`, "unpack diagram"},
		{`<mxfile><diagram>`, "read diagram"},
		{`<mxfile/>`, "no nodes"},
		{`https://app.diagrams.net/#R%zz`, "address of a diagram"},
		{strings.Repeat("<a>", 500), "nest deeper"},
		{`<!DOCTYPE x [<!ENTITY a "b">]><mxfile>&a;</mxfile>`, "read diagram"},
	} {
		s := read(t, requests, []byte(c.content))
		if len(s.Observations) > 0 || !strings.Contains(s.Reasons(), c.want) {
			t.Errorf("%.60q: %d resources, refused %swant %q", c.content, len(s.Observations), s.Reasons(), c.want)
		}
	}
}

func FuzzDiscovery(f *testing.F) {
	for _, name := range []string{"shop.csv", "older.csv", "diagram-1.json", "diagram-2.json", "plain.drawio", "packed.drawio", "address.txt"} {
		f.Add(filestest.Fixture(f, "discovery/"+name))
	}
	requests := filestest.NewRequests()
	f.Fuzz(func(t *testing.T, content []byte) { read(t, requests, content).Whole(t) })
}
