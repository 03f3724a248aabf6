package designtest

import "testing"

// The check of sentences must bite, and leave good ones alone.
func TestClumsy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"cpu is watched ( GreaterThanThreshold 1)", "a group ()", "the job role null, and more", "it has 1 routes", "with 1 custom rules", "it has %!d(string=x)", "x=null", "a , b", "a,, b", "routed by ", "routed by", "two  blanks",
		"on map[a:b]", "NotSet=<nil>", "watch the counterpart of",
	} {
		if clumsy(text) == "" {
			t.Errorf("nothing is wrong with %q", text)
		}
	}
	for _, text := range []string{"", "it has 1 route and 21 rules", "summarize count() by x", "{\"a\":null}", "1 is enough", "at 10.0.0.1 hosts answer", "version 1.1 rules", "PATH=/a"} {
		if what := clumsy(text); what != "" {
			t.Errorf("%q: %s", text, what)
		}
	}
}
