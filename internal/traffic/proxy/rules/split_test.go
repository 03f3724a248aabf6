package rules_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/traffic/proxy/rules"
)

// threeSides is a split of three, of which each weight is drawn.
func threeSides(t testing.TB, salt string, a, b, c int) *rules.Rules {
	t.Helper()
	return parse(t, fmt.Sprintf(`schemaVersion: 1
salt: %q
listeners: [{name: web, address: ":80"}]
sides:
  a: {endpoints: ["http://a:1"]}
  b: {endpoints: ["http://b:1"]}
  c: {endpoints: ["http://c:1"]}
routes:
  - name: all
    split: {weights: {a: %d, b: %d, c: %d}, key: {header: User}}
`, salt, a, b, c))
}

func sideOf(r *rules.Rules, user string) string {
	return r.Decide(asked{headers: map[string]string{"User": user}}.request(), nil).Side
}

// Raising one side at the cost of the others moves keys to that side only.
func TestRaisingASideNeverMovesAKeyAwayFromIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.IntRange(0, rules.Whole).Draw(rt, "a")
		b := rapid.IntRange(0, rules.Whole-a).Draw(rt, "b")
		c := rules.Whole - a - b
		lessA, lessB := rapid.IntRange(0, a).Draw(rt, "less a"), rapid.IntRange(0, b).Draw(rt, "less b")
		salt := rapid.StringMatching(`[a-z]{1,8}`).Draw(rt, "salt")
		before, after := threeSides(t, salt, a, b, c), threeSides(t, salt, a-lessA, b-lessB, c+lessA+lessB)
		for i := range 60 {
			user := fmt.Sprint("user-", i)
			was, is := sideOf(before, user), sideOf(after, user)
			if was == "c" && is != "c" {
				rt.Fatalf("%s went from c to %s", user, is)
			}
			// With b as it was, nobody changes between a and b but by a's loss.
			if was != is && is != "c" && lessA == 0 && lessB == 0 {
				rt.Fatalf("%s went from %s to %s while nothing changed", user, was, is)
			}
		}
	})
}

// The shares come out right: within five standard deviations, at each share.
func TestSharesComeOut(t *testing.T) {
	t.Parallel()
	const users = 20000
	for _, share := range []int{0, 1, 100, 500, 2500, 5000, 9900, 10000} {
		r := parse(t, strings.Replace(strings.Replace(small, "source: 9500, target: 500", fmt.Sprintf("source: %d, target: %d", rules.Whole-share, share), 1), "    split:", "    split:\n      key: {header: User}", 1))
		hits := 0
		for i := range users {
			if sideOf(r, fmt.Sprint(i)) == "target" {
				hits++
			}
		}
		p := float64(share) / rules.Whole
		if off := math.Abs(float64(hits) - p*users); off > 5*math.Sqrt(users*p*(1-p)) {
			t.Errorf("share %d: %d of %d", share, hits, users)
		}
	}
}

// Two proxies with the same text agree; another salt is another draw.
func TestTheSameKeyHasTheSameSideEverywhere(t *testing.T) {
	t.Parallel()
	one, two, other := threeSides(t, "s", 4000, 3000, 3000), threeSides(t, "s", 4000, 3000, 3000), threeSides(t, "t", 4000, 3000, 3000)
	differ := 0
	for i := range 1000 {
		user := fmt.Sprint(i)
		if sideOf(one, user) != sideOf(two, user) {
			t.Fatalf("%s is on two sides", user)
		}
		if sideOf(one, user) != sideOf(other, user) {
			differ++
		}
	}
	if differ < 300 {
		t.Errorf("another salt changed %d of 1000", differ)
	}
	// These are fixed for ever: a new release must not move anybody.
	got := ""
	for i := range 24 {
		got += sideOf(one, fmt.Sprint("user-", i))
	}
	if want := "bbbbbaacccabcbaaabccacca"; got != want {
		t.Errorf("sides %s, want %s", got, want)
	}
}

func TestWhoBringsNoKeyGetsOne(t *testing.T) {
	t.Parallel()
	made := 0
	newKey := func() string { made++; return fmt.Sprint("key-", made) }
	for _, key := range []string{"{}", "{header: User}", "{cookie: sid}", "{client: true}"} {
		r := parse(t, strings.Replace(small, "    split:", "    split:\n      key: "+key, 1))
		before := made
		d := r.Decide(asked{}.request(), newKey)
		if made != before+1 || d.Key == "" || d.Reason != rules.BySplit {
			t.Errorf("%s: %+v", key, d)
		}
		again := r.Decide(asked{cookies: map[string]string{rules.OwnCookie: d.Key}}.request(), newKey)
		if again.Key != "" || again.Side != d.Side || made != before+1 {
			t.Errorf("%s: the cookie does not keep the side: %+v", key, again)
		}
	}
	r := parse(t, strings.Replace(small, "    split:", "    split:\n      key: {client: true}", 1))
	a := r.Decide(asked{client: "192.0.2.1"}.request(), newKey)
	b := r.Decide(asked{client: "::ffff:192.0.2.1"}.request(), newKey)
	if a.Key != "" || a.Side != b.Side {
		t.Errorf("an address in two forms: %+v, %+v", a, b)
	}
}
