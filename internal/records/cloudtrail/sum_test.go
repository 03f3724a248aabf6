package cloudtrail_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
)

// reading reads all events of a file with the package's Read.
func reading(see func(*cloudtrail.Event)) func(context.Context, *records.Content) error {
	return func(ctx context.Context, c *records.Content) error {
		return cloudtrail.Read(ctx, c, func(e *cloudtrail.Event) bool { see(e); return true })
	}
}

func sum(t testing.TB, o cloudtrail.Options, texts ...string) cloudtrail.Result {
	t.Helper()
	var files []records.File
	for i, text := range texts {
		files = append(files, records.Bytes(fmt.Sprint("f", i), []byte(text)))
	}
	c := cloudtrail.New(o)
	if _, err := records.Each(t.Context(), files, records.Options{Workers: 3}, c.Read); err != nil {
		t.Fatal(err)
	}
	return c.Result()
}

func lines(t testing.TB, list ...tree) string {
	var texts []string
	for _, r := range list {
		texts = append(texts, encode(t, r))
	}
	return strings.Join(texts, "\n")
}

func TestSums(t *testing.T) {
	t.Parallel()
	a := record(1, nil)
	b := record(2, tree{"eventTime": "2026-11-20T09:00:00Z", "sourceIPAddress": "10.0.0.9", "errorCode": "AccessDenied"})
	c := record(3, tree{"eventSource": "ssm.amazonaws.com", "eventName": "SendCommand", "managementEvent": true, "eventCategory": "Management", "readOnly": false, "resources": nil,
		"requestParameters": tree{"documentName": "doc", "instanceIds": []any{"i-1"}}})
	// The first record is delivered twice, in other bytes.
	res := sum(t, cloudtrail.Options{}, lines(t, a, b), lines(t, c, a))
	if res.Events != 3 || res.Duplicates != 1 || res.Forgot != 0 || len(res.Uses) != 3 {
		t.Fatalf("%+v", res)
	}
	use := res.Uses[0]
	if use.Service != "s3" || use.Count != 2 || use.Errors != 1 || use.Address != "10.0.0.9" || use.First.Hour() != 9 || use.Last.Hour() != 10 || use.Resource != "arn:aws:s3:::covers" || !use.DataEvent {
		t.Errorf("%+v", use)
	}
	want := cloudtrail.Principal{Principal: "arn:aws:iam::123456789012:role/path/app", Management: 1, Data: 2, ReadOnly: 2, Errors: 1}
	if !slices.Equal(res.Principals, []cloudtrail.Principal{want}) {
		t.Errorf("%+v", res.Principals)
	}
	if !res.From.Equal(use.First) || !res.To.Equal(use.Last) {
		t.Errorf("from %v to %v", res.From, res.To)
	}
	again := sum(t, cloudtrail.Options{}, lines(t, c, b), lines(t, a), lines(t, a, a))
	again.Duplicates = res.Duplicates
	if !reflect.DeepEqual(again, res) {
		t.Errorf("order and copies change the result:\n%+v\n%+v", again, res)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	res := sum(t, cloudtrail.Options{From: at, To: at.Add(time.Hour)}, lines(t, record(1, nil), record(2, tree{"eventTime": "2026-11-20T11:00:00Z"}), record(3, tree{"eventTime": "2026-11-20T09:59:59Z"})))
	if res.Events != 1 || res.Outside != 2 {
		t.Errorf("%+v", res)
	}
}

// Uses are capped; principals are not, so that nobody disappears, and what is
// beyond the cap counts without its resource.
func TestCaps(t *testing.T) {
	t.Parallel()
	var list []tree
	for i := range 400 {
		list = append(list, record(i, tree{"requestParameters": tree{"bucketName": fmt.Sprint("b", i)}, "resources": nil}))
	}
	res := sum(t, cloudtrail.Options{Limit: 50, Known: 64}, lines(t, list...))
	rest := res.Uses[0]
	if rest.Resource != "" || rest.Session != "" || rest.Count != res.Overflow || rest.Service != "s3" {
		t.Errorf("beyond the cap: %+v", rest)
	}
	if n := len(res.Uses) - 1; n > 50 || n < 10 || res.Overflow+int64(n) != 400 || res.Events != 400 || res.Principals[0].Data != 400 || res.Forgot == 0 {
		t.Errorf("%d uses, %+v", n, res.Principals)
	}
	slices.Reverse(list)
	if again := sum(t, cloudtrail.Options{Limit: 50, Known: 64}, lines(t, list[:100]...), lines(t, list[100:]...)); !reflect.DeepEqual(again.Uses, res.Uses) {
		t.Error("which uses stay depends on the order")
	}
}
