package blob

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// judge says what an answer means, by the codes of the Azure Storage REST
// reference, "Common REST API error codes" and "Blob Storage error codes".
func (t *Target) judge(answer *rest.Trouble) rest.Verdict {
	answer.Code, answer.Message = words(answer)
	switch answer.Code {
	case "Md5Mismatch", "Crc64Mismatch":
		// Once more: what was damaged on the way is whole here.
		return rest.Verdict{Kind: fault.Invalid, Reason: object.ErrMismatch, Mended: true}
	case "InvalidBlobOrBlock", "InvalidBlockList":
		return rest.Verdict{Kind: fault.Invalid, Reason: object.ErrForeignBlocks}
	case "BlobArchived", "BlobBeingRehydrated":
		return rest.Verdict{Kind: fault.Refused, Reason: object.ErrArchived, Hint: "az storage blob set-tier --tier Hot --name NAME, then wait until it is rehydrated"}
	case "BlobImmutableDueToPolicy":
		return rest.Verdict{Kind: fault.Denied, Hint: "a legal hold or an immutability policy protects the blob: az storage blob show --name NAME"}
	case "CannotVerifyCopySource":
		return sourceTrouble(answer)
	case "InvalidBlobType":
		return rest.Verdict{Kind: fault.Invalid, Hint: "a page or append blob has this name; delete it or choose another prefix"}
	case "ContainerNotFound":
		return rest.Verdict{Kind: fault.NotFound, Hint: "az storage container create --name NAME"}
	}
	if strings.Contains(answer.Code, "Lease") {
		return rest.Verdict{Kind: fault.Denied, Hint: "somebody holds a lease on it: az storage blob lease break --blob-name NAME"}
	}
	if answer.Status == http.StatusUnauthorized || answer.Code == "AuthenticationFailed" {
		return t.unauthenticated(answer)
	}
	kind, again := classify(answer)
	v := rest.Verdict{Kind: kind, Again: again}
	if kind == fault.Denied {
		v.Hint = `assign the role "Storage Blob Data Contributor" on the account: az role assignment create`
	}
	return v
}

// unauthenticated looks for what can be set right: a token that was withdrawn,
// and a clock that is off by more than the 15 minutes that the service allows.
func (t *Target) unauthenticated(answer *rest.Trouble) rest.Verdict {
	v := rest.Verdict{Kind: fault.Denied, Mended: t.credential.refused(), Hint: "az login, or look at the key, the SAS token and the clock of this machine"}
	const allowed = 10 * time.Minute
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		skew := at.Sub(t.now()).Truncate(time.Second)
		if off := skew - time.Duration(t.skew.Load()); off.Abs() > allowed {
			t.skew.Store(int64(skew))
			v.Mended = true
		}
	}
	return v
}

// sourceTrouble is that of a URL that the service was to fetch; it tells the
// status that it got.
func sourceTrouble(answer *rest.Trouble) rest.Verdict {
	switch answer.Header.Get("X-Ms-Copy-Source-Status-Code") {
	case "401", "403":
		return rest.Verdict{Kind: fault.Denied, Hint: "the service cannot read the source: copy by streaming"}
	case "404":
		return rest.Verdict{Kind: fault.NotFound}
	case "412", "416":
		return rest.Verdict{Kind: fault.Conflict}
	}
	if answer.Status == http.StatusNotFound {
		return rest.Verdict{Kind: fault.NotFound}
	}
	// It has been seen for days at a time, and without any status.
	return rest.Verdict{Kind: fault.Unavailable, Again: answer.Status >= http.StatusInternalServerError, Hint: "the service cannot read the source: copy by streaming"}
}

func classify(answer *rest.Trouble) (kind fault.Kind, again bool) {
	conflicts := []string{"ConditionNotMet", "TargetConditionNotMet", "SourceConditionNotMet", "BlobAlreadyExists"}
	switch {
	case slices.Contains(conflicts, answer.Code):
		return fault.Conflict, false
	case answer.Code == "ServerBusy" || answer.Status == http.StatusTooManyRequests:
		return fault.Throttled, true
	case strings.HasPrefix(answer.Code, "FeatureNot") || answer.Code == "BlobAccessTierNotSupportedForAccountType" || answer.Status == http.StatusNotImplemented:
		return fault.Unsupported, false
	}
	switch answer.Status {
	case http.StatusForbidden, http.StatusProxyAuthRequired:
		return fault.Denied, false
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound, false
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable, http.StatusNotModified:
		return fault.Conflict, false
	case http.StatusServiceUnavailable:
		return fault.Throttled, true
	case http.StatusRequestTimeout:
		return fault.Timeout, true
	}
	if answer.Status >= http.StatusInternalServerError {
		return fault.Unavailable, true
	}
	return fault.Invalid, false
}

// words reads the code and the first line of the message; the lines behind it
// are the id and the time of the request.
func words(answer *rest.Trouble) (code, message string) {
	code = answer.Header.Get("X-Ms-Error-Code")
	scan := markup.NewScanner(bytes.NewReader(bytes.TrimPrefix(answer.Body, []byte("\ufeff"))))
	for kind := scan.Step(); kind != markup.End; kind = scan.Step() {
		if kind != markup.Close || scan.Depth() != 1 {
			continue
		}
		switch string(scan.Name()) {
		case "Code":
			if code == "" {
				code = string(scan.Text())
			}
		case "Message":
			message, _, _ = strings.Cut(string(scan.Text()), "\n")
		}
	}
	return code, strings.TrimSpace(message)
}
