package recorder

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// mostPerPage is the limit that all paged operations of AWS Config share.
const mostPerPage = 100

// page is limit and nextToken of one request. A token holds the key of the
// last element handed out and a fingerprint of the request, so that pages stay
// right while items come and go, and no token serves another request.
type page struct {
	most    int
	after   string
	request string
	// limit and token are the names of the members: most operations spell
	// them small, SelectResourceConfig does not.
	token string
}

func readPage(params map[string]any, limit, token string, absent int) (page, error) {
	p := page{most: absent, request: fingerprint(params, limit, token), token: token}
	if awsapi.Has(params, limit) {
		n, ok := awsapi.Int(params, limit)
		if !ok || n < 0 || n > mostPerPage {
			return p, refuse("InvalidLimitException", "parameter %s must be 0 to %d", limit, mostPerPage)
		}
		// Zero means the default.
		if n > 0 {
			p.most = int(n)
		}
	}
	sent := awsapi.String(params, token)
	if sent == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(sent)
	request, after, ok := strings.Cut(string(raw), " ")
	if err != nil || !ok || request != p.request || after == "" {
		return p, refuse("InvalidNextTokenException", "parameter %s is not one that this request returned", token)
	}
	p.after = after
	return p, nil
}

func fingerprint(params map[string]any, without ...string) string {
	rest := maps.Clone(params)
	for _, name := range without {
		delete(rest, name)
	}
	h := fnv.New64a()
	// Marshal sorts the keys; requests hold nothing that it cannot write.
	_ = json.NewEncoder(h).Encode(rest)
	return fmt.Sprintf("%x", h.Sum64())
}

// next adds the token for the page behind the element with the key.
func (p page) next(out map[string]any, key string) {
	out[p.token] = base64.RawURLEncoding.EncodeToString([]byte(p.request + " " + key))
}
