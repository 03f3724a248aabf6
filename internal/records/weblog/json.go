package weblog

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"
	"time"
)

// json reads an entry in the form of one JSON object. Names are those that
// nginx, Envoy, Caddy, API Gateway and CloudFront's JSON output use; nested
// objects are looked into with dotted names.
func (e *Entry) json(line string) error {
	var tree map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return broken("a line is not one JSON object")
	}
	flat := map[string]string{}
	flatten(flat, "", tree, 0)
	if _, ok := flat["cs-method"]; ok {
		return e.edgeJSON(flat)
	}
	n := names{flat}
	e.Time = n.time()
	if e.Time.IsZero() {
		return broken("a JSON line has no time")
	}
	e.Method = n.first("method", "request_method", "httpmethod", "verb", "http_method", "request.method", "http.request.method")
	if r := n.first("request_line", "request"); strings.Contains(r, " ") {
		e.request(r)
	}
	if u := n.first("url", "uri", "request_uri", "path", "request.uri", "url.path", "http.url", "resourcepath", "original_path", ":path"); u != "" {
		e.url(u)
	}
	if h := n.first("host", "http_host", "authority", ":authority", "domainname", "server_name", "vhost", "request.host", "url.domain"); h != "" {
		e.host(h)
	}
	if s := n.first("scheme", "protocol_scheme", "url.scheme", "x_forwarded_proto"); s != "" {
		e.Scheme = strings.ToLower(s)
	}
	e.Status = status(n.first("status", "status_code", "statuscode", "response_code", "http_status", "code", "response.status", "http.response.status_code"))
	e.TargetStatus = status(lastOf(n.first("upstream_status", "target_status", "integrationstatus")))
	e.BytesOut = number(n.first("body_bytes_sent", "bytes_sent", "bytes", "size", "responselength", "response_size", "bytes_out", "http.response.body.bytes"))
	e.BytesIn = number(n.first("request_length", "bytes_received", "bytes_in", "bytes_read", "http.request.body.bytes"))
	e.Client = address(n.first("remote_addr", "client_ip", "clientip", "remote_ip", "request.remote_ip", "client", "ip", "sourceip", "source.ip", "downstream_remote_address"))
	e.Target = lastOf(n.first("upstream_addr", "upstream_host", "target"))
	e.UserAgent = n.first("http_user_agent", "user_agent", "useragent", "agent", "user_agent.original", "request.headers.user-agent")
	e.Took = n.duration("request_time", "duration", "latency", "took", "elapsed", "responselatency", "response_time", "event.duration")
	e.TargetTime = n.duration("upstream_response_time", "upstream_time", "integrationlatency", "target_time", "target_processing_time", "upstream_service_time")
	e.Front = n.first("front", "service", "apiid", "listener")
	e.defaultPort()
	return nil
}

func (e *Entry) edgeJSON(flat map[string]string) error {
	list := make([]string, 0, len(flat))
	for name := range flat {
		list = append(list, name)
	}
	sort.Strings(list)
	for _, name := range list {
		if flat[name] != "-" {
			e.edge(name, flat[name])
		}
	}
	if date, ok := flat["date"]; ok {
		t, err := time.Parse("2006-01-02 15:04:05", date+" "+flat["time"])
		if err != nil {
			return broken("the time is none")
		}
		e.Time = t
	}
	if e.Time.IsZero() {
		return broken("an entry of CloudFront has no time")
	}
	e.Source = CloudFront
	e.edgeDone()
	return nil
}

// maxDepth bounds how deep a nested object is looked into.
const maxDepth = 4

func flatten(into map[string]string, prefix string, tree map[string]any, depth int) {
	for k, v := range tree {
		name := prefix + strings.ToLower(k)
		switch v := v.(type) {
		case string:
			into[name] = v
		case json.Number:
			into[name] = v.String()
		case []any:
			if len(v) == 1 {
				if s, ok := v[0].(string); ok {
					into[name] = s
				}
			}
		case map[string]any:
			if depth < maxDepth {
				flatten(into, name+".", v, depth+1)
			}
		}
	}
}

// lastOf takes the last of a list of attempts: "10.0.0.1:80, 10.0.0.2:80".
func lastOf(s string) string {
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		s = s[i+1:]
	}
	if s = strings.TrimSpace(s); s == "-" {
		return ""
	}
	return s
}

type names struct{ flat map[string]string }

// first returns the value of the first name that is there and not "-".
func (n names) first(list ...string) string {
	for _, name := range list {
		if v := n.flat[name]; v != "" && v != "-" {
			return v
		}
	}
	return ""
}

func (n names) time() time.Time {
	s := n.first("time", "timestamp", "@timestamp", "ts", "time_iso8601", "time_local", "requesttimeepoch", "requesttime", "start_time", "date", "msec")
	if s == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC()
	}
	if t, err := clockTime(s); err == nil {
		return t
	}
	if t, err := isoTime(strings.Replace(s, " ", "T", 1)); err == nil {
		return t
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok { // seconds with a fraction
		if sec, err := strconv.ParseInt(whole, 10, 34); err == nil && sec > 0 {
			if part := scaled("0."+fraction, time.Second); part >= 0 {
				return time.Unix(sec, int64(part)).UTC()
			}
		}
		return time.Time{}
	}
	return epoch(s)
}

// duration looks for a name alone (in seconds, or with Go's unit) and with the
// endings that tell the unit. API Gateway's latencies are in milliseconds, and
// ECS's event.duration in nanoseconds (the documents of each).
func (n names) duration(list ...string) time.Duration {
	units := []struct {
		ending string
		unit   time.Duration
	}{{"", time.Second}, {"_ms", time.Millisecond}, {"ms", time.Millisecond}, {"_millis", time.Millisecond}, {"_us", time.Microsecond}, {"_ns", time.Nanosecond}, {"_seconds", time.Second}, {"_s", time.Second}}
	for _, name := range list {
		for _, u := range units {
			value := lastOf(n.first(name + u.ending))
			if value == "" {
				continue
			}
			switch name {
			case "responselatency", "integrationlatency", "upstream_service_time":
				u.unit = time.Millisecond
			case "event.duration":
				u.unit = time.Nanosecond
			}
			if d, err := time.ParseDuration(value); err == nil && d >= 0 {
				return d
			}
			return scaled(value, u.unit)
		}
	}
	return None
}
