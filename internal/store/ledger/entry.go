package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
	"example.com/landfall/internal/store/canon"
)

// Limits of an entry. A measurement that needs more belongs into a file whose
// fingerprint the entry holds.
const (
	maxKindBytes    = 64
	maxActorBytes   = 256
	maxSubjectBytes = 2048
	maxBodyBytes    = 1 << 20
)

// The texts that begin what is hashed, so that no hash of one thing can be
// taken for the hash of another.
const (
	anchorDomain = "landfall ledger anchor 1"
	entryDomain  = "landfall ledger entry 1"
)

// timeForm is RFC 3339 in UTC with microseconds, always 27 characters, so that
// the order of the texts is the order of the times.
const timeForm = "2006-01-02T15:04:05.000000Z"

// Record is what a caller appends.
type Record struct {
	// Kind is a past-tense event in two or more words joined by dots:
	// "sandbox.started", "approval.given".
	Kind string
	// Actor is who caused it: a person's or a program's name.
	Actor string
	// Subject is what it is about: a resource id, a step, a file; may be "".
	Subject string
	// Body is any value whose JSON form is an object; nil is the empty one.
	Body any
}

// Entry is a record in the ledger.
type Entry struct {
	// Seq counts from 1 without gaps.
	Seq int64 `json:"seq"`
	// Time of the append: RFC 3339, UTC, microseconds. It is the writer's
	// clock; the order of entries is that of Seq.
	Time    string `json:"time"`
	Kind    string `json:"kind"`
	Actor   string `json:"actor"`
	Subject string `json:"subject"`
	// Body is a JSON object in canonical form.
	Body json.RawMessage `json:"body"`
	// Previous is the hash of the entry before, of the anchor for the first.
	Previous string `json:"previous"`
	// Hash is "sha256:" and the hash of all the other fields.
	Hash string `json:"hash"`
}

// When returns the entry's time; the zero time if the text is none.
func (e Entry) When() time.Time {
	t, err := time.Parse(timeForm, e.Time)
	if err != nil {
		return time.Time{}
	}
	return t
}

// sum computes the hash: SHA-256 over the domain text and the fields in the
// order of the struct, each as its length in bytes (8 bytes, big-endian) and
// its bytes; Seq is written in decimal digits.
func (e Entry) sum() string {
	return chained(entryDomain, strconv.FormatInt(e.Seq, 10), e.Time, e.Kind, e.Actor, e.Subject, string(e.Body), e.Previous)
}

func chained(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(f)))
		h.Write(length[:])
		h.Write([]byte(f))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// anchor is the beginning of a ledger.
type anchor struct {
	ID      string
	Created string
}

func (a anchor) sum() string { return chained(anchorDomain, a.ID, a.Created) }

// Head names the last entry of a ledger at some moment. A head that was kept
// elsewhere proves later that nothing up to it was changed or cut off.
type Head struct {
	// Ledger is the id of the ledger.
	Ledger string `json:"ledger"`
	// Seq of the last entry; 0 is a ledger without entries.
	Seq int64 `json:"seq"`
	// Hash of the last entry, of the anchor when there is none.
	Hash string `json:"hash"`
}

// String is the form that ParseHead reads: "LEDGER/SEQ/HASH".
func (h Head) String() string { return fmt.Sprintf("%s/%d/%s", h.Ledger, h.Seq, h.Hash) }

var headForm = regexp.MustCompile(`^([0-9a-f]{32})/(0|[1-9][0-9]{0,17})/(sha256:[0-9a-f]{64})$`)

// ParseHead reads the text form of a head. The error's kind is Usage.
func ParseHead(text string) (Head, error) {
	parts := headForm.FindStringSubmatch(text)
	if parts == nil {
		return Head{}, fault.Newf(fault.Usage, "read ledger head: want LEDGER/SEQ/sha256:HASH").
			Hintf("%q prints the head of a ledger", "landfall ledger verify")
	}
	seq, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Head{}, fault.Of(fault.Usage, "read ledger head", "", err)
	}
	return Head{Ledger: parts[1], Seq: seq, Hash: parts[3]}, nil
}

var kindForm = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$`)

// entry checks the record and fills in what does not depend on the ledger.
func (r Record) entry() (Entry, error) {
	if len(r.Kind) > maxKindBytes || !kindForm.MatchString(r.Kind) {
		return Entry{}, fault.Newf(fault.Invalid, "append to ledger: %q is not a kind of entry: want words joined by dots, such as approval.given", clip(r.Kind))
	}
	if r.Actor == "" {
		return Entry{}, fault.Newf(fault.Invalid, "append to ledger: the actor of %q is empty", r.Kind)
	}
	if complaint := plain(r.Actor, maxActorBytes); complaint != "" {
		return Entry{}, fault.Newf(fault.Invalid, "append to ledger: the actor of %q %s", r.Kind, complaint)
	}
	if complaint := plain(r.Subject, maxSubjectBytes); complaint != "" {
		return Entry{}, fault.Newf(fault.Invalid, "append to ledger: the subject of %q %s", r.Kind, complaint)
	}
	body, err := r.body()
	if err != nil {
		return Entry{}, err
	}
	if redact.Value(r.Actor) || redact.Value(r.Subject) {
		return Entry{}, fault.Newf(fault.Refused, "append to ledger: actor or subject of %q looks like a secret", r.Kind)
	}
	return Entry{Kind: r.Kind, Actor: r.Actor, Subject: r.Subject, Body: body}, nil
}

// body is the canonical form of the record's body, checked for secrets.
func (r Record) body() (json.RawMessage, error) {
	if r.Body == nil {
		return json.RawMessage(`{}`), nil
	}
	encoded, err := json.Marshal(r.Body)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "append to ledger: encode the body of", r.Kind, err)
	}
	canonical, err := canon.JSON(encoded)
	if err != nil {
		return nil, fault.Wrap(err, "append to ledger: encode the body of", r.Kind)
	}
	if len(canonical) > maxBodyBytes {
		return nil, fault.Newf(fault.Invalid, "append to ledger: the body of %q has %d bytes; %d are allowed", r.Kind, len(canonical), maxBodyBytes).
			Hintf("store a file and append its fingerprint")
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(canonical))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, fault.Newf(fault.Invalid, "append to ledger: the body of %q is not a JSON object", r.Kind)
	}
	if path, found := redact.Find(object); found {
		return nil, fault.Newf(fault.Refused, "append to ledger: %q in the body of %q looks like a secret", path, r.Kind).
			Hintf("append a reference to the secret (its ARN, Key Vault address or env:NAME) instead of its value")
	}
	return canonical, nil
}

// plain returns what is wrong with a one-line text, or "".
func plain(text string, limit int) string {
	switch {
	case len(text) > limit:
		return fmt.Sprintf("has %d bytes; %d are allowed", len(text), limit)
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a line break or another control character"
	}
	return ""
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > maxKindBytes {
		return string(runes[:maxKindBytes])
	}
	return text
}
