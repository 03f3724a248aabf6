package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail/residual"
)

func watched() Residual {
	since := time.Date(2026, 5, 3, 22, 0, 0, 0, time.UTC)
	last := since.Add(5 * time.Hour)
	user := residual.User{Principal: "arn:aws:iam::1:role/app", Session: "i-1", Address: "10.0.0.5", Agent: "boto3", Via: "athena.amazonaws.com", Log: "cloudtrail", Actions: []string{"s3:A", "s3:B", "s3:C", "s3:D"}, Events: 7}
	return Residual{Report: residual.Report{SchemaVersion: 1, Since: since, Until: since.Add(72 * time.Hour), Total: 1000, After: 40, Used: 9, Apart: 31,
		Counts: map[residual.Status]int{residual.Used: 2, residual.Unused: 1, residual.Unobservable: 1},
		ByResource: []residual.Resource{
			{ID: "arn:one", Status: residual.Used, Why: "2 uses", Events: 2, Denied: 2, Last: &last, By: []residual.User{{Address: "203.0.113.9", Actions: []string{"flow:tcp/443"}, Events: 2}, {Rule: "landfall", Events: 9}}},
			{ID: "arn:two", Kind: "AWS::S3::Bucket", Name: "covers", Status: residual.Used, Events: 7, Reads: 4, Writes: 3, Last: &last, By: []residual.User{user}},
			{ID: "arn:three", Status: residual.Unused, Why: "CloudTrail covers the window"}, {ID: "arn:four", Status: residual.Unobservable, Why: "no flow logs were read"}},
		ByPrincipal: []residual.Principal{{Principal: "arn:aws:iam::1:role/app", Events: 7, Reads: 4, Writes: 3, Last: last}, {Principal: "backup.amazonaws.com", Events: 31, Apart: 31, Last: last}},
		Rules:       []residual.RuleCount{{Name: "landfall", About: "Landfall itself"}, {Name: "aws-service", About: "an AWS service", Events: 31}},
		Leftover:    []residual.Leftover{{ID: "i-9", Service: "ec2", Action: "RunInstances", By: "arn:aws:iam::1:user/eva", At: last}},
		Refused:     []inventory.Refused{{File: "x.json.gz", Reason: "the compressed data ends too early"}}, Notes: []string{"there is no inventory"}}}
}

func TestResidualReads(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	watched().Text(NewPaper(&b, false))
	want := `2026-05-03 22:00 UTC to 2026-05-06 22:00 UTC (3 days): 1000 records, 40 of them after the cutover
2 still used, 1 proved unused, 1 not observable

not read: 0, not understood: 1
  warn    x.json.gz: the compressed data ends too early

still used: 2
  fail    covers (S3::Bucket)  4 read, 3 written, last 2026-05-04 03:00 UTC
          by arn:aws:iam::1:role/app as i-1 from 10.0.0.5 through athena.amazonaws.com with boto3: 7 s3:A, s3:B, s3:C and 1 more
  fail    arn:one  2 denied, last 2026-05-04 03:00 UTC
          by 203.0.113.9: 2 flow:tcp/443

not observable: nothing says that these are unused: 1
  unknown arn:four
          no flow logs were read

proved unused: 1
  ok      arn:three
          CloudTrail covers the window

who
  PRINCIPAL                READ  WRITTEN  DENIED  LAST
  arn:aws:iam::1:role/app  4     3        0       2026-05-04 03:00 UTC

told apart, and no residual use: 31 records
  RULE         RECORDS  WHAT IT GOES BY
  aws-service  31       an AWS service

created since and not deleted: 1
  WHAT  CALL              BY                       AT
  i-9   ec2:RunInstances  arn:aws:iam::1:user/eva  2026-05-04 03:00 UTC
info    there is no inventory

next: move or stop the callers named above, or name those that are expected with --expect; then run this again
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestResidualSaysWhatToDoNext(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Residual){
		"switch on the logs":       func(r *Residual) { r.Counts = map[residual.Status]int{residual.Unobservable: 1} },
		"landfall assess":          func(r *Residual) { r.Counts, r.ByResource = nil, nil },
		"what was created since":   func(r *Residual) { r.Counts = nil },
		"nothing of the source is": func(r *Residual) { r.Counts, r.Leftover = nil, nil },
	} {
		r := watched()
		change(&r)
		if !strings.Contains(r.next(), want) {
			t.Errorf("%q, want %q", r.next(), want)
		}
	}
}

// The names that other tools read stand at the top of the JSON.
func TestResidualAsJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := JSON(&b, watched()); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"total", "after", "byPrincipal", "byResource", "leftover"} {
		if got[name] == nil {
			t.Errorf("%q is not there", name)
		}
	}
}
