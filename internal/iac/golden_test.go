package iac

import (
	"bytes"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// TestGolden keeps what is printed for the small workload in files, so that a
// change of a printer shows as a diff of code.
func TestGolden(t *testing.T) {
	t.Parallel()
	environments := []design.Environment{{Name: "test"}, {Name: "prod", Subscription: "66666666-7777-8888-9999-aaaaaaaaaaaa", Location: "westeurope"}}
	template, err := ARM(shop(t))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "testdata/shop.arm.json", template)
	for name, files := range map[string][]design.File{"bicep": bicep(t, shop(t), environments...), "terraform": terraform(t, shop(t), environments...)} {
		var all bytes.Buffer
		for _, f := range files {
			all.WriteString("==== " + f.Path + "\n")
			all.Write(f.Content)
		}
		testkit.Golden(t, "testdata/shop."+name+".txt", all.Bytes())
	}
}
