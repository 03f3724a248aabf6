package operations_test

import (
	"testing"

	"example.com/landfall/internal/design/designtest"
)

func TestHostile(t *testing.T) {
	t.Parallel()
	designtest.Hostile(t, families, 20, designtest.FromTemplate(t, watchedShop)...)
}

func TestShuffled(t *testing.T) {
	t.Parallel()
	designtest.Shuffled(t, families(), designtest.FromTemplate(t, watchedShop)...)
}
