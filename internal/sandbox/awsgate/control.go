package awsgate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// The gate's own calls to the servers behind it. They are no calls of a
// client, so no trail records them.

// cloudTrailTarget is the prefix of CloudTrail's X-Amz-Target.
const cloudTrailTarget = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."

// maxControlBytes bounds an answer to the gate itself.
const maxControlBytes = 16 << 20

// ask calls an operation of CloudTrail at moto.
func (g *Gate) ask(ctx context.Context, region, operation string, input map[string]any) (map[string]any, error) {
	body, err := json.Marshal(input)
	if err != nil {
		return nil, fault.Of(fault.Internal, "encode "+operation, "", err)
	}
	request, err := g.own(ctx, http.MethodPost, "cloudtrail", region, &url.URL{Path: "/"}, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", cloudTrailTarget+operation)
	status, header, text, err := g.exchange(ctx, request)
	if err != nil {
		return nil, err
	}
	outcome := awsapi.DecodeOutcome(&awsapi.Call{Protocol: awsapi.JSON11, Operation: operation}, status, header, text)
	if !outcome.OK() {
		return nil, fault.Newf(fault.Unavailable, "call %s: %s: %s", operation, outcome.ErrorCode, outcome.ErrorMessage)
	}
	return outcome.Result, nil
}

// put writes an object where the objects are.
func (g *Gate) put(ctx context.Context, bucket, key string, body []byte) error {
	if g.objects != nil {
		return g.objects.Put(ctx, bucket, key, body)
	}
	request, err := g.own(ctx, http.MethodPut, "s3", g.options.Region, &url.URL{Path: "/" + bucket + "/" + key}, body)
	if err != nil {
		return err
	}
	status, _, _, err := g.exchange(ctx, request)
	if err == nil && status >= 300 {
		err = fault.Newf(fault.Unavailable, "put object %q: status %d", bucket+"/"+key, status)
	}
	return err
}

// own makes a request of the gate itself. moto reads service and region from
// the credential and verifies no signature.
func (g *Gate) own(ctx context.Context, method, service, region string, u *url.URL, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.Of(fault.Internal, "make request", "", err)
	}
	request.Host = g.options.Upstream.Host
	// moto keeps accounts by access key; this key is in none of them.
	request.Header.Set("X-Moto-Account-Id", g.options.Account)
	request.Header.Set("Authorization", fmt.Sprintf(
		"AWS4-HMAC-SHA256 Credential=landfall/%s/%s/%s/aws4_request, SignedHeaders=host, Signature=0",
		g.options.Now().UTC().Format("20060102"), region, service))
	return request, nil
}

func (g *Gate) exchange(ctx context.Context, request *http.Request) (status int, header http.Header, text []byte, err error) {
	response, err := g.upstream.roundTrip(ctx, request)
	if err != nil {
		return 0, nil, nil, fault.Of(fault.Unavailable, "call control plane", "", err)
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, maxControlBytes))
	if err != nil {
		return 0, nil, nil, fault.Of(fault.Unavailable, "read control plane", "", err)
	}
	return response.StatusCode, response.Header, text, nil
}
