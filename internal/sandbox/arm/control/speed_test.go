package control_test

import (
	"fmt"
	"testing"
)

// A workload has hundreds of resources; a write must not slow down with them.
func BenchmarkPutAmongThousand(b *testing.B) {
	p := start(b)
	p.must(group, object{"location": "eastus"})
	for i := range 1000 {
		p.must(fmt.Sprintf("%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i%d", group, i), object{"location": "eastus"})
	}
	for i := range b.N {
		p.must(fmt.Sprintf("%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i%d", group, i%1000), object{"location": "eastus", "tags": object{"n": fmt.Sprint(i)}})
	}
}
