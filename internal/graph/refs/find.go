package refs

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/inventory"
)

// How says by what a resource was recognised, and so how sure that is.
type How uint8

// The ways, surest first.
const (
	ByReference How = iota // a template's own reference
	ByID                   // id, ARN, queue URL
	ByHost                 // DNS name or endpoint
	ByAddress              // IP address
	ByName                 // a name, the property telling the kind
	ByText                 // a name in free text
)

// Mention is one resource, or one thing outside, that a text names.
type Mention struct {
	// To is the resource, -1 for something that the inventory lacks.
	To  int32
	How How
	// Outside is what the inventory lacks: an ARN, an id, a host, an address.
	Outside string
	// Port is the port that stands beside it, 0 when none.
	Port int
	// Scheme is that of a URL ("postgres"), "".
	Scheme string
	// Attribute is the attribute of a template's reference.
	Attribute string
}

// maxText bounds how much of one text is read: user data has at most 16 KiB
// and a policy 20 KiB; nothing that names resources is longer than this.
const maxText = 256 << 10

// maxMentions bounds what one text can name.
const maxMentions = 256

// Find returns what a text names. From is the resource whose text it is:
// resources of its account and region come first where a name is ambiguous.
func (x *Index) Find(from int32, text string) []Mention {
	if len(text) > maxText {
		text = text[:maxText]
	}
	var found []Mention
	if list := x.near(from, x.exact[text]); len(list) > 0 {
		return mentions(found, list, ByID)
	}
	for _, ref := range inventory.References(text) {
		for _, i := range x.near(from, x.exact[string(ref.Resource)]) {
			found = append(found, Mention{To: i, How: ByReference, Attribute: ref.Attribute})
		}
		if len(found) >= maxMentions {
			return found
		}
	}
	if !worthReading(text) {
		return found
	}
	for word := range words(text) {
		found = x.word(from, word, found)
		if len(found) >= maxMentions {
			break
		}
	}
	return found
}

// worthReading skips what cannot name anything, which most texts are.
func worthReading(s string) bool {
	return len(s) >= 5 && strings.ContainsAny(s, "-.:/")
}

func mentions(found []Mention, list []int32, how How) []Mention {
	for _, i := range list {
		found = append(found, Mention{To: i, How: how})
	}
	return found
}

// A name that more than maxShared resources have, or maxNear of the same
// account and region, names none of them: it is a habit (a host name made of a
// private address), and an edge to each would be quadratic.
const (
	maxShared = 4096
	maxNear   = 64
)

// near prefers the resources of from's own account and region. A name that
// from has itself names nobody else.
func (x *Index) near(from int32, list []int32) []int32 {
	list = x.nearest(from, list)
	switch {
	case slices.Contains(list, from):
		return []int32{from}
	case len(list) > maxNear:
		return nil
	}
	return list
}

func (x *Index) nearest(from int32, list []int32) []int32 {
	switch {
	case len(list) > maxShared:
		return nil
	case len(list) < 2 || from < 0:
		return list
	}
	r := &x.resources[from]
	same := func(withRegion bool) []int32 {
		var kept []int32
		for _, i := range list {
			o := &x.resources[i]
			if o.Account == r.Account && (!withRegion || o.Region == r.Region) {
				kept = append(kept, i)
			}
		}
		return kept
	}
	if kept := same(true); len(kept) > 0 {
		return kept
	}
	if kept := same(false); len(kept) > 0 {
		return kept
	}
	return list
}

// words cuts a text at what cannot be inside an ARN, a URL or a host name.
func words(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		start := -1
		for i := 0; i <= len(s); i++ {
			if i < len(s) && !cuts(s[i]) {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && i-start >= 4 && i-start <= 2048 && !yield(s[start:i]) {
				return
			}
			start = -1
		}
	}
}

func cuts(c byte) bool {
	return c <= ' ' || strings.IndexByte("\"'`<>(){}[]|;,\\^=&?#", c) >= 0
}

func (x *Index) word(from int32, w string, found []Mention) []Mention {
	w = strings.TrimRight(w, ".:")
	if at := strings.Index(w, "arn:"); at >= 0 {
		return x.arns(from, w[at:], found)
	}
	if scheme, rest, ok := strings.Cut(w, "://"); ok {
		return x.url(from, w, scheme, rest, found)
	}
	if list := x.near(from, x.exact[w]); len(list) > 0 && strings.ContainsAny(w, "-/") {
		return mentions(found, list, ByID)
	}
	before := len(found)
	found = x.ids(from, w, found)
	if len(found) > before {
		return found
	}
	if _, rest, ok := strings.Cut(w, "@"); ok {
		// Without a port it is an address for mail.
		if !strings.Contains(rest, ":") {
			return found
		}
		w = rest
	}
	w = strings.TrimPrefix(w, "tcp:")
	return x.hostPort(from, w, "", found)
}

// arns resolves an ARN, and those that stand inside it (the URI of an API
// Gateway integration holds the function's).
func (x *Index) arns(from int32, w string, found []Mention) []Mention {
	if inner := strings.LastIndex(w, "arn:"); inner > 0 {
		w = strings.TrimSuffix(w[inner:], "/invocations")
	}
	if i := x.arn(from, w); len(i) > 0 {
		return mentions(found, i, ByID)
	}
	parts := strings.SplitN(w, ":", 6)
	if len(parts) == 6 && parts[4] != "aws" && parts[5] != "" && parts[5] != "root" && !strings.ContainsAny(w, "*$?") {
		return append(found, Mention{To: -1, How: ByID, Outside: w})
	}
	return found
}

// ARN returns the resources that an ARN names, also one with more behind it
// (an object in a bucket, an alias of a function).
func (x *Index) ARN(from int32, arn string) []int32 { return x.arn(from, arn) }

func (x *Index) arn(from int32, w string) []int32 {
	if list := x.near(from, x.exact[w]); len(list) > 0 {
		return list
	}
	parts := strings.SplitN(w, ":", 6)
	if len(parts) < 6 {
		return nil
	}
	head := len(w) - len(parts[5])
	for short := w; ; {
		cut := strings.LastIndexAny(short, "/:")
		if cut <= head {
			break
		}
		short = short[:cut]
		if list := x.near(from, x.exact[short]); len(list) > 0 {
			return list
		}
	}
	return x.arnByName(from, parts)
}

// arnByName looks for the last part of an ARN among the names of the
// service's kinds: templates write ARNs of resources whose own ARN they do not
// know.
func (x *Index) arnByName(from int32, parts []string) []int32 {
	name, kind := parts[5], ""
	switch parts[2] {
	case "sts":
		rest, ok := strings.CutPrefix(name, "assumed-role/")
		if !ok {
			return nil
		}
		name, _, _ = strings.Cut(rest, "/")
		return x.ofService(from, "iam", "role", name)
	case "s3":
		name, _, _ = strings.Cut(name, "/")
	case "execute-api":
		name, _, _ = strings.Cut(name, "/")
		return x.ofService(from, "apigateway", "", name)
	case "ssm":
		if rest, ok := strings.CutPrefix(name, "parameter"); ok {
			if list := x.ofService(from, "ssm", "parameter", rest); len(list) > 0 {
				return list
			}
			return x.ofService(from, "ssm", "parameter", strings.TrimPrefix(rest, "/"))
		}
	case "logs":
		name = strings.TrimPrefix(name, "log-group:")
		name, _, _ = strings.Cut(name, ":")
		return x.ofService(from, "logs", "loggroup", name)
	default:
		if cut := strings.IndexAny(name, "/:"); cut > 0 {
			kind, name = strings.ReplaceAll(name[:cut], "-", ""), name[cut+1:]
		}
		if parts[2] == "iam" {
			name = name[strings.LastIndexByte(name, '/')+1:]
		}
	}
	return x.ofService(from, parts[2], kind, name)
}

// ofService looks a name up among the kinds of an ARN's service, of which the
// last segment must end in kind when that is given.
func (x *Index) ofService(from int32, service, kind, name string) []int32 {
	var found []int32
	for _, s := range kindServices(service) {
		for _, k := range x.services[s] {
			last := strings.ToLower(string(k[strings.LastIndexByte(string(k), ':')+1:]))
			if kind != "" && !strings.HasSuffix(last, kind) && !strings.HasSuffix(kind, last) {
				continue
			}
			found = append(found, x.near(from, x.names[k][name])...)
			if base, _, ok := strings.Cut(name, ":"); ok && len(found) == 0 {
				found = append(found, x.near(from, x.names[k][base])...)
			}
		}
	}
	if len(found) > 1 {
		return x.near(from, found)
	}
	return found
}

// kindServices gives the services of CloudFormation kinds for the service of
// an ARN, where the two differ.
func kindServices(arn string) []string {
	switch arn {
	case "elasticloadbalancing":
		return []string{"elasticloadbalancingv2", "elasticloadbalancing"}
	case "states":
		return []string{"stepfunctions"}
	case "es":
		return []string{"opensearchservice", "elasticsearch"}
	case "acm":
		return []string{"certificatemanager"}
	case "apigateway":
		return []string{"apigateway", "apigatewayv2"}
	case "cognito-idp", "cognito-identity":
		return []string{"cognito"}
	case "firehose":
		return []string{"kinesisfirehose"}
	case "kafka":
		return []string{"msk"}
	case "elasticfilesystem":
		return []string{"efs"}
	}
	return []string{strings.ReplaceAll(arn, "-", "")}
}

// ids finds physical ids inside a word: vpc-, sg-, eni- and all others of
// their form, also at the head of a host name.
func (x *Index) ids(from int32, w string, found []Mention) []Mention {
	for rest := w; ; {
		id, after, ok := nextID(rest)
		if !ok {
			return found
		}
		if list := x.near(from, x.exact[id]); len(list) > 0 {
			found = mentions(found, list, ByID)
		} else if id == w {
			found = append(found, Mention{To: -1, How: ByID, Outside: id})
		}
		rest = after
	}
}

// nextID finds the next text of the form "vpc-0a1b2c3d": two to nine small
// letters, a hyphen, and 8 or 17 hexadecimal digits (EC2 user guide, resource
// ids; both lengths are in use).
func nextID(s string) (id, rest string, ok bool) {
	for at := 0; ; {
		dash := strings.IndexByte(s[at:], '-')
		if dash < 0 {
			return "", "", false
		}
		dash += at
		start := dash
		for start > 0 && s[start-1] >= 'a' && s[start-1] <= 'z' && dash-start < 9 {
			start--
		}
		end := dash + 1
		for end < len(s) && isHex(s[end]) {
			end++
		}
		if n := end - dash - 1; dash > start && (n == 8 || n == 17) && (end == len(s) || !isWord(s[end])) {
			return s[start:end], s[end:], true
		}
		at = dash + 1
	}
}

func isHex(c byte) bool  { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
func isWord(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isID(s string) bool {
	id, rest, ok := nextID(s)
	return ok && rest == "" && id == s
}

// IsID reports whether a text has the form of an EC2 resource id.
func IsID(s string) bool { return isID(s) }

// isHost reports whether a text has the form of a DNS name with a dot.
func isHost(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) < 4 || len(s) > 253 || !strings.Contains(s, ".") || strings.Contains(s, "..") || s[0] == '.' || s[0] == '-' {
		return false
	}
	letters := false
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters = true
		case c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '*':
		default:
			return false
		}
	}
	top := s[strings.LastIndexByte(s, '.')+1:]
	return letters && len(top) >= 2 && !strings.ContainsAny(top, "0123456789_*")
}

// Address returns the resources that have an IP address.
func (x *Index) Address(from int32, address string) []int32 {
	if a, err := netip.ParseAddr(address); err == nil {
		return x.near(from, x.addresses[a.Unmap().String()])
	}
	return nil
}
