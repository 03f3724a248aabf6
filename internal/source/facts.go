package source

import (
	"context"

	"example.com/landfall/internal/catalog"
)

// Facts reads facts about the source that do not belong to any account.
type Facts interface {
	// InstanceTypes reads the types that the region offers, by name.
	InstanceTypes(ctx context.Context) ([]catalog.EC2Type, error)
}
