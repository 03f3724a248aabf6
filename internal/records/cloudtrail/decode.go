package cloudtrail

import (
	"bytes"
	"strings"
	"time"
)

// decoder reads records. It belongs to one goroutine.
type decoder struct {
	words  map[string]string
	wanted map[string]rank
	e      Event

	who      identity
	readOnly int8 // 1 yes, -1 no, 0 not said
	manage   int8
	digest   bool
	fields   int
	asked    []named // resources of the request
	answer   []byte  // responseElements, still JSON
	said     []named // resources[] of the record
}

// named is a resource with how much it is what the call is about.
type named struct {
	name, kind string
	rank       rank
}

// identity is userIdentity.
type identity struct {
	kind, principalID, arn, account, user, invokedBy string
	issuer, issuerARN                                string
	provider, federated                              string
	behalf                                           string
}

// maxWords bounds the memory of texts that repeat; it is emptied when full.
const maxWords = 1 << 16

func newDecoder() *decoder {
	return &decoder{words: map[string]string{}, wanted: parameters()}
}

// word keeps one copy of texts that repeat from record to record.
func (d *decoder) word(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := d.words[string(b)]; ok {
		return s
	}
	if len(d.words) >= maxWords {
		clear(d.words)
	}
	s := string(b)
	d.words[s] = s
	return s
}

func (d *decoder) reset() {
	d.e.reset()
	d.who = identity{}
	d.readOnly, d.manage, d.digest, d.fields = 0, 0, false, 0
	d.asked, d.said, d.answer = d.asked[:0], d.said[:0], nil
}

// member takes one member of a record; the value follows.
func (d *decoder) member(s *scanner, name []byte) verdict {
	e := &d.e
	switch string(name) {
	case "userIdentity":
		d.fields++
		return d.identity(s)
	case "requestParameters":
		return d.request(s, 0)
	case "resources":
		return d.resources(s)
	case "responseElements":
		return d.answered(s)
	case "additionalEventData", "serviceEventDetails", "tlsDetails", "insightDetails":
		return s.skip()
	}
	to := d.slot(name)
	if to == nil {
		return d.other(s, name)
	}
	b, v := s.value()
	if v == fine {
		d.fields++
		if to == &e.ID {
			*to = string(b)
		} else {
			*to = d.word(b)
		}
	}
	return v
}

// slot is where a plain text field goes.
func (d *decoder) slot(name []byte) *string {
	e := &d.e
	switch string(name) {
	case "eventID":
		return &e.ID
	case "eventVersion":
		return &e.Version
	case "eventType":
		return &e.Type
	case "eventCategory":
		return &e.Category
	case "eventSource":
		return &e.Service
	case "eventName":
		return &e.Action
	case "awsRegion":
		return &e.Region
	case "sourceIPAddress":
		return &e.Address
	case "userAgent":
		return &e.Agent
	case "errorCode":
		return &e.Error
	case "recipientAccountId":
		return &e.Account
	case "vpcEndpointId":
		return &e.Endpoint
	}
	return nil
}

// other takes the fields that are no plain texts.
func (d *decoder) other(s *scanner, name []byte) verdict {
	switch string(name) {
	case "eventTime":
		b, v := s.value()
		d.e.Time = when(b)
		return v
	case "readOnly":
		b, v := s.value()
		d.readOnly = yes(b)
		return v
	case "managementEvent":
		b, v := s.value()
		d.manage = yes(b)
		return v
	case "digestStartTime":
		d.digest = true
	}
	return s.skip()
}

func yes(b []byte) int8 {
	switch {
	case bytes.EqualFold(b, []byte("true")):
		return 1
	case bytes.EqualFold(b, []byte("false")):
		return -1
	}
	return 0
}

// when reads an event time: ISO 8601 in files, seconds in answers of the API,
// and "2026-01-02 03:04:05.000" in exports of Lake.
func when(b []byte) time.Time {
	if len(b) == 20 && b[19] == 'Z' && b[4] == '-' && b[10] == 'T' {
		if t, ok := stamp(b); ok {
			return t
		}
	}
	s := string(b)
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 UTC", "Jan 2, 2006, 3:04:05 PM"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	whole, _, _ := strings.Cut(s, ".")
	var n int64
	for _, c := range whole {
		if c < '0' || c > '9' || n > 1e12 {
			return time.Time{}
		}
		n = n*10 + int64(c-'0')
	}
	if n > 1e11 {
		return time.UnixMilli(n).UTC()
	}
	if n > 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// stamp reads "2006-01-02T15:04:05Z" without the general parser.
func stamp(b []byte) (time.Time, bool) {
	two := func(i int) int {
		if b[i] < '0' || b[i] > '9' || b[i+1] < '0' || b[i+1] > '9' {
			return -1 << 20
		}
		return int(b[i]-'0')*10 + int(b[i+1]-'0')
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

// finish settles what depends on several fields. It reports whether this was
// a record at all.
func (d *decoder) finish() bool {
	e := &d.e
	if e.Action == "" || e.Service == "" || e.Time.IsZero() {
		return false
	}
	e.Service = strings.TrimSuffix(e.Service, ".amazonaws.com")
	d.attribute()
	switch {
	case e.Category == "Data" || e.Category == "" && d.manage < 0:
		e.DataEvent = true
	case e.Category == "" && d.manage == 0:
		e.DataEvent = dataCall(e.Service, e.Action)
	}
	e.ReadOnly = d.readOnly > 0 || d.readOnly == 0 && reads(e.Action)
	if e.Account == "" {
		e.Account = d.who.account
	}
	d.choose()
	d.created()
	return true
}

// dataCall tells data events in records before event version 1.06, which do
// not say it: the calls that CloudTrail could already log as data events then.
func dataCall(service, action string) bool {
	switch service {
	case "lambda":
		return action == "Invoke"
	case "s3":
		return strings.Contains(action, "Object") && !strings.Contains(action, "Configuration") || strings.Contains(action, "MultipartUpload") || action == "UploadPart"
	}
	return false
}

// reads tells by the verb, for records before event version 1.01, which do not
// have readOnly.
func reads(action string) bool {
	for _, verb := range []string{"Describe", "List", "Get", "Head", "Lookup", "BatchGet", "Search", "Query", "Scan", "Select", "View", "Check", "Test", "Estimate", "Preview"} {
		if strings.HasPrefix(action, verb) {
			return true
		}
	}
	return false
}
