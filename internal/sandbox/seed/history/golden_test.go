package history_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// One quiet hour, as it stands in the files: what a reader of the formats
// would compare with the services' documentation.
func TestOneHour(t *testing.T) {
	t.Parallel()
	o := options(1)
	o.Now, o.RequestsPerDay = time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC), 120
	m, truth := generate(t, o)
	var out bytes.Buffer
	for _, c := range []struct {
		name  string
		lines int
	}{{"/elasticloadbalancing/us-east-1/2026/11/19/", 3}, {"/vpcflowlogs/us-east-1/2026/11/19/", 30}, {"/cdn/", 4}} {
		files := m.named(c.name)
		last := files[len(files)-1]
		out.WriteString("== " + last.Bucket + "/" + last.Key + "\n")
		text, err := lines(last.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range text[:min(len(text), c.lines)] {
			out.WriteString(line + "\n")
		}
	}
	bucket := m.named("/s3/covers/")
	first, _, _ := bytes.Cut(bucket[0].Body, []byte("\n"))
	out.WriteString("== " + bucket[0].Key + "\n" + string(first) + "\n")
	trail := m.named("/CloudTrail/")
	out.WriteString("== " + trail[len(trail)-1].Key + "\n")
	r, err := gzip.NewReader(bytes.NewReader(trail[len(trail)-1].Body))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []json.RawMessage }
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, record := range file.Records[:5] {
		out.Write(append(record, '\n'))
	}
	out.WriteString("== nodes\n")
	out.Write(m.posts["nodes"])
	text, err := json.MarshalIndent(truth, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "testdata/hour.txt", out.Bytes())
	testkit.Golden(t, "testdata/truth.json", append(text, '\n'))
}
