package rules

import (
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/advice"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/compute"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/edge"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/design/operations"
	"example.com/landfall/internal/design/price"
	"example.com/landfall/internal/design/proof"
	"example.com/landfall/internal/design/security"
)

// All returns the families. The network comes first, because the others ask
// it for subnets; the proof, the advice and the prices look at what the others
// put.
func All() []design.Family {
	return []design.Family{
		network.Family(), security.Family(), data.Family(), app.Family(), edge.Family(), compute.Family(), operations.Family(),
		proof.Family(), advice.Family(), price.Family(),
	}
}
