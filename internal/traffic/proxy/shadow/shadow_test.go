package shadow_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic/proxy/rules"
	"example.com/landfall/internal/traffic/proxy/shadow"
)

func answer(body string) shadow.Answer {
	return shadow.Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: []byte(body)}
}

func paths(list []shadow.Difference) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Path+" "+d.Kind+" "+d.Was+">"+d.Is)
	}
	return strings.Join(out, "; ")
}

func TestJSONIsComparedByStructure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{
		{`{"a":1,"b":[1,2]}`, ` { "b" : [1,2], "a" : 1.0 }`, ""},
		{`{"a":1}`, `{"a":2}`, "$.a value number>number"},
		{`{"a":1}`, `{"a":"1"}`, "$.a type number>string"},
		{`{"a":null}`, `{}`, "$.a missing null>none"},
		{`{}`, `{"a":{}}`, "$.a extra none>object"},
		{`[1,2]`, `[1]`, "$ length list>list"},
		{`{"i":[{"p":1},{"p":2}]}`, `{"i":[{"p":3},{"p":4}]}`, "$.i[].p value number>number"},
		{`{"x":9007199254740993}`, `{"x":9007199254740992}`, "$.x value number>number"},
		{`{"ann@example.org":1,"20391":2}`, `{}`, "$.* missing number>none"},
		{`{} {}`, `{}`, "body bytes bytes>bytes"},
		{`broken`, `{}`, "body bytes bytes>bytes"},
		{`true`, `false`, "$ value boolean>boolean"},
	} {
		if got := paths(shadow.Compare(answer(c.a), answer(c.b), nil)); got != c.want {
			t.Errorf("%s against %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestStatusHeadersAndBytes(t *testing.T) {
	t.Parallel()
	a := shadow.Answer{Status: 200, Header: http.Header{"Etag": {"x"}, "Vary": {"A"}}, Body: []byte("one")}
	b := shadow.Answer{Status: 500, Header: http.Header{"Etag": {"secret"}}, Body: []byte("two")}
	want := "body bytes bytes>bytes; header Etag value text>text; header Vary missing text>none; status value 200>500"
	if got := paths(shadow.Compare(a, b, []string{"etag", "vary", "Absent"})); got != want {
		t.Errorf("got %q", got)
	}
	b.Cut = true
	if got := paths(shadow.Compare(a, b, nil)); got != "status value 200>500" {
		t.Errorf("a body that was cut is compared: %q", got)
	}
}

func TestPackedBodiesAreComparedUnpacked(t *testing.T) {
	t.Parallel()
	pack := func(level int, text string) shadow.Answer {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		a := answer(b.String())
		a.Header.Set("Content-Encoding", "gzip")
		return a
	}
	text := `{"a":"` + strings.Repeat("z", 500) + `"}`
	if got := shadow.Compare(pack(1, text), pack(9, text), nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if got := shadow.Compare(pack(1, text), answer(text), nil); len(got) != 0 {
		t.Errorf("packed against plain: %v", got)
	}
	bomb := pack(9, strings.Repeat("0", 9<<20))
	if got := paths(shadow.Compare(bomb, answer(text), nil)); got != "body bytes bytes>bytes" {
		t.Errorf("a bomb: %q", got)
	}
}

func TestNaturalDifferencesCoverWhatLiesWithin(t *testing.T) {
	t.Parallel()
	all := []shadow.Difference{{Path: "$.at"}, {Path: "$.items[].id"}, {Path: "$.itemsTotal"}, {Path: "$.price"}}
	natural := []shadow.Difference{{Path: "$.at"}, {Path: "$.items"}}
	if got := paths(shadow.Without(all, natural, []string{"$.price"})); !strings.HasPrefix(got, "$.itemsTotal ") || strings.Count(got, ";") != 0 {
		t.Errorf("%q", got)
	}
}

// No value of an answer ever stands in a difference.
func TestDifferencesHoldNoValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{12}`).Draw(rt, "secret")
		shape := rapid.SampledFrom([]string{`{"a":"%s"}`, `["%s",1]`, `{"a":{"b":["%s"]}}`, `"%s"`, `{"%s@example.org":1}`, `x%s`}).Draw(rt, "shape")
		other := rapid.SampledFrom([]string{`{"a":"x"}`, `[]`, `{}`, `null`, `{"a":{"b":["x"]}}`}).Draw(rt, "other")
		a, b := answer(fmt.Sprintf(shape, secret)), answer(other)
		a.Header.Set("X-Token", secret)
		for _, got := range [][]shadow.Difference{shadow.Compare(a, b, []string{"X-Token"}), shadow.Compare(b, a, []string{"X-Token"})} {
			if strings.Contains(fmt.Sprint(got), secret) {
				rt.Fatalf("%v", got)
			}
			if !reflect.DeepEqual(shadow.Compare(a, a, []string{"X-Token"}), []shadow.Difference(nil)) {
				rt.Fatal("an answer differs from itself")
			}
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}]}`), []byte(`{"a":[1.0]}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, y := answer(string(a)), answer(string(b))
		if got := shadow.Compare(x, x, nil); len(got) != 0 {
			t.Fatal(got)
		}
		one, two := shadow.Compare(x, y, nil), shadow.Compare(x, y, nil)
		if !reflect.DeepEqual(one, two) {
			t.Fatal(one, two)
		}
	})
}

// says returns a sender that gives the answers of a function.
func says(body func() (string, error)) shadow.Sender {
	return func(*http.Request) (*http.Response, func(), error) {
		text, err := body()
		if err != nil {
			return nil, func() {}, err
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text))}, func() {}, nil
	}
}

func limits() rules.ShadowLimits {
	return rules.ShadowLimits{Queue: 1, Concurrency: 1, BodyBytes: 100, Timeout: rules.Duration(time.Minute)}
}

func request(t *testing.T) *http.Request {
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://shop.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func settled(t *testing.T, r *shadow.Report, want int64) shadow.RouteReport {
	t.Helper()
	testkit.Eventually(t, time.Minute, func() error {
		if all := r.Routes(); len(all) != 1 || all[0].Compared+all[0].Failed < want {
			return errors.New("not yet")
		}
		return nil
	})
	return r.Routes()[0]
}

func TestASecondCallTellsNaturalDifferences(t *testing.T) {
	t.Parallel()
	report := &shadow.Report{}
	m := shadow.NewMirror(t.Context(), limits(), report, time.Now)
	t.Cleanup(m.Close)
	c := shadow.Copy{Route: "all", Request: request(t), First: answer(`{"id":"a","price":1}`),
		Other: says(func() (string, error) { return `{"id":"b","price":2}`, nil }),
		Again: says(func() (string, error) { return `{"id":"c","price":1}`, nil })}
	m.Offer(c)
	got := settled(t, report, 1)
	if got.Different != 1 || len(got.Fields) != 2 || got.Unrepeated != 0 {
		t.Fatalf("%+v", got)
	}
	if id := got.Fields[0]; id.Path != "$.id" || id.Differences != 0 || id.Natural != 1 {
		t.Errorf("%+v", id)
	}
	if price := got.Fields[1]; price.Path != "$.price" || price.Differences != 1 || price.Natural != 0 || price.Example.Was != "number" {
		t.Errorf("%+v", price)
	}
	c.Other = says(func() (string, error) { return "", errors.New("gone") })
	m.Offer(c)
	if got := settled(t, report, 2); got.Failed != 1 || got.Compared != 1 {
		t.Errorf("%+v", got)
	}
	c.Other = says(func() (string, error) { return `"` + strings.Repeat("x", 200) + `"`, nil })
	m.Offer(c)
	if got := settled(t, report, 3); got.Cut != 1 || got.Same != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	report, gate, entered := &shadow.Report{}, make(chan struct{}), make(chan struct{}, 10)
	m := shadow.NewMirror(context.WithoutCancel(t.Context()), limits(), report, time.Now)
	c := shadow.Copy{Route: "all", Request: request(t), First: answer(`1`), Other: says(func() (string, error) {
		entered <- struct{}{}
		<-gate
		return "1", nil
	})}
	m.Offer(c)
	<-entered // the worker is busy, the queue empty
	for range 5 {
		m.Offer(c)
	}
	if got := report.Routes()[0].Dropped; got != 4 {
		t.Errorf("dropped %d, want 4", got)
	}
	close(gate)
	if got := settled(t, report, 2); got.Same != 2 {
		t.Errorf("%+v", got)
	}
	m.Close()
}

func TestFieldsHaveABound(t *testing.T) {
	t.Parallel()
	var r shadow.Report
	for i := range 300 {
		r.Add(shadow.Outcome{Route: "a", At: time.Unix(1, 0), Counted: []shadow.Difference{{Path: fmt.Sprint("$.f", i)}}})
	}
	if got := r.Routes()[0]; len(got.Fields) != 200 || got.FieldsBeyond != 100 || got.Different != 300 {
		t.Errorf("%d fields, %d beyond", len(got.Fields), got.FieldsBeyond)
	}
}
