package s3

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// judge says what an answer means, by the codes of the Amazon S3 API Reference,
// "Error responses".
func (s *Source) judge(t *rest.Trouble) rest.Verdict {
	var region, resource string
	t.Code, t.Message, region, resource = words(t)
	if at := t.Header.Get("X-Amz-Bucket-Region"); at != "" {
		region = at
	}
	switch t.Code {
	case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return s.elsewhere(region, resource)
	case "RequestTimeTooSkewed":
		return s.late(t)
	case "InvalidObjectState":
		if strings.Contains(t.Message, "Restore is not allowed") {
			break // the answer to Restore: the object is not archived
		}
		return rest.Verdict{Kind: fault.Refused, Reason: object.ErrArchived, Hint: "run again with --restore, and once more when the restore is done"}
	case "MethodNotAllowed":
		if t.Header.Get("X-Amz-Delete-Marker") == "true" {
			return rest.Verdict{Kind: fault.NotFound}
		}
	case "InvalidRequest":
		if customerKey(t.Message) {
			return rest.Verdict{Kind: fault.Refused, Reason: object.ErrCustomerKey, Hint: "copy it at the source without SSE-C, or leave it out"}
		}
	}
	// An answer to HEAD has no body and so no code; the region stands in a
	// header, also of a refusal for the wrong one.
	if t.Code == "" && region != "" && region != s.Region() && (t.Status < 400 || t.Status == http.StatusBadRequest) {
		return s.elsewhere(region, resource)
	}
	kind, again := classify(t)
	if t.Code == "InvalidObjectState" {
		kind = fault.Invalid
	}
	return rest.Verdict{Kind: kind, Again: again, Hint: s.hint(kind, t)}
}

// customerKey is what S3 says of an object under a key that was not sent. The
// code is one that many mistakes share.
func customerKey(message string) bool {
	return strings.Contains(message, "Server Side Encryption") || strings.Contains(message, "server-side encryption")
}

// elsewhere follows the bucket into its region, or says which it is.
func (s *Source) elsewhere(region, endpoint string) rest.Verdict {
	if s.move(region) {
		return rest.Verdict{Kind: fault.Invalid, Mended: true}
	}
	v := rest.Verdict{Kind: fault.Invalid, Hint: "set the region and the endpoint of the bucket"}
	switch {
	case region != "":
		v.Hint = "the bucket is in region " + region + ": export AWS_REGION=" + region
	case endpoint != "":
		v.Hint = "the bucket is at endpoint " + endpoint
	}
	return v
}

// late takes over the server's clock.
func (s *Source) late(t *rest.Trouble) rest.Verdict {
	v := rest.Verdict{Kind: fault.Denied, Hint: "set the clock of this machine"}
	if at, err := http.ParseTime(t.Header.Get("Date")); err == nil {
		s.skew.Store(int64(at.Sub(s.now()).Truncate(time.Second)))
		v.Mended = true
	}
	return v
}

// classify gives codes and, where there is none, the status a kind.
func classify(t *rest.Trouble) (kind fault.Kind, again bool) {
	throttled := []string{"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled", "BandwidthLimitExceeded"}
	denied := []string{"AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
		"TokenRefreshRequired", "InvalidSecurity", "NotSignedUp", "AccessForbidden", "UnauthorizedAccess", "AccountRequiredPayment"}
	passing := []string{"InternalError", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException", "OperationAborted", "503 SlowDown"}
	switch {
	case slices.Contains(throttled, t.Code) || t.Status == http.StatusTooManyRequests:
		return fault.Throttled, true
	case slices.Contains(passing, t.Code):
		return fault.Unavailable, true
	case slices.Contains(denied, t.Code), strings.HasPrefix(t.Code, "KMS."):
		return fault.Denied, false
	case strings.HasPrefix(t.Code, "NoSuch"):
		return fault.NotFound, false
	case t.Code == "RestoreAlreadyInProgress":
		return fault.Conflict, false
	case t.Code == "NotImplemented" || t.Status == http.StatusNotImplemented:
		return fault.Unsupported, false
	}
	switch t.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fault.Denied, false
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound, false
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusRequestedRangeNotSatisfiable:
		// A range that lies outside is one of an object that was longer.
		return fault.Conflict, false
	case http.StatusServiceUnavailable:
		// Of a server in between, or an answer to HEAD: S3 says SlowDown so.
		return fault.Throttled, true
	case http.StatusRequestTimeout:
		return fault.Timeout, true
	}
	if t.Status >= http.StatusInternalServerError {
		return fault.Unavailable, true
	}
	return fault.Invalid, false
}

func (s *Source) hint(kind fault.Kind, t *rest.Trouble) string {
	switch {
	case strings.HasPrefix(t.Code, "KMS.") || kind == fault.Denied && strings.Contains(t.Message, "kms:"):
		return "allow kms:Decrypt on the key of the object"
	case t.Code == "NoSuchBucket":
		return "aws s3 ls"
	case kind == fault.Denied && !s.options.RequesterPays:
		return "allow s3:ListBucket, s3:GetObject and s3:GetObjectTagging; where the bucket is Requester Pays, agree to pay with --requester-pays"
	case kind == fault.Denied:
		return "allow s3:ListBucket, s3:GetObject and s3:GetObjectTagging"
	}
	return ""
}

// secretWords are parts of an error's document that repeat what was signed.
var secretWords = regexp.MustCompile(`(?i)(X-Amz-Signature|X-Amz-Security-Token|Signature|Credential)=[^&\s]+`)

// words reads the error document.
func words(t *rest.Trouble) (code, message, region, endpoint string) {
	scan := markup.NewScanner(strings.NewReader(string(t.Body)))
	for kind := scan.Step(); kind != markup.End; kind = scan.Step() {
		if kind != markup.Close || scan.Depth() != 1 {
			continue
		}
		switch string(scan.Name()) {
		case "Code":
			code = string(scan.Text())
		case "Message":
			message = secretWords.ReplaceAllString(string(scan.Text()), "$1=...")
		case "Region":
			region = string(scan.Text())
		case "Endpoint":
			endpoint = string(scan.Text())
		}
	}
	return code, message, region, endpoint
}
