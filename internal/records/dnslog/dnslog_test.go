package dnslog_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/dnslog"
)

const resolver = `{"version":"1.1","account_id":"123456789012","region":"eu-west-1","vpc_id":"vpc-1","query_timestamp":"2026-05-03T22:00:01Z","query_name":"Orders.Example.","query_type":"AAAA","query_class":"IN",` +
	`"rcode":"NXDOMAIN","answers":[{"Rdata":"10.0.0.9","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.5","srcport":"4711","transport":"UDP","srcids":{"instance":"i-1"}}`

func read(t *testing.T, text string) ([]dnslog.Query, records.Result) {
	t.Helper()
	var list []dnslog.Query
	report, err := records.Each(t.Context(), []records.File{records.Bytes("x", []byte(text))}, records.Options{}, func(ctx context.Context, c *records.Content) error {
		return dnslog.Queries(ctx, c, func(q *dnslog.Query) { list = append(list, *q) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, report.Files[0]
}

func TestTheFormsOfAQuery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 3, 22, 0, 1, 0, time.UTC)
	inside := dnslog.Query{Time: at, Name: "orders.example", Type: "AAAA", Code: "NXDOMAIN", Address: "10.0.0.5", Instance: "i-1", VPC: "vpc-1", Account: "123456789012", Region: "eu-west-1"}
	outside := dnslog.Query{Time: at.Add(130 * time.Millisecond), Name: "shop.example", Type: "A", Code: "NOERROR", Address: "192.0.2.53", Zone: "Z123"}
	behind := outside
	behind.Address = "198.51.100.0"
	for name, c := range map[string]struct {
		text   string
		want   []dnslog.Query
		broken int64
	}{
		"a resolver":        {resolver + "\n\n" + resolver, []dnslog.Query{inside, inside}, 0},
		"an answer of Logs": {`{"events":[{"message":` + quoted(resolver) + `}]}`, []dnslog.Query{inside}, 0},
		"a zone":            {"1.0 2026-05-03T22:00:01.130Z Z123 shop.example A NOERROR UDP FRA6 192.0.2.53 -", []dnslog.Query{outside}, 0},
		"a client's net":    {"1.0 2026-05-03T22:00:01.130Z Z123 shop.example A NOERROR UDP FRA6 192.0.2.53 198.51.100.0/24", []dnslog.Query{behind}, 0},
		"broken lines":      {resolver[:80] + "\n{}\nwhatever\n" + resolver, []dnslog.Query{inside}, 3},
		"nothing":           {"", nil, 0},
	} {
		got, result := read(t, c.text)
		if !reflect.DeepEqual(got, c.want) || result.Broken != c.broken || result.Entries != int64(len(c.want)) {
			t.Errorf("%s: %+v, %d broken", name, got, result.Broken)
		}
		if c.want != nil && name != "broken lines" && !dnslog.Recognise([]byte(c.text)) {
			t.Errorf("%s is not recognised", name)
		}
	}
	for _, other := range []string{"", "{}", `{"eventVersion":"1.11"}`, "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets", "a b c"} {
		if dnslog.Recognise([]byte(other)) {
			t.Errorf("%q is recognised", other)
		}
	}
}

func quoted(s string) string {
	out := `"`
	for _, r := range s {
		if r == '"' {
			out += `\`
		}
		out += string(r)
	}
	return out + `"`
}

func FuzzQueries(f *testing.F) {
	f.Add(resolver)
	f.Add("1.0 2026-05-03T22:00:01.130Z Z123 shop.example A NOERROR UDP FRA6 192.0.2.53 -")
	f.Fuzz(func(t *testing.T, text string) {
		list, result := read(t, text)
		if int64(len(list)) != result.Entries {
			t.Fatalf("%d queries, %d entries", len(list), result.Entries)
		}
	})
}
