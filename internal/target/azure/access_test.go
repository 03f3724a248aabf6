package azure

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	contributor := grant{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"}}
	for _, c := range []struct {
		name   string
		grants []grant
		action string
		want   bool
	}{
		{"contributor may write a network", []grant{contributor}, "Microsoft.Network/virtualNetworks/write", true},
		{"contributor may not assign roles", []grant{contributor}, "Microsoft.Authorization/roleAssignments/write", false},
		{"another role adds what one excludes", []grant{contributor, {Actions: []string{"Microsoft.Authorization/roleAssignments/*"}}}, "Microsoft.Authorization/roleAssignments/write", true},
		{"reader may not write", []grant{{Actions: []string{"*/read"}}}, "Microsoft.Network/virtualNetworks/write", false},
		{"case does not matter", []grant{{Actions: []string{"microsoft.network/*"}}}, "Microsoft.Network/virtualNetworks/write", true},
		{"no role, no permission", nil, "Microsoft.Network/virtualNetworks/write", false},
		{"star in the middle", []grant{{Actions: []string{"Microsoft.*/virtualNetworks/*"}}}, "Microsoft.Network/virtualNetworks/write", true},
		{"a longer action is not its prefix", []grant{{Actions: []string{"Microsoft.Network/virtualNetworks/write"}}}, "Microsoft.Network/virtualNetworks/write/more", false},
	} {
		if got := allowed(c.grants, c.action); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A pattern made from an action by replacing any part of it by a star matches
// that action.
func TestMatchesWhatTheStarReplaced(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		action := rapid.StringMatching(`[a-z/.]{1,30}`).Draw(t, "action")
		from := rapid.IntRange(0, len(action)).Draw(t, "from")
		to := rapid.IntRange(from, len(action)).Draw(t, "to")
		pattern := action[:from] + "*" + action[to:]
		if !matches(pattern, action) {
			t.Fatalf("%q does not match %q", pattern, action)
		}
		if matches(pattern, action+"!") && to < len(action) {
			t.Fatalf("%q matches %q, which ends otherwise", pattern, action+"!")
		}
	})
}

func TestPrivateAuthority(t *testing.T) {
	t.Parallel()
	for authority, want := range map[string]bool{
		"":                                   false,
		"https://login.microsoftonline.com":  false,
		"https://login.microsoftonline.com/": false,
		"https://login.microsoftonline.us/":  false,
		"https://127.0.0.1:8443/":            true,
	} {
		if got := privateAuthority(authority); got != want {
			t.Errorf("privateAuthority(%q) = %v, want %v", authority, got, want)
		}
	}
}
