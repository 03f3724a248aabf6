package action

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// request is one request and the answer that it must get.
type request struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Method string `json:"method"`
	Body   string `json:"body"`
	// Host is the name to ask for when the address is another's: a target that
	// has no traffic yet is tried under its later name.
	Host string `json:"host"`
	// Status is the one that it must have, 0 for 200.
	Status int `json:"status"`
	// Contains and Lacks are texts that are and are not in the answer.
	Contains string `json:"contains"`
	Lacks    string `json:"lacks"`
	// MaxMillis bounds the time to the end of the answer, 0 for 30 s.
	MaxMillis int64 `json:"maxMillis"`
}

// maxAnswer bounds how much of an answer is read.
const maxAnswer = 4 << 20

func (r request) name() string {
	if r.Name != "" {
		return r.Name
	}
	return bare(r.URL)
}

// bare is an address without what may be secret in it.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is none"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func (r request) try(ctx context.Context, client *http.Client) (Evidence, error) {
	e := Evidence{Kind: "http", Text: r.name(), Data: map[string]string{"url": bare(r.URL)}}
	limit := 30 * time.Second
	if r.MaxMillis > 0 {
		limit = time.Duration(r.MaxMillis) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, strings.ToUpper(r.Method), r.URL, strings.NewReader(r.Body))
	if err != nil {
		return e, fault.Newf(fault.Invalid, "make the request to %q", bare(r.URL))
	}
	if r.Host != "" {
		q.Host = r.Host
	}
	began := time.Now()
	body, status, err := send(client, q)
	took := time.Since(began)
	e.Data["millis"] = millis(took)
	if err != nil {
		// The client's own text holds the whole address.
		kind := fault.Unavailable
		if ctx.Err() != nil {
			kind = fault.Timeout
		}
		e.Text += ": no answer"
		return e, fault.Newf(kind, "no answer from %q within %s", bare(r.URL), limit)
	}
	sum := sha256.Sum256(body)
	e.Data["status"], e.Data["body"], e.Data["bytes"] = number(status), "sha256:"+hex.EncodeToString(sum[:]), number(len(body))
	want := r.Status
	if want == 0 {
		want = http.StatusOK
	}
	e.Text += ": " + number(status) + " in " + millis(took) + " ms"
	switch {
	case status != want:
		return e, fault.Newf(fault.Found, "the answer is %d, not %d", status, want)
	case r.Contains != "" && !strings.Contains(string(body), r.Contains):
		return e, fault.Newf(fault.Found, "the answer does not contain %q", r.Contains)
	case r.Lacks != "" && strings.Contains(string(body), r.Lacks):
		return e, fault.Newf(fault.Found, "the answer contains %q", r.Lacks)
	case took > limit:
		return e, fault.Newf(fault.Found, "the answer took %s ms", millis(took))
	}
	return e, nil
}

func send(client *http.Client, q *http.Request) (body []byte, status int, err error) {
	answer, err := client.Do(q)
	if err != nil {
		return nil, 0, err
	}
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if closed := answer.Body.Close(); err == nil {
		err = closed
	}
	return body, answer.StatusCode, err
}
