package snapshot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/filestest"
	"example.com/landfall/internal/source/files/snapshot"
)

// read reads files in the order given.
func read(t testing.TB, requests *filestest.Requests, texts map[string]string, order ...string) *filestest.Sink {
	t.Helper()
	newest := snapshot.NewNewest()
	for i, name := range order {
		if err := snapshot.First(t.Context(), requests.Of(name, []byte(texts[name])).Document, newest, i); err != nil {
			t.Fatal(err)
		}
	}
	s := &filestest.Sink{}
	for i, name := range order {
		if err := snapshot.Second(t.Context(), requests.Of(name, []byte(texts[name])), newest, i, s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func queue(at, status string, seconds int) string {
	return fmt.Sprintf(`{"version": "1.3", "accountId": "210987654321", "configurationItemCaptureTime": %s, "configurationItemStatus": %q, "resourceType": "AWS::SQS::Queue",
		"resourceId": "q", "resourceName": "q", "arn": "arn:aws:sqs:eu-west-1:210987654321:q", "awsRegion": "eu-west-1", "configuration": "{\"QueueName\": \"q\", \"VisibilityTimeout\": %d}"}`, at, status, seconds)
}

// Of several items of a resource the newest counts, wherever it stands and
// however its time is written.
func TestTheNewestItemCounts(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"a": `{"configurationItems": [` + queue(`"2025-06-01T12:00:00.000Z"`, "OK", 30) + `,` + queue(`"2025-06-03T12:00:00+02:00"`, "OK", 50) + `]}`,
		"b": `{"baseConfigurationItems": [` + queue(`1748865600.5`, "OK", 40) + `]}`, // 2025-06-02
		"c": `{"fileVersion": "1.0", "configurationItems": []}`,
	}
	requests := filestest.NewRequests()
	for _, order := range [][]string{{"a", "b", "c"}, {"c", "b", "a"}} {
		s := read(t, requests, texts, order...)
		if len(s.Observations) != 1 || fmt.Sprint(s.Observations[0].Properties["VisibilityTimeout"]) != "50" || len(s.RefusedList) > 0 {
			t.Errorf("%v: %+v, refused %s", order, s.Observations, s.Reasons())
		}
	}
	texts["d"] = `{"configurationItems": [` + strings.Replace(queue(`"2025-07-01T00:00:00Z"`, "ResourceDeleted", 0), `"{\"QueueName\": \"q\", \"VisibilityTimeout\": 0}"`, `""`, 1) + `]}`
	s := read(t, requests, texts, "a", "b", "c", "d")
	if len(s.Observations) != 1 || !slices.Contains(s.Observations[0].Marks, inventory.Deleted) {
		t.Errorf("a deleted resource: %+v, refused %s", s.Observations, s.Reasons())
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text      string
		found, unread   int
		refused, hidden string
	}{
		{"aggregate", `{"BaseConfigurationItems": [{"AccountId": "210987654321", "AwsRegion": "eu-west-1", "ResourceType": "AWS::SQS::Queue", "ResourceId": "q", "Arn": "arn:aws:sqs:eu-west-1:210987654321:q"}], "UnprocessedResourceIdentifiers": [{"SourceAccountId": "1", "SourceRegion": "eu-west-1", "ResourceId": "x", "ResourceType": "AWS::EC2::VPC"}]}`, 1, 1, "", "AWS::EC2::VPC x"},
		{"aggregate list", `{"ResourceIdentifiers": [{"SourceAccountId": "210987654321", "SourceRegion": "eu-west-1", "ResourceId": "vpc-1", "ResourceType": "AWS::EC2::VPC", "ResourceName": "v"}]}`, 1, 0, "", ""},
		{"aggregate item", `{"ConfigurationItem": ` + queue(`"2025-06-01T12:00:00Z"`, "OK", 1) + `}`, 1, 0, "", ""},
		{"bare list", `[` + queue(`"2025-06-01T12:00:00Z"`, "OK", 1) + `]`, 1, 0, "", ""},
		{"pages", `{"configurationItems": [` + queue(`"2025-06-01T12:00:00Z"`, "OK", 1) + `], "nextToken": "x"} {"configurationItems": []}`, 1, 1, "", "after the first 1"},
		{"last page", `{"configurationItems": [], "nextToken": null, "NextToken": ""}`, 0, 0, "", ""},
		{"narrow query", `{"Results": ["{\"resourceId\": \"q\"}", "{broken", 7], "QueryInfo": {}}`, 0, 0, "it has no resourceType", ""},
		{"broken configuration", `{"configurationItems": [` + strings.Replace(queue(`1`, "OK", 1), `"{\"Queue`, `"{{\"Queue`, 1) + `]}`, 0, 0, "decode the configuration", ""},
		{"other types", `{"configurationItems": {"a": 1}}`, 0, 0, "", ""},
		{"no items", `{"a": 1}`, 0, 0, "has no configurationItems", ""},
		{"cut", `{"configurationItems": [` + queue(`"2025-06-01T12:00:00Z"`, "OK", 1) + `,`, 1, 0, "ends in the middle; the 1 resources", ""},
		{"null", `null`, 0, 0, "has no configurationItems", ""},
	} {
		s := read(t, filestest.NewRequests(), map[string]string{c.name: c.text}, c.name)
		if len(s.Observations) != c.found || len(s.UnreadList) != c.unread || !strings.Contains(s.Reasons(), c.refused) || c.refused == "" && s.Reasons() != "" {
			t.Errorf("%s: %d found, unread %v, refused %s", c.name, len(s.Observations), s.UnreadList, s.Reasons())
		}
		if c.hidden != "" && !strings.Contains(s.UnreadList[0].Hides, c.hidden) {
			t.Errorf("%s: hides %q, want %q", c.name, s.UnreadList[0].Hides, c.hidden)
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	for _, name := range []string{"config/history.json", "config-api/batch-get-resource-config.json", "config-api/select-resource-config.json", "config-api/eu-west-1/list-discovered-resources.json"} {
		f.Add(filestest.Fixture(f, name))
	}
	requests := filestest.NewRequests()
	f.Fuzz(func(t *testing.T, content []byte) {
		read(t, requests, map[string]string{"x": string(content)}, "x").Whole(t)
	})
}

// An item that stands alone, and one on each line, are read as those of a list.
func TestBareItems(t *testing.T) {
	t.Parallel()
	other := strings.ReplaceAll(queue(`"2025-06-01T12:00:00Z"`, "OK", 31), `"q"`, `"r"`)
	line := func(text string) string { return strings.NewReplacer("\n", " ", "\t", " ").Replace(text) }
	one := queue(`"2025-06-01T12:00:00Z"`, "OK", 30)
	for name, x := range map[string]struct {
		text string
		want int
	}{
		"one":     {one, 1},
		"lines":   {line(one) + "\n" + line(strings.Replace(other, ":q\"", ":r\"", 1)) + "\n", 2},
		"no item": {`{"resourceType": "AWS::SQS::Queue"}`, 0},
	} {
		requests := filestest.NewRequests()
		s := read(t, requests, map[string]string{"x": x.text}, "x")
		if len(s.Observations) != x.want || (len(s.RefusedList) == 0) != (x.want > 0) {
			t.Errorf("%s: %d found, want %d; refused %s", name, len(s.Observations), x.want, s.Reasons())
		}
	}
}
