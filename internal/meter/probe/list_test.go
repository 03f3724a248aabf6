package probe

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
)

const yamlList = `# what our customers do
requests:
  - url: https://shop.example/books?page=2
    weight: 3.5
  - name: place an order
    method: put
    url: https://shop.example/orders/1
    headers:
      Authorization: Bearer hush
      Accept: application/json
    body: '{"book": 1}'
    status: 200-201, 409
    match: order
`

const csvList = `method,url,weight,status,headers,body
,https://shop.example/books?page=2,3.5,,,
put,https://shop.example/orders/1,,"200-201, 409","Authorization: Bearer hush
Accept: application/json","{""book"": 1}"
`

const textList = `
# two of them
https://shop.example/books?page=2
HEAD https://shop.example/orders/1   # really
`

func TestParseForms(t *testing.T) {
	t.Parallel()
	asJSON := `[{"url":"https://shop.example/books?page=2","weight":3.5}]`
	for form, text := range map[string]string{"yaml": yamlList, "csv": csvList, "text": textList, "json": asJSON, "bom": "\xef\xbb\xbf" + yamlList, "crlf": strings.ReplaceAll(textList, "\n", "\r\n")} {
		list, err := Parse([]byte(text))
		if err != nil || list[0].Method != "GET" || list[0].URL.String() != "https://shop.example/books?page=2" || list[0].String() != "GET https://shop.example/books" {
			t.Errorf("%s: %+v, %v", form, list, err)
			continue
		}
		if form == "yaml" || form == "csv" {
			o := list[1]
			if o.Method != "PUT" || o.Header.Get("authorization") != "Bearer hush" || o.Header.Get("Accept") == "" || o.Body != `{"book": 1}` || list[0].Weight != 3.5 || o.Weight != 1 || !o.expected(409) || !o.expected(201) || o.expected(204) {
				t.Errorf("%s: %+v", form, o)
			}
		}
		if (form == "text" || form == "crlf") && (len(list) != 2 || list[1].Method != "HEAD") {
			t.Errorf("%s: %+v", form, list)
		}
	}
}

// Mistakes are named by the number of the entry and never by what a secret may
// stand in.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "empty", "# nothing\n": "empty", "ftp://x/\n": "entry 1", "GET\n": "entry 1", "http://x/ http://y/\n": "entry 1", "http:///hush\n": "entry 1", "http://user:hush@x/\n": "Authorization",
		"- url: http://x/\n  wieght: 3\n": "wieght", "- url: http://x/\n  weight: hush\n": "a value", "- url: http://x/\n  weight: -1\n": "weight", "- url: http://x/\n  weight: .inf\n": "weight",
		"- url: http://x/\n  status: 20\n": "status", "- url: http://x/\n  status: 300-200\n": "status", "- url: http://x/\n  status: 2xx-300\n": "status", "- url: http://x/\n  match: '('\n": "match",
		"- {url: http://x/, headers: {\"bad name\": hush}}\n": "bad name", "- {url: http://x/, headers: {A: \"hush\\r\\nB: c\"}}\n": "header \"A\"", "- {url: http://x/, method: \"G T\"}\n": "method",
		"- {url: http://x/, weight: 0}\n": "weight above zero", "- &a [*a]\n": "read request list", "[": "read request list", "url,hush\nhttp://x/,1\n": "hush", "url,weight\nhttp://x/,hush\n": "entry 1", "url\n\"http://x/\n": "read request list",
		"url\nhttp://x/,1,2\n": "entry 1", "url,headers\nhttp://x/,hush\n": "header", "\x00\x00": "UTF-8", "\xff\xfe": "UTF-8", "- {url: http://x/, name: \"a\\nb\"}\n": "name",
	} {
		_, err := Parse([]byte(text))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") && want != "hush" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Parse([]byte(strings.Repeat("http://x/\n", maxTargets+1))); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("too many: %v", err)
	}
	if _, err := Parse([]byte(strings.Repeat("#", maxListBytes+1))); err == nil {
		t.Error("too large a list is read")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{yamlList, csvList, textList, "[", "{requests: [{url: http://x}]}", "url\n\"", "GET http://x/ y"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) { checkParse(t, content) })
}

func checkParse(t *testing.T, content []byte) {
	list, err := Parse(content)
	if err != nil {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v (%s)", content, err, fault.KindOf(err))
		}
		return
	}
	total := 0.0
	for _, target := range list {
		total += target.Weight
		if target.URL == nil || target.URL.Host == "" || target.Method == "" || strings.ContainsAny(target.Name+target.Method, "\r\n") {
			t.Errorf("%q gives %+v", content, target)
		}
	}
	if !(total > 0) {
		t.Errorf("%q has weight %v", content, total)
	}
}

// Ten thousand lists that are cut, mixed up or overwritten: none panics.
func TestBrokenListsNeverPanic(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		content := []byte([]string{yamlList, csvList, textList}[r.IntN(3)])
		content = content[:r.IntN(len(content)+1)]
		for range r.IntN(6) {
			if len(content) > 0 {
				content[r.IntN(len(content))] = "\x00\xff{}[]:,\"'\n&*!|>-#"[r.IntN(18)]
			}
		}
		checkParse(t, content)
	}
}

func target(weight float64) Target {
	return Target{Method: "GET", URL: &url.URL{Scheme: "http", Host: "x"}, Weight: weight}
}

func due(o Options) []arrival {
	var list []arrival
	for a := range schedule(&o) {
		list = append(list, a)
	}
	return list
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	o := Options{Targets: []Target{target(1), target(0), target(3)}, Rate: 100, Duration: 100 * time.Second, WarmUp: 20 * time.Second, Arrivals: Poisson, Seed: 5}
	list := due(o)
	count := map[int]int{}
	short := 0
	for i, a := range list {
		count[a.target]++
		if i > 0 && a.due-list[i-1].due < 10*time.Millisecond {
			short++
		}
		if i > 0 && a.due < list[i-1].due || a.due >= 120*time.Second {
			t.Fatalf("arrival %d at %v", i, a.due)
		}
	}
	// 12,000 arrivals: their number is off by more than five standard
	// deviations once in a million seeds; gaps below the mean are 1-1/e.
	if n := float64(len(list)); math.Abs(n-12_000) > 550 || math.Abs(float64(short)/n-0.632) > 0.03 || count[1] != 0 || math.Abs(float64(count[2])/n-0.75) > 0.03 {
		t.Errorf("%d arrivals, %d short gaps, %v", len(list), short, count)
	}
	if again := due(o); fmt.Sprint(again) != fmt.Sprint(list) {
		t.Error("the same seed gives other arrivals")
	}
	if o.Seed++; fmt.Sprint(due(o)) == fmt.Sprint(list) {
		t.Error("another seed gives the same arrivals")
	}
}

func TestConstantArrivals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 500).Draw(t, "rate")
		seconds := rapid.IntRange(1, 5).Draw(t, "seconds")
		list := due(Options{Targets: []Target{target(1)}, Rate: float64(rate), Duration: time.Duration(seconds) * time.Second, Arrivals: Constant})
		if len(list) != rate*seconds {
			t.Fatalf("%d arrivals at %d a second in %d s", len(list), rate, seconds)
		}
		for i, a := range list {
			if want := time.Duration(float64(i) / float64(rate) * 1e9); (a.due - want).Abs() > time.Microsecond {
				t.Fatalf("arrival %d at %v, want %v", i, a.due, want)
			}
		}
	})
}

func TestStringHidesTheQuery(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("https://x.example/a%20b?token=hush")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(Target{Method: "GET", URL: u}.String())
	if err != nil || strings.Contains(string(raw), "hush") {
		t.Errorf("%s, %v", raw, err)
	}
	if got := (Target{Method: "GET"}).String(); got != "GET" {
		t.Errorf("%q", got)
	}
}
