package iac

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
)

// TestWorkloadsArePrinted takes whole architectures through all rules and all
// printers, one of them for another environment too: Terraform says what the bodies
// say, and the grammar reads all of the Bicep.
func TestWorkloadsArePrinted(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../design/rules/testdata/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no architectures: %v", err)
	}
	var code []design.File
	for _, name := range append(names, "../source/files/cloudformation/testdata/bookshop.yaml") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		home := designtest.Make(t, rules.All(), designtest.FromTemplate(t, string(text))...)
		designs := []*design.Design{home}
		if strings.HasSuffix(name, "bookshop.yaml") {
			away := design.ForEnvironment(home, design.Environment{Name: "test", Subscription: subscriptionID, Location: "westeurope"})
			designs = append(designs, away)
			comesBack(t, home, away)
		}
		for _, d := range designs {
			holds(t, d, terraform(t, d))
			code = append(code, readableBicep(bicep(t, d))...)
			if _, err := ARM(d); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if problems := bicepErrors(t, code); problems != "" {
		t.Error(problems)
	}
}

// comesBack holds a real design against itself after going to another place
// and back, and looks for traces of the first place in the second.
func comesBack(t *testing.T, home, away *design.Design) {
	t.Helper()
	back := design.ForEnvironment(away, design.Environment{Subscription: home.Place.Subscription, Group: home.Place.Group, Location: home.Place.Location})
	want, err := json.Marshal(home)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("came back as %.200s, want %.200s", got[max(0, at-80):], want[max(0, at-80):])
	}
	moved, err := json.Marshal(away.Resources)
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range []string{"/subscriptions/" + string(home.Place.Subscription), "/resourceGroups/" + home.Place.Group + "/", home.Place.Suffix, `"` + string(home.Place.Location) + `"`} {
		if bytes.Contains(moved, []byte(trace)) {
			t.Errorf("%q is left in the other place", trace)
		}
	}
}
