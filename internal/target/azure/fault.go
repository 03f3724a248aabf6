package azure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"example.com/landfall/internal/fault"
)

// noAnswer are the words of the network's own errors. The identity library
// keeps the text of what stopped a token request and not the error itself.
func noAnswer() []string {
	return []string{"dial tcp", "no such host", "connection refused", "connection reset", "i/o timeout", "TLS handshake timeout", "tls: ", "x509: "}
}

// chainName begins what the default chain of credentials says.
const chainName = "DefaultAzureCredential: "

// classify gives an SDK error one of Landfall's kinds, by the HTTP status
// that Resource Manager documents for it. The context is asked first, because
// the identity library does not pass its error on.
func classify(ctx context.Context, err error) fault.Kind {
	if err == nil {
		return ""
	}
	if ctx.Err() != nil {
		return fault.KindOf(ctx.Err())
	}
	if identity, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		return classifyIdentity(identity)
	}
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return classifyStatus(response.StatusCode)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return fault.Unavailable
	}
	// No place of the chain had credentials; that error has no exported type.
	if strings.HasPrefix(err.Error(), chainName) {
		return fault.Denied
	}
	return fault.KindOf(err)
}

// classifyIdentity tells a refused token from a token endpoint that has its
// own trouble or does not answer.
func classifyIdentity(err *azidentity.AuthenticationFailedError) fault.Kind {
	if err.RawResponse == nil {
		text := err.Error()
		if slices.ContainsFunc(noAnswer(), func(sign string) bool { return strings.Contains(text, sign) }) {
			return fault.Unavailable
		}
		return fault.Denied
	}
	if kind := classifyStatus(err.RawResponse.StatusCode); kind == fault.Unavailable || kind == fault.Throttled {
		return kind
	}
	return fault.Denied
}

func classifyStatus(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusTooManyRequests:
		return fault.Throttled
	case http.StatusRequestTimeout:
		return fault.Timeout
	}
	if status >= http.StatusInternalServerError {
		return fault.Unavailable
	}
	return fault.Invalid
}

// brief returns what an SDK error says in one sentence: its multi-line dump
// of request and response belongs into a debug log.
func brief(err error) error {
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok {
		if response.ErrorCode == "" {
			return fmt.Errorf("HTTP %d %s", response.StatusCode, http.StatusText(response.StatusCode))
		}
		return fmt.Errorf("%s (HTTP %d)", response.ErrorCode, response.StatusCode)
	}
	identity, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if ok && identity.RawResponse != nil {
		return fmt.Errorf("no token: %s", refusal(err.Error(), identity.RawResponse.StatusCode))
	}
	return err
}

// refusal finds Entra ID's own code, such as AADSTS7000215 (wrong secret), in
// what the SDK wrote about a refused token, and its sentence without the trace
// that follows.
func refusal(text string, status int) string {
	at := strings.Index(text, "AADSTS")
	if at < 0 {
		return fmt.Sprintf("HTTP %d", status)
	}
	text = text[at:]
	for _, end := range []string{" Trace ID", `\r`, `\n`, "\n", `"`} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSpace(text)
}

// mend says what to do about an error of the kind on the subscription.
func mend(kind fault.Kind, subscription string) string {
	switch kind {
	case fault.Unavailable, fault.Timeout:
		return "look at target.endpoint, target.authority, the proxy and the network"
	case fault.Throttled:
		return "try again in some minutes"
	case fault.NotFound:
		return "az account list --output table, then set target.subscription and target.tenant in landfall.yaml"
	}
	return fmt.Sprintf("az login, then: az account show --subscription %s", subscription)
}
