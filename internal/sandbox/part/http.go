package part

import (
	"io"
	"net"
	"net/http"

	"example.com/landfall/internal/fault"
)

// maxAnswerBytes bounds what is read of the answer to a health check.
const maxAnswerBytes = 1 << 20

type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends one request on a connection of its own: a kept one would
// hold up the server when it is asked to stop, and a check that reuses it
// would not notice that the listening socket is gone.
func exchange(req *http.Request) (answer, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, body}, nil
}

// refused is the error for an answer that is not the expected one.
func (a answer) refused(req *http.Request) error {
	return fault.Newf(fault.Unavailable, "%s %s: status %d", req.Method, req.URL.Redacted(), a.status)
}

// splitAddress cuts an address that Site.Address made.
func splitAddress(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic("part: broken address " + address) // Site.Address joins what this splits
	}
	return host, port
}
