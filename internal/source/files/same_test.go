package files_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files"
)

// The same resource has the same ID, kind and properties whichever format told
// of it. A format that does not tell a property may leave it out; one that two
// formats tell must be the same.
func TestTheSameWorkloadThroughEachFormat(t *testing.T) {
	t.Parallel()
	told := map[string]map[string]map[string]any{} // id -> property -> folder -> value
	kinds := map[string]string{}
	for _, folder := range []string{"describe", "config", "config-api", "terraform", "discovery", "list"} {
		g := scan(t, files.Input{Format: files.Auto, Path: filepath.Join("testdata", folder)})
		for _, o := range g.Observations {
			id := string(o.ID)
			if o.Attributes["deposed"] != nil {
				continue
			}
			if kinds[id] != "" && kinds[id] != string(o.Kind) {
				t.Errorf("%s is of kind %s and of kind %s", id, kinds[id], o.Kind)
			}
			kinds[id] = string(o.Kind)
			if told[id] == nil {
				told[id] = map[string]map[string]any{}
			}
			for name, value := range o.Properties {
				if told[id][name] == nil {
					told[id][name] = map[string]any{}
				}
				told[id][name][folder+" "+string(o.Source)] = value
			}
		}
	}
	for id, properties := range told {
		for name, values := range properties {
			if different(values) && !known(kinds[id], name) {
				out, _ := json.Marshal(values)
				t.Errorf("%s %s: %s", id, name, out)
			}
		}
	}
	for _, id := range []string{
		"arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0", "arn:aws:ec2:eu-west-1:210987654321:vpc/vpc-0a1b2c3d4e5f60718",
		"arn:aws:rds:eu-west-1:210987654321:db:shop-db", "arn:aws:s3:::shop-covers-210987654321", "arn:aws:ec2:eu-west-1:210987654321:security-group/sg-0c0ffee0c0ffee000",
	} {
		if len(told[id]) < 2 {
			t.Errorf("%s: %d properties are told", id, len(told[id]))
		}
	}
}

func different(values map[string]any) bool {
	var first any
	for _, v := range values {
		if first == nil {
			first = v
		}
		if !reflect.DeepEqual(plain(v), plain(first)) {
			return true
		}
	}
	return false
}

// plain is a value as JSON has it.
func plain(v any) any {
	out, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var back any
	if err := json.Unmarshal(out, &back); err != nil {
		return err
	}
	return back
}

// known are the properties of which one format tells more than another:
// DescribeInstances does not say how large a disk is, Terraform does.
func known(kind, name string) bool {
	return kind+" "+name == "AWS::EC2::Instance BlockDeviceMappings"
}

// The order of inputs, and inputs given twice, change nothing.
func TestOrderOfInputsChangesNothing(t *testing.T) {
	t.Parallel()
	inputs := []files.Input{
		{Format: files.Auto, Path: "testdata/describe"}, {Format: files.ConfigSnapshot, Path: "testdata/config/**/*.json"}, {Format: files.Auto, Path: "testdata/config-api"},
		{Format: files.TerraformState, Path: "testdata/terraform"}, {Format: files.Auto, Path: "testdata/discovery"}, {Format: files.CloudFormation, Path: "testdata/cloudformation/*.yaml"},
	}
	want := string(scan(t, inputs...).golden(t))
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		again := append(slices.Clone(inputs), inputs[random.IntN(len(inputs))])
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := string(scanWith(t, files.Options{Concurrency: 1 + random.IntN(4)}, again...).golden(t)); got != want {
			t.Fatalf("another order gives another result: %v", again)
		}
	}
}

// snapshotItems is the number of items of the big snapshot, and snapshotBytes
// what reading it may take at most. Reading keeps nothing of an item but its
// key and time, some 200 bytes, so that the 100,000 items of a large account
// stay within the same order.
const (
	snapshotItems = 20_000
	snapshotBytes = 96 << 20
)

// Not parallel: it measures the memory of the process.
func TestBigSnapshotNeedsLittleMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.json")
	size := bigSnapshot(t, path)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	c := &counting{base: before.HeapAlloc}
	if err := files.NewScanner([]files.Input{{Format: files.Auto, Path: path}}, files.Options{Kinds: converter()}).Scan(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d items, %d MiB: %s, %d MiB of heap at most", c.found, size>>20, time.Since(started).Round(time.Millisecond), c.most>>20)
	if c.found != snapshotItems {
		t.Errorf("%d resources, want %d (%v)", c.found, snapshotItems, c.RefusedList)
	}
	if c.most > snapshotBytes {
		t.Errorf("%d MiB of heap, at most %d are allowed", c.most>>20, snapshotBytes>>20)
	}
}

// counting is a sink that keeps nothing and watches the heap.
type counting struct {
	gathered
	found      int
	base, most uint64
}

func (c *counting) Found(o ...inventory.Observation) error {
	c.found += len(o)
	if c.found%500 == 0 {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		c.most = max(c.most, now.HeapAlloc-min(now.HeapAlloc, c.base))
	}
	return nil
}

func bigSnapshot(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(`{"fileVersion": "1.0", "configSnapshotId": "x", "configurationItems": [`)
	for i := range snapshotItems {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"configurationItemVersion":"1.3","configurationItemCaptureTime":"2025-06-01T12:00:00.000Z","configurationStateId":%d,"awsAccountId":"210987654321","configurationItemStatus":"OK",`+
			`"resourceType":"AWS::EC2::Volume","resourceId":"vol-%017x","ARN":"arn:aws:ec2:eu-west-1:210987654321:volume/vol-%017x","awsRegion":"eu-west-1","availabilityZone":"eu-west-1a","tags":{"Name":"volume %d","owner":"%s"},`+
			`"relatedEvents":[],"relationships":[{"resourceId":"i-%017x","resourceType":"AWS::EC2::Instance","name":"Is attached to Instance"}],"configuration":{"attachments":[{"attachTime":"2025-01-01T00:00:00.000Z","device":"/dev/xvda",`+
			`"instanceId":"i-%017x","state":"attached","volumeId":"vol-%017x","deleteOnTermination":true}],"availabilityZone":"eu-west-1a","createTime":"2025-01-01T00:00:00.000Z","encrypted":true,`+
			`"kmsKeyId":"arn:aws:kms:eu-west-1:210987654321:key/0f0f0f0f-1111-2222-3333-444455556666","size":100,"snapshotId":"snap-%017x","state":"in-use","volumeId":"vol-%017x","iops":3000,"volumeType":"gp3"},"supplementaryConfiguration":{}}`,
			i, i, i, i, strings.Repeat("x", 200), i, i, i, i, i)
		if b.Len() > 1<<20 {
			if _, err := f.WriteString(b.String()); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
	b.WriteString("]}\n")
	if _, err := f.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
