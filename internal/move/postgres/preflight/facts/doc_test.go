package facts_test

import (
	"testing"

	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
