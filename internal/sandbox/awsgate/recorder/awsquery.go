package recorder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"example.com/landfall/internal/fault"
)

// mostAnswer bounds one answer of the control plane.
const mostAnswer = 32 << 20

// queryClient makes calls in AWS's query protocol, for the one service whose
// SDK has given it up.
type queryClient struct {
	*reader
	service, version string
}

// element is one XML element of an answer.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// child returns the first child of the name; an empty element when there is none.
func (e element) child(name string) element {
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			return c
		}
	}
	return element{}
}

// leaf is the type of a member that is no text.
type leaf int

const (
	textLeaf leaf = iota
	numberLeaf
	boolLeaf
)

// value returns the element as camel would: lists of "member", structures with
// small first letters, leaves by their type.
func (e element) value(types map[string]leaf) any {
	if len(e.Children) == 0 {
		return e.leaf(types[e.XMLName.Local])
	}
	if e.Children[0].XMLName.Local == "member" {
		list := []any{}
		for _, c := range e.Children {
			list = append(list, c.value(types))
		}
		return list
	}
	out := map[string]any{}
	for _, c := range e.Children {
		if len(c.Children) > 0 || strings.TrimSpace(c.Text) != "" {
			out[lowerFirst(c.XMLName.Local)] = c.value(types)
		}
	}
	return out
}

func (e element) leaf(kind leaf) any {
	switch kind {
	case numberLeaf:
		if n, err := strconv.ParseFloat(e.Text, 64); err == nil {
			return n
		}
	case boolLeaf:
		if b, err := strconv.ParseBool(e.Text); err == nil {
			return b
		}
	}
	return e.Text
}

// call sends one operation and returns the root of the answer.
func (q *queryClient) call(ctx context.Context, operation string, form url.Values) (element, error) {
	form.Set("Action", operation)
	form.Set("Version", q.version)
	body := []byte(form.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, *q.config.BaseEndpoint+"/", bytes.NewReader(body))
	if err != nil {
		return element{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := q.sign(ctx, request, body); err != nil {
		return element{}, err
	}
	response, err := q.config.HTTPClient.Do(request)
	if err != nil {
		return element{}, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return element{}, err
	}
	if response.StatusCode != http.StatusOK {
		return element{}, fault.Newf(fault.Unavailable, "call %s: status %d", operation, response.StatusCode)
	}
	var root element
	if err := xml.Unmarshal(answer, &root); err != nil {
		return element{}, fmt.Errorf("read the answer of %s: %w", operation, err)
	}
	return root, nil
}

// sign signs the request: the control plane finds service and account in the
// signature's scope.
func (q *queryClient) sign(ctx context.Context, request *http.Request, body []byte) error {
	keys, err := q.config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, aws.Credentials(keys), request, hex.EncodeToString(hash[:]), q.service, q.region, time.Now())
}
