package awsapi

import (
	"net/http"
	"strings"
)

// Scope is what a request's signature says about itself.
type Scope struct {
	AccessKey string
	Region    string
	Service   string
	// Presigned: the signature stands in the query.
	Presigned bool
}

// ReadScope reads the credential of a request: Signature Version 4 in header
// or query, or S3's Version 2. A request without one gives a zero Scope; the
// signature itself is not verified, because the sandbox has no secrets to
// check it with.
func ReadScope(r *http.Request) Scope {
	auth := r.Header.Get("Authorization")
	if scheme, rest, ok := strings.Cut(auth, " "); ok {
		// AWS4-ECDSA is Signature Version 4A, whose scope has no region.
		switch {
		case strings.HasPrefix(scheme, "AWS4-"):
			return readCredential(field(rest, "Credential="))
		case scheme == "AWS":
			key, _, _ := strings.Cut(rest, ":")
			return Scope{AccessKey: key, Service: "s3"}
		}
	}
	query := r.URL.Query()
	if credential := query.Get("X-Amz-Credential"); credential != "" {
		s := readCredential(credential)
		s.Presigned = true
		return s
	}
	if query.Has("AWSAccessKeyId") && query.Has("Signature") && query.Has("Expires") {
		return Scope{AccessKey: query.Get("AWSAccessKeyId"), Service: "s3", Presigned: true}
	}
	return Scope{}
}

// field returns the value of "name=value" in a list parted by commas.
func field(list, name string) string {
	for part := range strings.SplitSeq(list, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), name); ok {
			return v
		}
	}
	return ""
}

// readCredential splits KEY/DATE/REGION/SERVICE/aws4_request from its end,
// because a key may hold slashes where it is no AWS key.
func readCredential(s string) Scope {
	part := strings.Split(s, "/")
	n := len(part)
	switch {
	case n >= 5:
		return Scope{AccessKey: strings.Join(part[:n-4], "/"), Region: part[n-3], Service: part[n-2]}
	case n == 4:
		return Scope{AccessKey: part[0], Service: part[2]}
	}
	return Scope{AccessKey: part[0]}
}

// isAuth reports whether a query parameter belongs to the signature and not to
// the operation.
func isAuth(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
		"X-Amz-Signature", "X-Amz-Security-Token", "AWSAccessKeyId", "Signature", "Expires", "x-id":
		return true
	}
	return false
}
