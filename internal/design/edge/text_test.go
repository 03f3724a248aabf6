package edge

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternOf(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"/orders/*": "/orders/*", "orders/*": "/orders/*", "/a": "/a", "*": "/*", "*.jpg": "", "/img/*.jpg": "", "/img?/*": "", "/img*": ""} {
		got, ok := patternOf(pattern)
		if got != want || ok != (want != "") {
			t.Errorf("%q gives %q %v, want %q", pattern, got, ok, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 300)
	for value, want := range map[string][]string{
		`"v=spf1 -all"`: {"v=spf1 -all"}, `"a" "b"`: {"a", "b"}, `"say \"hi\""`: {`say "hi"`}, `bare`: {"bare"}, `""`: {""}, `"` + long + `"`: {long[:255], long[255:]},
	} {
		if got := quoted(value); !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", value, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, part := range quoted(rapid.String().Draw(t, "value")) {
			if len(part) > 255 {
				t.Fatalf("a string of %d characters", len(part))
			}
		}
	})
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for want, geo := range map[string]map[string]any{
		"GEO-EU": {"ContinentCode": "EU"}, "GEO-AP": {"ContinentCode": "OC"}, "WORLD": {"CountryCode": "*"}, "DE": {"CountryCode": "DE"}, "US-CA": {"CountryCode": "US", "SubdivisionCode": "CA"},
	} {
		if got := place(map[string]any{"GeoLocation": geo}); got != want {
			t.Errorf("%v is %q, want %q", geo, got, want)
		}
	}
}

// TestNegations compares with the truth of every assignment: a request that
// matches no alternative matches the negation, and the other way round.
func TestNegations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		condition := rapid.Custom(func(t *rapid.T) wafCondition {
			return wafCondition{variable: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "variable"), negate: rapid.Bool().Draw(t, "negate")}
		})
		alternatives := rapid.SliceOfN(rapid.SliceOfN(condition, 1, 2), 1, 3).Draw(t, "alternatives")
		turned := negations(alternatives)
		for mask := range 8 {
			if holdsIn(alternatives, mask) == holdsIn(turned, mask) {
				t.Fatalf("%v and its negation %v agree on %d", alternatives, turned, mask)
			}
		}
	})
}

func holdsIn(alternatives [][]wafCondition, mask int) bool {
	return slices.ContainsFunc(alternatives, func(conditions []wafCondition) bool {
		return !slices.ContainsFunc(conditions, func(c wafCondition) bool {
			bit := map[string]int{"a": 1, "b": 2, "c": 4}[c.variable]
			return (mask&bit != 0) == c.negate
		})
	})
}

func TestRuleNames(t *testing.T) {
	t.Parallel()
	got := ruleNames([]wafRule{{name: "Block-All"}, {name: "block_all"}, {name: "7"}, {name: ""}, {name: strings.Repeat("x", 200)}})
	if want := []string{"BlockAll", "blockall2", "rule7", "rule", strings.Repeat("x", 100)}; !slices.Equal(got, want) {
		t.Errorf("names are %q", got)
	}
}

func TestPlainName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"static-shop": "staticshop", "9lives": "r9lives", "": "r"} {
		if got := plainName(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

func TestHeadersOf(t *testing.T) {
	t.Parallel()
	got := headersOf(map[string]any{
		"SecurityHeadersConfig": map[string]any{"ContentTypeOptions": map[string]any{"Override": true}, "FrameOptions": map[string]any{"FrameOption": "DENY"},
			"StrictTransportSecurity": map[string]any{"AccessControlMaxAgeSec": 60.0, "IncludeSubdomains": true, "Preload": true}},
		"CustomHeadersConfig": map[string]any{"Items": []any{map[string]any{"Header": "X-Shop", "Value": "1"}}},
	})
	want := []header{{"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"}, {"Strict-Transport-Security", "max-age=60; includeSubDomains; preload"}, {"X-Shop", "1"}}
	if !slices.Equal(got, want) {
		t.Errorf("headers are %v", got)
	}
}
