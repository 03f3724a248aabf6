package graph

import (
	"testing"

	"example.com/landfall/internal/cloud"
)

func TestNumbersInWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 2_956_730_885: "2.8 GiB", 1 << 62: "4096.0 PiB"} {
		if got := Volume(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 stores", 1: "1 store", 2: "2 stores"} {
		if got := counted(n, "store"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestAWSServicesAreNamedAndAskedThingsGiveTheirReason(t *testing.T) {
	t.Parallel()
	m := &maker{byID: map[cloud.ResourceID]int32{}}
	if i := m.external(ExternalService, "service/S3"); m.nodes[i].Name != "S3" || m.nodes[i].ID != "external:service/S3" {
		t.Errorf("the service is %+v", m.nodes[i])
	}
	m.nodes = append(m.nodes, Node{ID: "external:partner/acme", Kind: ExternalAsked, External: true})
	m.of = append(m.of, nil, nil)
	if got := m.ownClaim(1, nil); got.reason != "was named in questions.yaml" {
		t.Errorf("an asked thing: %q", got.reason)
	}
}
