package azurequeue

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// apiVersion is the version of the Storage services that the calls follow.
const apiVersion = "2021-12-02"

// maxAnswer bounds an answer: ten messages of 64 KiB each, in base64.
const maxAnswer = 2 << 20

// client sends signed requests below one queue endpoint.
type client struct {
	pipeline runtime.Pipeline
	endpoint string
}

func newClient(account azureaccount.Account) client {
	return client{
		endpoint: account.QueueEndpoint,
		pipeline: runtime.NewPipeline("bookshop", "1", runtime.PipelineOptions{
			PerRetry: []policy.Policy{signer{account}}, // a retry needs a new date and so a new signature
		}, &policy.ClientOptions{
			Retry: policy.RetryOptions{MaxRetries: 2, TryTimeout: 5 * time.Second, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second},
		}),
	}
}

type signer struct{ account azureaccount.Account }

// Do implements policy.Policy.
func (s signer) Do(r *policy.Request) (*http.Response, error) {
	raw := r.Raw()
	raw.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	raw.Header.Set("x-ms-version", apiVersion)
	s.account.Sign(raw)
	return r.Next()
}

// call is one request: what to do, to which path, with which answer.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	status       []int // the statuses that mean success
	into         any   // XML of the answer goes here, unless nil
}

func (c client) do(ctx context.Context, op string, what call) error {
	request, err := runtime.NewRequest(ctx, what.method, c.endpoint+what.path)
	if err != nil {
		return trouble.Of(trouble.Internal, op, what.path, err)
	}
	request.Raw().URL.RawQuery = what.query.Encode()
	if what.body != nil {
		if err := request.SetBody(streaming.NopCloser(bytes.NewReader(what.body)), "application/xml"); err != nil {
			return trouble.Of(trouble.Internal, op, what.path, err)
		}
	}
	response, err := c.pipeline.Do(request)
	if err != nil {
		return problem(err, op, what.path)
	}
	defer response.Body.Close()
	if !runtime.HasStatusCode(response, what.status...) {
		return problem(runtime.NewResponseError(response), op, what.path)
	}
	if what.into == nil {
		return nil
	}
	if err := xml.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(what.into); err != nil {
		return trouble.Of(trouble.Unavailable, op, what.path, err)
	}
	return nil
}

// problem gives an error of the pipeline its kind.
func problem(err error, op, name string) error {
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		switch status := answer.StatusCode; {
		case status == 401 || status == 403:
			return trouble.Of(trouble.Denied, op, name, err)
		case status == 404:
			return trouble.Of(trouble.NotFound, op, name, err)
		case status >= 400 && status < 500 && status != 408 && status != 429:
			return trouble.Of(trouble.Internal, op, name, err)
		}
	}
	if errors.Is(err, context.Canceled) {
		return trouble.Of(trouble.Canceled, op, name, err)
	}
	return trouble.Of(trouble.Unavailable, op, name, err)
}
