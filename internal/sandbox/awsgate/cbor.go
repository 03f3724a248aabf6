package awsgate

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// upstreamCBOR passes a call on as awsJson, because moto knows no rpc-v2-cbor,
// and encodes the answer anew.
func (g *Gate) upstreamCBOR(c *capture, r *http.Request, call *awsapi.Call) error {
	model := g.table.Named(call.Model)
	if model == nil || model.TargetPrefix == "" || !model.Speaks(awsapi.JSON10) {
		return &awsapi.Error{Code: "UnknownOperationException", Message: "the sandbox does not know " + call.Service + " by rpc-v2-cbor",
			Status: http.StatusNotFound, Sender: true}
	}
	if !call.BodyWhole {
		return awsapi.Refuse("SerializationException", "the body is too long")
	}
	body, err := call.JSONInput()
	if err != nil {
		return err
	}
	request := r.Clone(context.WithoutCancel(r.Context()))
	request.URL = &url.URL{Path: "/"}
	request.Header.Del("Smithy-Protocol")
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Amz-Target", model.TargetPrefix+"."+call.Operation)
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	status, header, text, err := g.exchange(request.Context(), request)
	if err != nil {
		g.options.Log.Error("control plane does not answer", "error", err)
		return &awsapi.Error{Code: "ServiceUnavailable", Message: "the control plane behind the gate does not answer", Status: http.StatusServiceUnavailable}
	}
	asJSON := *call
	asJSON.Protocol = awsapi.JSON10
	outcome := awsapi.DecodeOutcome(&asJSON, status, header, text)
	if !outcome.OK() {
		return &awsapi.Error{Code: outcome.ErrorCode, Message: outcome.ErrorMessage, Status: status, Sender: status < 500}
	}
	answer, err := awsapi.EncodeResult(call, model.FromJSON(outcome.Result))
	if err != nil {
		return err
	}
	if outcome.RequestID != "" {
		answer.Header.Set("X-Amzn-Requestid", outcome.RequestID)
	}
	send(c, answer)
	return nil
}
