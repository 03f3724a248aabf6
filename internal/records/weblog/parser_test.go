package weblog_test

import (
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records/mangle"
	"example.com/landfall/internal/records/weblog"
)

// The lines follow the services' own descriptions of their formats; names and
// addresses are made up.
const (
	albHead = `h2 2026-11-20T10:00:01.123456Z app/shop/0123456789abcdef 198.51.100.7:40123 10.0.1.5:8080 0.001 0.250 0.002 201 200 512 2048 "PUT https://Shop.example:443/orders/7?x=1 HTTP/2.0"`
	albV1   = albHead + ` "curl/8.0 \"quoted\" \x41\\"`
	albV2   = albV1 + ` TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1 "Root=1-1-2"`
	albV3   = albV2 + ` "shop.example" "arn:aws:acm:us-east-1:1:certificate/1" 10 2026-11-20T10:00:00.870000Z "waf,forward" "-" "-"`
	albV4   = albV3 + ` "10.0.1.5:8080" "200" "-" "-" TID_00112233445566778899aabbccddeeff`
	albV5   = albV4 + ` "other.example" "/new" "TransformSuccess" future-field`
)

func one(t *testing.T, line string) weblog.Entry {
	t.Helper()
	var p weblog.Parser
	var e weblog.Entry
	ok, err := p.Line([]byte(line+"\r\n"), &e)
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", line, ok, err)
	}
	return e
}

func TestApplicationLoadBalancer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 1, 123456000, time.UTC)
	want := weblog.Entry{Time: at, Source: weblog.ALB, Method: "PUT", Scheme: "https", Host: "shop.example", Port: 443, Path: "/orders/7", Query: "x=1", Status: 201, TargetStatus: 200,
		RequestTime: time.Millisecond, TargetTime: 250 * time.Millisecond, ResponseTime: 2 * time.Millisecond, Took: 253 * time.Millisecond, BytesIn: 512, BytesOut: 2048,
		Client: "198.51.100.7", Target: "10.0.1.5:8080", Front: "app/shop/0123456789abcdef"}
	for i, line := range []string{albHead, albV1, albV2, albV3, albV4, albV5} {
		if i == 1 {
			want.UserAgent = `curl/8.0 "quoted" A\`
		}
		if i == 2 {
			want.TargetGroup = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1"
		}
		if got := one(t, line); got != want {
			t.Errorf("version %d: got  %+v\nwant %+v", i, got, want)
		}
	}
}

func TestRequestsThatNeverReachedATarget(t *testing.T) {
	t.Parallel()
	e := one(t, `http 2026-11-20T10:00:01.000000Z app/shop/1 [2001:db8::1]:40123 - -1 -1 -1 460 - 0 0 "- http://shop.example:80- -" "-" - - - "-" "-" "-" - 2026-11-20T10:00:01.000000Z "-" "-" "LambdaInvalidResponse"`)
	if e.RequestTime >= 0 || e.TargetTime >= 0 || e.ResponseTime >= 0 || e.Took >= 0 || e.Target != "" || e.TargetStatus != 0 || e.Method != "" || e.Status != 460 {
		t.Errorf("%+v", e)
	}
	if e.Client != "2001:db8::1" || e.Host != "shop.example" || e.Port != 80 || e.Reason != "LambdaInvalidResponse" || e.UserAgent != "" {
		t.Errorf("%+v", e)
	}
}

func TestOtherFormats(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 11, 20, 10, 0, 1, 0, time.UTC)
	for _, c := range []struct {
		name, line string
		want       weblog.Entry
	}{
		{"network load balancer", `tls 2.0 2026-11-20T10:00:01 net/front/0123 aabb 198.51.100.7:4000 10.0.1.5:443 1200 3 98 246 - arn:aws:acm:us-east-1:1:certificate/1 - ECDHE-RSA-AES128-SHA tlsv12 - front.example h2 - - 2026-11-20T10:00:00`,
			weblog.Entry{Time: second, Source: weblog.NLB, Scheme: "tls", Host: "front.example", RequestTime: -1, TargetTime: -1, ResponseTime: -1, Took: 1200 * time.Millisecond, BytesIn: 98, BytesOut: 246,
				Client: "198.51.100.7", Target: "10.0.1.5:443", Front: "net/front/0123"}},
		{"classic load balancer", `2026-11-20T10:00:01.000000Z old-front 198.51.100.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 503 0 29 "GET http://old.example:80/a HTTP/1.1" "curl/7.38.0" - -`,
			weblog.Entry{Time: second, Source: weblog.ClassicELB, Method: "GET", Scheme: "http", Host: "old.example", Port: 80, Path: "/a", Status: 200, TargetStatus: 503,
				RequestTime: 73 * time.Microsecond, TargetTime: 1048 * time.Microsecond, ResponseTime: 57 * time.Microsecond, Took: 1178 * time.Microsecond, BytesOut: 29,
				Client: "198.51.100.7", Target: "10.0.0.1:80", Front: "old-front", UserAgent: "curl/7.38.0"}},
		{"classic load balancer, TCP", `2026-11-20T10:00:01.000000Z old-front 198.51.100.7:2817 10.0.0.1:25 0.001 -1 -1 - - 82 305 "- - - " "-" - -`,
			weblog.Entry{Time: second, Source: weblog.ClassicELB, RequestTime: time.Millisecond, TargetTime: -1, ResponseTime: -1, Took: -1, BytesIn: 82, BytesOut: 305,
				Client: "198.51.100.7", Target: "10.0.0.1:25", Front: "old-front"}},
		{"S3", `owner covers [20/Nov/2026:11:00:01 +0100] 10.0.1.5 arn:aws:sts::1:assumed-role/app/i-1 REQ REST.GET.OBJECT covers/1%20a.jpg "GET /covers/1%20a.jpg?x HTTP/1.1" 200 - 300 300 12 8 "-" "a "b"c" - HOST SigV4 TLS_AES AuthHeader covers.s3.us-east-1.amazonaws.com TLSv1.3 - -`,
			weblog.Entry{Time: second, Source: weblog.S3, Method: "GET", Scheme: "https", Host: "covers.s3.us-east-1.amazonaws.com", Port: 443, Path: "/covers/1%20a.jpg", Query: "x", Status: 200,
				RequestTime: -1, TargetTime: 8 * time.Millisecond, ResponseTime: 4 * time.Millisecond, Took: 12 * time.Millisecond, BytesOut: 300, Client: "10.0.1.5", Front: "covers",
				Principal: "arn:aws:sts::1:assumed-role/app/i-1", Operation: "REST.GET.OBJECT", UserAgent: `a "b"c`}},
		{"combined", `198.51.100.7 - frank [20/Nov/2026:10:00:01 +0000] "GET /a?b HTTP/1.0" 404 2326 "http://from.example/" "Mozilla/4.08 [en]"`,
			weblog.Entry{Time: second, Source: weblog.Common, Method: "GET", Path: "/a", Query: "b", Status: 404, RequestTime: -1, TargetTime: -1, ResponseTime: -1, Took: -1, BytesOut: 2326,
				Client: "198.51.100.7", UserAgent: "Mozilla/4.08 [en]"}},
		{"common behind a virtual host", `www.example:8443 2001:db8::1 - - [20/Nov/2026:10:00:01 +0000] "-" 408 -`,
			weblog.Entry{Time: second, Source: weblog.Common, Host: "www.example", Port: 8443, Front: "www.example", Status: 408, RequestTime: -1, TargetTime: -1, ResponseTime: -1, Took: -1, Client: "2001:db8::1"}},
		{"JSON", `{"time":"2026-11-20T10:00:01Z","request_method":"POST","request_uri":"/pay?x=1","host":"Pay.example:8080","status":"502","upstream_status":"504, 500","request_time":0.25,"upstream_response_time":"0.1, 0.2","body_bytes_sent":10,"request_length":"7","remote_addr":"198.51.100.7","upstream_addr":"10.0.0.1:80, 10.0.0.2:80","http_user_agent":"x","scheme":"HTTP"}`,
			weblog.Entry{Time: second, Source: weblog.JSON, Method: "POST", Scheme: "http", Host: "pay.example", Port: 8080, Path: "/pay", Query: "x=1", Status: 502, TargetStatus: 500,
				RequestTime: -1, TargetTime: 200 * time.Millisecond, ResponseTime: -1, Took: 250 * time.Millisecond, BytesIn: 7, BytesOut: 10, Client: "198.51.100.7", Target: "10.0.0.2:80", UserAgent: "x"}},
		{"API Gateway", `{"requestTime":"20/Nov/2026:10:00:01 +0000","httpMethod":"GET","resourcePath":"/a","status":200,"responseLatency":"30","integrationLatency":20,"domainName":"api.example","ip":"198.51.100.7","responseLength":5}`,
			weblog.Entry{Time: second, Source: weblog.JSON, Method: "GET", Host: "api.example", Path: "/a", Status: 200, RequestTime: -1, TargetTime: 20 * time.Millisecond, ResponseTime: -1,
				Took: 30 * time.Millisecond, BytesOut: 5, Client: "198.51.100.7"}},
	} {
		if got := one(t, c.line); got != c.want {
			t.Errorf("%s: got  %+v\nwant %+v", c.name, got, c.want)
		}
	}
}

// The columns of CloudFront come in the order of #Fields, and the same names
// are the keys of its JSON form.
func TestCloudFront(t *testing.T) {
	t.Parallel()
	want := weblog.Entry{Time: time.Date(2026, 11, 20, 10, 0, 1, 0, time.UTC), Source: weblog.CloudFront, Method: "GET", Scheme: "https", Host: "www.example", Port: 443, Path: "/a.jpg", Query: "v=1",
		Status: 200, RequestTime: -1, TargetTime: 50 * time.Millisecond, ResponseTime: 30 * time.Millisecond, Took: 80 * time.Millisecond, BytesIn: 60, BytesOut: 900, Client: "198.51.100.7",
		Front: "d1.cloudfront.net", Operation: "Hit", UserAgent: "Mozilla/5.0 (X11)"}
	for name, lines := range map[string][]string{
		"usual order": {"#Version: 1.0", "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-edge-detailed-result-type time-to-first-byte",
			"2026-11-20\t10:00:01\tIAD89\t900\t198.51.100.7\tGET\td1.cloudfront.net\t/a.jpg\t200\t-\tMozilla/5.0%20(X11)\tv=1\t-\tHit\tid==\twww.example\thttps\t60\t0.080\tHit\t0.050"},
		"another order": {"#Fields: time-to-first-byte x-host-header cs(Host) cs-method time date sc-status cs-uri-query cs-uri-stem sc-bytes c-ip cs-bytes time-taken cs-protocol cs(User-Agent) x-edge-result-type",
			"0.050\twww.example\td1.cloudfront.net\tGET\t10:00:01\t2026-11-20\t200\tv=1\t/a.jpg\t900\t198.51.100.7\t60\t0.080\thttps\tMozilla/5.0%20(X11)\tHit"},
		"without header": {"2026-11-20\t10:00:01\tIAD89\t900\t198.51.100.7\tGET\td1.cloudfront.net\t/a.jpg\t200\t-\tMozilla/5.0%20(X11)\tv=1\t-\tHit\tid==\twww.example\thttps\t60\t0.080\t-\tTLSv1.3\tX\tHit\tHTTP/2.0\t-\t-\t1024\t0.050\tHit"},
		"JSON":           {`{"date":"2026-11-20","time":"10:00:01","sc-bytes":"900","c-ip":"198.51.100.7","cs-method":"GET","cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/a.jpg","sc-status":"200","cs(User-Agent)":"Mozilla/5.0%20(X11)","cs-uri-query":"v=1","x-edge-result-type":"Hit","x-host-header":"www.example","cs-protocol":"https","cs-bytes":"60","time-taken":"0.080","time-to-first-byte":"0.050"}`},
	} {
		var p weblog.Parser
		var e weblog.Entry
		n := 0
		for _, line := range lines {
			ok, err := p.Line([]byte(line), &e)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if ok {
				n++
			}
		}
		if n != 1 || e != want {
			t.Errorf("%s: %d entries\ngot  %+v\nwant %+v", name, n, e, want)
		}
	}
}

// People put logs together: the format is recognised anew when lines change.
func TestFormatsMayChangeWithinAFile(t *testing.T) {
	t.Parallel()
	var p weblog.Parser
	var e weblog.Entry
	var got []string
	for _, line := range []string{albV4, "", "# a comment", `198.51.100.7 - - [20/Nov/2026:10:00:01 +0000] "GET / HTTP/1.0" 200 5`, `{"ts":1795168801.5,"method":"GET","status":200}`, albHead} {
		if ok, err := p.Line([]byte(line), &e); err != nil {
			t.Error(err)
		} else if ok {
			got = append(got, string(e.Source))
		}
	}
	if strings.Join(got, " ") != "alb common json alb" {
		t.Errorf("got %v", got)
	}
}

func TestLinesThatAreNoEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		kind fault.Kind
	}{
		{"hello world", fault.Invalid},
		{`{"status":200}`, fault.Invalid},
		{`{"cs-method":"GET"}`, fault.Invalid},
		{`{"a":`, fault.Invalid},
		{"h2 yesterday app/x/1 - - - - - - - - - -", fault.Invalid},
		{strings.Repeat("\t", 12), fault.Invalid},
		{`2026-11-20T10:00:01.000000Z 198.51.100.7 40123 443 TLSv1.3 TLS_AES 0.01 "-" - - - - TID_1`, fault.Unsupported},
	} {
		var p weblog.Parser
		var e weblog.Entry
		if ok, err := p.Line([]byte(c.line), &e); ok || !fault.Is(err, c.kind) {
			t.Errorf("%q: %v, %v", c.line, ok, err)
		}
	}
}

// fixtures are one line of each format.
func fixtures() [][]byte {
	return [][]byte{[]byte(albV5), []byte(`tls 2.0 2026-11-20T10:00:01 net/f/1 l 1.2.3.4:5 5.6.7.8:9 1 2 3 4 - - - - - - host h2 h2 - 2026-11-20T10:00:00`),
		[]byte(`2026-11-20T10:00:01.0Z old 1.2.3.4:5 5.6.7.8:9 0 0 0 200 200 0 1 "GET http://h:80/ HTTP/1.1" "a" - -`),
		[]byte(`o b [20/Nov/2026:11:00:01 +0100] 10.0.1.5 - R REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 3 3 1 1 "-" "a" - H SigV4 T A h.s3 TLSv1.3 - -`),
		[]byte("#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status\n2026-11-20\t10:00:01\t1.2.3.4\tGET\td\t/\t200\t\t\t\t\t\t\t"),
		[]byte(`h - - [20/Nov/2026:10:00:01 +0000] "GET / HTTP/1.0" 200 5 "-" "a"`), []byte(`{"time":"2026-11-20T10:00:01Z","request":{"method":"GET","headers":{"a":["b"]}},"duration":"1.5s"}`)}
}

func parseAll(text []byte) {
	var p weblog.Parser
	var e weblog.Entry
	for line := range strings.Lines(string(text)) {
		_, _ = p.Line([]byte(line), &e)
	}
	_ = weblog.Recognise(text)
}

func TestSpoiltLinesNeverPanic(t *testing.T) {
	t.Parallel()
	mangle.Each(1, 10_000, fixtures(), parseAll)
}

func FuzzLine(f *testing.F) {
	for _, b := range fixtures() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p weblog.Parser
		var e weblog.Entry
		for line := range strings.Lines(string(b)) {
			ok, err := p.Line([]byte(line), &e)
			if ok && (err != nil || e.Time.IsZero() || e.BytesIn < 0 || e.BytesOut < 0 || e.Status < 0) {
				t.Errorf("%q: %+v, %v", line, e, err)
			}
		}
	})
}
