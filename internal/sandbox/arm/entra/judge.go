package entra

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Refusal is why a token is refused. Its text is that of Resource Manager,
// whose messages are sentences.
type Refusal string

// Error is the message.
func (r Refusal) Error() string { return string(r) }

// The refusals.
const (
	// ErrMissing: the request has no bearer token.
	ErrMissing Refusal = "Authentication failed. The 'Authorization' header is missing."
	// ErrInvalid: the token cannot be read or was not signed here.
	ErrInvalid Refusal = "The access token is invalid."
	// ErrExpired: its time is over, or has not come.
	ErrExpired Refusal = "The access token expiry UTC time is earlier than current UTC time."
	// ErrAudience: it was given for another resource.
	ErrAudience Refusal = "The access token has been obtained for wrong audience or resource."
)

// Caller is who a token speaks for.
type Caller struct {
	// Principal is the object id, Client the application id.
	Principal, Client string
}

// Judge reads the bearer token of a request and checks that it is for one of
// the audiences.
func (s *Service) Judge(r *http.Request, audiences ...string) (Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, ErrMissing
	}
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return Caller{}, ErrInvalid
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return Caller{}, ErrInvalid
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return Caller{}, ErrInvalid
	}
	return s.judgeClaims(parts[1], audiences)
}

func (s *Service) judgeClaims(part string, audiences []string) (Caller, error) {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return Caller{}, ErrInvalid
	}
	var claims struct {
		Audience  string `json:"aud"`
		Expires   int64  `json:"exp"`
		NotBefore int64  `json:"nbf"`
		Principal string `json:"oid"`
		Client    string `json:"appid"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return Caller{}, ErrInvalid
	}
	now := s.options.Now()
	if now.After(time.Unix(claims.Expires, 0)) || now.Before(time.Unix(claims.NotBefore, 0)) {
		return Caller{}, ErrExpired
	}
	if !slices.Contains(audiences, claims.Audience) {
		return Caller{}, ErrAudience
	}
	return Caller{Principal: claims.Principal, Client: claims.Client}, nil
}
