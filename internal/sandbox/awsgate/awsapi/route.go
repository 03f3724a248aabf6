package awsapi

import (
	"net/http"
	"net/url"
	"strings"

	"example.com/landfall/internal/fault"
)

// route is one REST operation: a method, a path pattern such as
// "/2013-04-01/hostedzone/{Id}/rrset" or "/{Bucket}/{Key+}?tagging", and the
// query parameters and headers that must be there.
type route struct {
	method    string
	segments  []string
	query     []pair
	headers   []string
	operation string
	// weight orders the routes: what demands more comes first, so that the
	// first fit is the most specific one.
	weight int
}

type pair struct{ name, value string }

func parseRoute(line string) (route, error) {
	f := strings.Fields(line)
	if len(f) < 3 || len(f) > 4 || !strings.HasPrefix(f[1], "/") {
		return route{}, fault.Newf(fault.Internal, "want method, path and operation")
	}
	r := route{method: f[0], operation: f[2]}
	path, query, _ := strings.Cut(f[1], "?")
	r.segments = segments(path)
	for part := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(part, "="); name != "" {
			r.query = append(r.query, pair{name, value})
		}
	}
	if len(f) == 4 {
		for name := range strings.SplitSeq(f[3], ",") {
			if header, ok := strings.CutPrefix(name, "header:"); ok {
				r.headers = append(r.headers, header)
			} else {
				r.query = append(r.query, pair{name, ""})
			}
		}
	}
	for _, s := range r.segments {
		switch {
		case strings.HasSuffix(s, "+}"):
		case strings.HasPrefix(s, "{"):
			r.weight += 2
		default:
			r.weight += 16
		}
	}
	// A literal in the path outweighs any number of parameters: parameters
	// refine a path, they never choose another one.
	r.weight = r.weight*16 + 2*len(r.query) + len(r.headers)
	return r, nil
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// wants reports whether the request carries what the route demands.
func (r *route) wants(query url.Values, header http.Header) bool {
	for _, p := range r.query {
		values, ok := query[p.name]
		if !ok || p.value != "" && (len(values) == 0 || values[0] != p.value) {
			return false
		}
	}
	for _, h := range r.headers {
		if header.Get(h) == "" {
			return false
		}
	}
	return true
}

// labels matches the escaped path and returns the variables. A greedy label
// ("{Key+}") takes the rest of the path as it is, empty segments included,
// because S3 keys may hold "//"; elsewhere a slash at the end means nothing.
func (r *route) labels(path string) (map[string]string, bool) {
	rest := strings.TrimPrefix(path, "/")
	found := make(map[string]string, 2)
	for _, want := range r.segments {
		if strings.HasSuffix(want, "+}") {
			if rest == "" {
				return nil, false
			}
			found[want[1:len(want)-2]] = unescape(rest)
			return found, true
		}
		var have string
		have, rest, _ = strings.Cut(rest, "/")
		if have == "" {
			return nil, false
		}
		if strings.HasPrefix(want, "{") {
			found[want[1:len(want)-1]] = unescape(have)
		} else if have != want && unescape(have) != want {
			return nil, false
		}
	}
	return found, rest == ""
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
