package trail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/files"
)

// sink keeps what it is told.
type sink struct {
	mu            sync.Mutex
	unread        []inventory.Unread
	refused       []inventory.Refused
	inputs        map[string]string
	planned, done int64
}

func (s *sink) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *sink) Unread(u inventory.Unread)   { s.locked(func() { s.unread = append(s.unread, u) }) }
func (s *sink) Refused(r inventory.Refused) { s.locked(func() { s.refused = append(s.refused, r) }) }
func (s *sink) Planned(n int64)             { s.locked(func() { s.planned += n }) }
func (s *sink) Done(n int64)                { s.locked(func() { s.done += n }) }
func (s *sink) Input(name, sum string) {
	s.locked(func() {
		if s.inputs == nil {
			s.inputs = map[string]string{}
		}
		s.inputs[name] = sum
	})
}

const (
	flows = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n" +
		"2 123456789012 eni-0a 10.0.0.5 10.0.0.9 40000 5432 6 10 1000 1795168800 1795168860 ACCEPT OK\n" +
		"2 123456789012 eni-0a 10.0.0.9 10.0.0.5 5432 40000 6 10 700 1795168800 1795168860 ACCEPT OK\n" +
		"2 123456789012 eni-0a - - - - - - - 1795168860 1795168920 - SKIPDATA\n"
	events = `{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"AWSService","invokedBy":"backup.amazonaws.com"},"eventTime":"2026-11-20T10:00:01Z","eventSource":"rds.amazonaws.com",` +
		`"eventName":"CreateDBSnapshot","awsRegion":"us-east-1","requestParameters":{"dBInstanceIdentifier":"db"},"eventID":"1","readOnly":false,"recipientAccountId":"123456789012"}]}`
	bucket = `owner covers [20/Nov/2026:10:00:01 +0000] 10.0.0.5 arn:aws:sts::123456789012:assumed-role/app/i-1 R REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 300 300 12 8 "-" "a" - H SigV4 T A covers.s3.amazonaws.com TLSv1.3 - -` + "\n"
)

func folder(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, o trail.Options, inputs ...files.Input) (trail.Seen, *sink) {
	t.Helper()
	s := &sink{}
	seen, err := trail.Read(t.Context(), files.New(inputs...), inventory.Inventory{}, o, s)
	if err != nil {
		t.Fatal(err)
	}
	return seen, s
}

func TestAFolderOfEverything(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"flow/a.log": flows, "flow/copy.log": flows, "trail/b.json": events, "web/c.log": bucket, "web/note.txt": "remember the milk\n", "empty": ""})
	seen, s := read(t, trail.Options{}, files.Input{Path: dir})
	at := func(sec int64) time.Time { return time.Unix(sec, 0).UTC() }
	second := time.Date(2026, 11, 20, 10, 0, 1, 0, time.UTC)
	want := graph.Observed{
		Conversations: []graph.Conversation{{Client: &graph.Endpoint{Address: "10.0.0.5"}, Server: &graph.Endpoint{Address: "10.0.0.9"}, Port: 5432, Protocol: "tcp", Bytes: 1700, Packets: 20, Flows: 2,
			First: at(1795168800), Last: at(1795168860), Sure: 0.9, Source: "flow-logs"}},
		Uses: []graph.Use{
			{Principal: "backup.amazonaws.com", Service: "rds", Action: "CreateDBSnapshot", Resource: "db", Count: 1, Account: "123456789012", Region: "us-east-1", First: second, Last: second},
			{Principal: "arn:aws:iam::123456789012:role/app", Session: "i-1", Service: "s3", Action: "REST.GET.OBJECT", Resource: "arn:aws:s3:::covers", ReadOnly: true, DataEvent: true, Count: 1, Agent: "a",
				Address: "10.0.0.5", Account: "123456789012", First: second, Last: second}},
		Requests: []graph.Request{{Front: "covers", Host: "covers.s3.amazonaws.com", Port: 443, Count: 1, Bytes: 300, First: second, Last: second, Source: "s3"}},
		Inputs:   s.inputs, From: at(1795168800), To: second,
	}
	if want.To.Before(at(1795168860)) {
		want.To = at(1795168860)
	}
	if second.Before(want.From) {
		want.From = second
	}
	if !reflect.DeepEqual(seen.Observed, want) {
		t.Errorf("got  %+v\nwant %+v", seen.Observed, want)
	}
	if len(s.inputs) != 6 || s.inputs[filepath.Join(dir, "flow/a.log")] != s.inputs[filepath.Join(dir, "flow/copy.log")] {
		t.Errorf("inputs %v", s.inputs)
	}
	if len(s.refused) != 1 || !strings.HasSuffix(s.refused[0].File, "note.txt") || s.planned != s.done {
		t.Errorf("refused %+v, planned %d, done %d", s.refused, s.planned, s.done)
	}
	reasons := ""
	for _, u := range s.unread {
		reasons += u.Operation + ": " + u.Reason + "\n"
	}
	if len(s.unread) != 1 || !strings.Contains(reasons, "SKIPDATA") {
		t.Errorf("unread %+v", s.unread)
	}
}

// Names and order of the inputs change nothing but the names.
func TestOrderOfInputsChangesNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a": flows, "b": events, "c": bucket})
	inputs := []files.Input{{Path: filepath.Join(dir, "a")}, {Path: filepath.Join(dir, "b"), Kind: trail.Events}, {Path: filepath.Join(dir, "*")}}
	first, _ := read(t, trail.Options{Workers: 1}, inputs...)
	slices.Reverse(inputs)
	second, _ := read(t, trail.Options{Workers: 3}, inputs...)
	if !reflect.DeepEqual(first.Observed, second.Observed) {
		t.Errorf("%+v\n%+v", first.Observed, second.Observed)
	}
}

func TestWhatDoesNotFitOrLieThereIsTold(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(flows, "\n")
	text := lines[0]
	for i := range 300 {
		text += fmt.Sprintf("2 1 eni-0a 198.18.%d.%d 10.0.0.9 40000 443 6 1 100 1795168800 1795168860 ACCEPT OK\n", i/250, 1+i%250)
	}
	dir := folder(t, map[string]string{"a": text, "b": lines[0] + "2 broken\n"})
	_, s := read(t, trail.Options{Limit: 20}, files.Input{Path: dir, Kind: trail.FlowLogs}, files.Input{Path: filepath.Join(dir, "none-*")})
	if len(s.unread) != 1 || !strings.Contains(s.unread[0].Reason, "more than 20 conversations") {
		t.Errorf("unread %+v", s.unread)
	}
	if len(s.refused) != 2 || !strings.HasSuffix(s.refused[0].File, "none-*") || !strings.HasSuffix(s.refused[1].File, "b:2") {
		t.Errorf("refused %+v", s.refused)
	}
}

func TestFormatGivenByTheUser(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a": "5432 40000 10.0.0.9 10.0.0.5\n"})
	seen, s := read(t, trail.Options{}, files.Input{Path: dir, Kind: trail.FlowLogs, Format: "${dstport} ${srcport} ${dstaddr} ${srcaddr}"})
	if len(seen.Conversations) != 1 || seen.Conversations[0].Server.Address != "10.0.0.9" || len(s.refused) > 0 {
		t.Errorf("%+v %+v", seen.Conversations, s.refused)
	}
}

// Logs of another time than the one that is assessed are told of, unless some
// of them are of that time.
func TestLogsOfAnotherTimeAreTold(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a": flows, "b": events, "c": bucket})
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for year, want := range map[int]int{0: 0, 1: 3} {
		_, s := read(t, trail.Options{Window: trail.Window{From: at.AddDate(year, 0, -1), To: at.AddDate(year, 0, 3)}}, files.Input{Path: dir})
		told := 0
		for _, u := range s.unread {
			if u.Reason == "none is of the time that is assessed" {
				told++
			}
		}
		if told != want {
			t.Errorf("%d years later: %+v", year, s.unread)
		}
	}
}
