package trail

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// LookupEvents looks back 90 days and gives at most 50 events a page.
const (
	lookback    = 90 * 24 * time.Hour
	maxPageSize = 50
)

// Answers implements awsapi.Service: LookupEvents only, which moto lacks.
func (t *Trail) Answers(service, operation string) bool {
	return service == "cloudtrail" && operation == "LookupEvents"
}

// Answer implements awsapi.Service.
func (t *Trail) Answer(_ context.Context, call *awsapi.Call) (map[string]any, error) {
	if t.options.LimitLookups && !call.Identity.Admin && !t.limit.take(call.Region, t.options.Now()) {
		return nil, &awsapi.Error{Code: "ThrottlingException", Message: "Rate exceeded", Status: 400, Sender: true}
	}
	q, err := readLookup(call.Params, call.Region, t.options.Now())
	if err != nil {
		return nil, err
	}
	return t.lookup(q)
}

// lookupQuery is a checked request.
type lookupQuery struct {
	attribute, value string
	from, to         int64 // seconds, both inclusive
	max              int
	region           string
	none             bool // asks for what there never is: Insights events
	after            *position
	fingerprint      string // of all that a token is bound to
}

// position is the last event of a page, and the newest event of the first
// page: what arrived later belongs to no page of this walk.
type position struct {
	Second   int64  `json:"s"`
	Sequence int64  `json:"n"`
	Newest   int64  `json:"m"`
	Query    string `json:"q"`
}

func readLookup(params map[string]any, region string, now time.Time) (*lookupQuery, error) {
	q := &lookupQuery{max: maxPageSize, region: region, from: now.Add(-lookback).Unix(), to: now.Unix()}
	if err := q.readAttributes(params); err != nil {
		return nil, err
	}
	if awsapi.Has(params, "MaxResults") {
		n, ok := awsapi.Int(params, "MaxResults")
		if !ok || n < 1 || n > maxPageSize {
			return nil, awsapi.Refuse("InvalidMaxResultsException", "A value of MaxResults is invalid. Specify a value between 1 and 50.")
		}
		q.max = int(n)
	}
	if err := q.readTimes(params); err != nil {
		return nil, err
	}
	switch category := awsapi.String(params, "EventCategory"); category {
	case "":
	case "insight":
		q.none = true
	default:
		return nil, awsapi.Refuse("InvalidEventCategoryException", "The event category "+category+" is not valid.")
	}
	q.fingerprint = fingerprintOf(q, params)
	if token := awsapi.String(params, "NextToken"); token != "" {
		q.after = &position{}
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(text, q.after) != nil || q.after.Query != q.fingerprint {
			return nil, awsapi.Refuse("InvalidNextTokenException",
				"The token is invalid, or the other parameters are not those of the call that gave it.")
		}
	}
	return q, nil
}

func (q *lookupQuery) readAttributes(params map[string]any) error {
	list := awsapi.Maps(params, "LookupAttributes")
	switch {
	case len(list) == 0:
		return nil
	case len(list) > 1:
		return awsapi.Refuse("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	}
	q.attribute, q.value = awsapi.String(list[0], "AttributeKey"), awsapi.String(list[0], "AttributeValue")
	switch q.attribute {
	case "EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId":
	default:
		return awsapi.Refuse("InvalidLookupAttributesException", "The lookup attribute key "+q.attribute+" is not valid.")
	}
	if q.value == "" || len(q.value) > 2000 {
		return awsapi.Refuse("InvalidLookupAttributesException", "The value of a lookup attribute has 1 to 2000 characters.")
	}
	if q.attribute == "ReadOnly" && q.value != "true" && q.value != "false" {
		return awsapi.Refuse("InvalidLookupAttributesException", "The value of ReadOnly is true or false.")
	}
	return nil
}

func (q *lookupQuery) readTimes(params map[string]any) error {
	start, hasStart := awsapi.Time(params, "StartTime")
	end, hasEnd := awsapi.Time(params, "EndTime")
	if awsapi.Has(params, "StartTime") != hasStart || awsapi.Has(params, "EndTime") != hasEnd {
		return awsapi.Refuse("InvalidTimeRangeException", "A time is not valid.")
	}
	if hasStart && hasEnd && start.After(end) {
		return awsapi.Refuse("InvalidTimeRangeException", "The start time is after the end time.")
	}
	if hasStart {
		q.from = max(q.from, start.Unix())
	}
	if hasEnd {
		q.to = min(q.to, end.Unix())
	}
	return nil
}

// fingerprintOf is of all that was asked but the page size and the token: a
// token is of use only for the query that gave it.
func fingerprintOf(q *lookupQuery, params map[string]any) string {
	parts := []string{q.region, q.attribute, q.value, awsapi.String(params, "EventCategory")}
	for _, name := range []string{"StartTime", "EndTime"} {
		if t, ok := awsapi.Time(params, name); ok {
			parts = append(parts, name, t.Format(time.RFC3339Nano))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

func (t *Trail) lookup(q *lookupQuery) (map[string]any, error) {
	found, last := t.store.find(q)
	events := make([]any, 0, len(found))
	for _, e := range found {
		event, err := t.event(e)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	result := map[string]any{"Events": events}
	if last != nil {
		last.Query = q.fingerprint
		text, err := json.Marshal(last)
		if err != nil {
			return nil, err
		}
		result["NextToken"] = base64.RawURLEncoding.EncodeToString(text)
	}
	return result, nil
}

func (t *Trail) event(e entry) (map[string]any, error) {
	text, err := t.store.read(e)
	if err != nil {
		return nil, err
	}
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	resources := make([]any, 0, len(e.resources))
	for _, r := range e.resources {
		resources = append(resources, map[string]any{"ResourceType": t.store.texts[r.kind], "ResourceName": t.store.texts[r.name]})
	}
	event := map[string]any{
		"EventId": e.id.String(), "EventName": t.store.texts[e.eventName], "EventSource": t.store.texts[e.source],
		"EventTime": time.Unix(e.second, 0).UTC(), "ReadOnly": readOnlyText(e.readOnly),
		"Resources": resources, "CloudTrailEvent": string(text),
	}
	for name, number := range map[string]uint32{"Username": e.user, "AccessKeyId": e.key} {
		if number != 0 {
			event[name] = t.store.texts[number]
		}
	}
	return event, nil
}

func readOnlyText(readOnly bool) string {
	if readOnly {
		return "true"
	}
	return "false"
}

// find returns one page, newest first, and where the next one begins; nil when
// there is none.
func (s *store) find(q *lookupQuery) ([]entry, *position) {
	s.sorted()
	s.mu.RLock()
	defer s.mu.RUnlock()
	newest := int64(len(s.entries)) - 1
	start := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].second > q.to })
	if q.after != nil {
		newest = q.after.Newest
		start = sort.Search(len(s.entries), func(i int) bool {
			e := &s.entries[i]
			return e.second > q.after.Second || e.second == q.after.Second && e.sequence >= q.after.Sequence
		})
	}
	match := s.matcher(q)
	var page []entry
	for i := start - 1; i >= 0 && s.entries[i].second >= q.from; i-- {
		e := &s.entries[i]
		if e.sequence > newest || !match(e) {
			continue
		}
		if len(page) == q.max {
			last := page[len(page)-1]
			return page, &position{Second: last.second, Sequence: last.sequence, Newest: newest}
		}
		page = append(page, *e)
	}
	return page, nil
}

// matcher compiles the query; the caller holds the lock. A text that no record
// ever held has no number and matches nothing.
func (s *store) matcher(q *lookupQuery) func(*entry) bool {
	value, known := s.names[q.value]
	region, regionKnown := s.names[q.region]
	id, idErr := uuid.Parse(q.value)
	nothing := q.none || !regionKnown
	switch q.attribute {
	case "", "ReadOnly":
	case "EventId":
		nothing = nothing || idErr != nil
	default:
		nothing = nothing || !known
	}
	if nothing {
		return func(*entry) bool { return false }
	}
	match := attributeMatcher(q, value, id)
	return func(e *entry) bool { return e.region == region && match(e) }
}

func attributeMatcher(q *lookupQuery, value uint32, id uuid.UUID) func(*entry) bool {
	switch q.attribute {
	case "EventId":
		return func(e *entry) bool { return e.id == id }
	case "EventName":
		return func(e *entry) bool { return e.eventName == value }
	case "ReadOnly":
		return func(e *entry) bool { return readOnlyText(e.readOnly) == q.value }
	case "Username":
		return func(e *entry) bool { return e.user == value }
	case "EventSource":
		return func(e *entry) bool { return e.source == value }
	case "AccessKeyId":
		return func(e *entry) bool { return e.key == value }
	case "ResourceType":
		return func(e *entry) bool {
			return slices.ContainsFunc(e.resources, func(p pair) bool { return p.kind == value })
		}
	case "ResourceName":
		return func(e *entry) bool {
			return slices.ContainsFunc(e.resources, func(p pair) bool { return p.name == value })
		}
	}
	return func(*entry) bool { return true }
}
