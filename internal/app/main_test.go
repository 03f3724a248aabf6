package app

import (
	"testing"

	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, testkit.Body{Name: shardWorker, Run: workOnShards}) }
