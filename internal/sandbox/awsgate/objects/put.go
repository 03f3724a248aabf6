package objects

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Put writes an object for the gate itself, such as a file of a trail.
func (rt *Router) Put(ctx context.Context, bucket, key string, body []byte) error {
	q := &query{method: http.MethodPut, bucket: bucket, stored: encodeKey(key), params: url.Values{}, header: http.Header{}}
	q.setDocument(body)
	response, err := rt.send(ctx, q)
	if err != nil {
		return fault.Of(fault.Unavailable, "put object", bucket+"/"+key, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return fault.Of(fault.Unavailable, "put object", bucket+"/"+key, err)
	}
	if response.StatusCode >= 300 {
		outcome := awsapi.DecodeOutcome(&awsapi.Call{Protocol: awsapi.RestXML}, response.StatusCode, response.Header, text)
		kind := fault.Unavailable
		if response.StatusCode == http.StatusNotFound {
			kind = fault.NotFound
		}
		return fault.Newf(kind, "put object %q: %s", bucket+"/"+key, outcome.ErrorCode)
	}
	return nil
}
