package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
	"example.com/landfall/internal/wire"
)

// estate writes an AWS Config snapshot of n resources (networks with groups,
// and instances with their volumes and interfaces) and the flow logs of records
// between them: two of three records begin a conversation.
type estate struct {
	t         testing.TB
	dir       string
	n, left   int
	addresses []string
}

func newEstate(t testing.TB, n, records int) *estate {
	t.Helper()
	e := &estate{t: t, dir: t.TempDir(), n: n, left: n}
	e.file("landfall.yaml", func(w io.Writer) {
		fmt.Fprint(w, "schemaVersion: 1\nworkload: {name: big}\nsource: {regions: [us-east-1]}\nboundary: {seeds: {tags: {workload: app-7}}}\n")
	})
	e.file("snapshot.json", e.snapshot)
	for k := range 8 {
		e.file(fmt.Sprintf("flow/123456789012_vpcflowlogs_us-east-1_fl-0bench_%05d.log.gz", k), func(w io.Writer) {
			z := gzip.NewWriter(w)
			e.flows(z, k*records/8, (k+1)*records/8)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
	return e
}

func (e *estate) file(name string, write func(io.Writer)) {
	path := filepath.Join(e.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		e.t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		e.t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	write(w)
	if err := w.Flush(); err != nil {
		e.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		e.t.Fatal(err)
	}
}

func (e *estate) item(w io.Writer, kind, prefix string, number int, tags, configuration string, related ...string) string {
	id := fmt.Sprintf("%s-%017x", prefix, number)
	if e.left == 0 {
		return id
	}
	comma := ","
	if e.left == e.n {
		comma = ""
	}
	e.left--
	var relations []string
	for _, to := range related {
		relations = append(relations, `{"name":"Is contained in","resourceType":"AWS::EC2::Other","resourceId":"`+to+`"}`)
	}
	fmt.Fprintf(w, `%s{"configurationItemVersion":"1.3","configurationItemCaptureTime":"2026-11-20T12:00:00.000Z","configurationStateId":1763640000000,"awsAccountId":"123456789012","configurationItemStatus":"OK",`+
		`"resourceType":"AWS::EC2::%s","resourceId":"%s","ARN":"arn:aws:ec2:us-east-1:123456789012:%s/%s","awsRegion":"us-east-1","availabilityZone":"us-east-1a","tags":{%s},"relationships":[%s],"configuration":{%s}}`+"\n",
		comma, kind, id, arnParts()[kind], id, tags, strings.Join(relations, ","), configuration)
	return id
}

func arnParts() map[string]string {
	return map[string]string{"VPC": "vpc", "Subnet": "subnet", "SecurityGroup": "security-group", "Instance": "instance", "Volume": "volume", "NetworkInterface": "network-interface"}
}

func (e *estate) snapshot(w io.Writer) {
	fmt.Fprint(w, `{"fileVersion":"1.0","configurationItems":[`)
	vpc := ""
	for b := 0; e.left > 0; b++ {
		owner := fmt.Sprintf(`"workload":"app-%d","owner":"team-%d"`, b/10, b%17)
		if b%10 == 0 {
			vpc = e.item(w, "VPC", "vpc", b, owner, fmt.Sprintf(`"cidrBlock":"10.%d.0.0/16","state":"available","isDefault":false`, b/10%250))
		}
		subnet := e.item(w, "Subnet", "subnet", b, owner, fmt.Sprintf(`"vpcId":"%s","cidrBlock":"10.%d.%d.0/24","state":"available"`, vpc, b/10%250, b%10), vpc)
		group := e.item(w, "SecurityGroup", "sg", b, owner, fmt.Sprintf(`"groupId":"sg-%017x","groupName":"g-%d","description":"group","vpcId":"%s","ipPermissions":[{"fromPort":443,"toPort":443,"ipProtocol":"tcp","ipRanges":["10.0.0.0/8"]}],`+
			`"ipPermissionsEgress":[{"ipProtocol":"-1","ipRanges":["0.0.0.0/0"]}]`, b, b, vpc), vpc)
		for k := range 8 {
			e.machine(w, b*8+k, fmt.Sprintf(`%s,"Name":"node-%d"`, owner, b*8+k), vpc, subnet, group)
		}
	}
	fmt.Fprint(w, "]}\n")
}

func (e *estate) machine(w io.Writer, n int, tags, vpc, subnet, group string) {
	address := fmt.Sprintf("10.%d.%d.%d", n>>14&255, n>>6&255, n&63*4+1)
	e.addresses = append(e.addresses, address)
	place := fmt.Sprintf(`"privateIpAddress":"%s","subnetId":"%s","vpcId":"%s","sourceDestCheck":true`, address, subnet, vpc)
	instance := e.item(w, "Instance", "i", n, tags, fmt.Sprintf(`%s,"imageId":"ami-0abcdef1234567890","instanceType":"m5.large","keyName":"ops","launchTime":"2026-03-01T09:12:44+00:00","monitoring":{"state":"enabled"},`+
		`"placement":{"availabilityZone":"us-east-1a","tenancy":"default"},"privateDnsName":"ip-%s.ec2.internal","state":{"code":16,"name":"running"},"architecture":"x86_64","ebsOptimized":true,"enaSupport":true,`+
		`"blockDeviceMappings":[{"deviceName":"/dev/xvda","ebs":{"attachTime":"2026-03-01T09:12:45+00:00","deleteOnTermination":true,"status":"attached","volumeId":"vol-%017x"}}],`+
		`"networkInterfaces":[{"networkInterfaceId":"eni-%017x",%s}],"rootDeviceName":"/dev/xvda","rootDeviceType":"ebs","securityGroups":[{"groupId":"%s"}],"virtualizationType":"hvm"`,
		place, strings.ReplaceAll(address, ".", "-"), n, n, place, group), vpc, subnet, group)
	e.item(w, "Volume", "vol", n, "", fmt.Sprintf(`"attachments":[{"device":"/dev/xvda","instanceId":"%s","state":"attached","deleteOnTermination":true}],"availabilityZone":"us-east-1a","createTime":"2026-03-01T09:12:45.000Z",`+
		`"encrypted":true,"kmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555","size":%d,"state":"in-use","iops":3000,"volumeType":"gp3"`, instance, 8+n%100), instance)
	e.item(w, "NetworkInterface", "eni", n, "", fmt.Sprintf(`"attachment":{"attachmentId":"eni-attach-%017x","deviceIndex":0,"instanceId":"%s","status":"attached"},"groups":[{"groupId":"%s"}],"interfaceType":"interface",`+
		`"networkInterfaceId":"eni-%017x","privateIpAddresses":[{"primary":true,"privateIpAddress":"%s"}],"status":"in-use",%s`, n, instance, group, n, address, place), subnet)
}

func (e *estate) flows(w io.Writer, from, to int) {
	fmt.Fprintln(w, "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status")
	hosts := len(e.addresses)
	for n := from; n < to; n++ {
		talk := n * 2 / 3
		client, server := talk%hosts, (talk*7+talk/hosts*13+1)%hosts
		sourcePort, targetPort := 33_000+n%20_000, []int{443, 5432, 6379, 8080, 3306}[talk%5]
		if n > 0 && talk == (n-1)*2/3 { // the answer
			client, server, sourcePort, targetPort = server, client, targetPort, sourcePort
		}
		at := 1_790_000_000 + n/200
		fmt.Fprintf(w, "2 123456789012 eni-%017x %s %s %d %d 6 %d %d %d %d ACCEPT OK\n", client, e.addresses[client], e.addresses[server], sourcePort, targetPort, 10+n%90, 1000+n%90_000, at, at+59)
	}
}

// assess runs the whole verb on the estate.
func (e *estate) assess() view.Assessed {
	e.t.Helper()
	a, err := wire.Build(app.Setup{Dir: e.dir, Now: time.Now, User: "benchmark", Version: "test", Getenv: func(name string) (string, bool) { return os.TempDir(), name == "HOME" }})
	if err != nil {
		e.t.Fatal(err)
	}
	told, err := a.Assess(context.Background(), app.AssessOptions{Files: app.Files{From: []string{"config-snapshot=" + filepath.Join(e.dir, "snapshot.json")}},
		LogFiles: app.LogFiles{FlowLogs: []string{filepath.Join(e.dir, "flow")}}}, view.NewProgress(io.Discard, false, time.Now))
	if err != nil {
		e.t.Fatal(err)
	}
	return told
}

// held runs do and returns the most that was on the heap after a collection.
func held(do func()) (most uint64) {
	done := make(chan bool)
	go func() {
		defer close(done)
		do()
	}()
	for {
		select {
		case <-done:
			return most
		case <-time.After(20 * time.Millisecond):
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
}

// What an assessment holds grows with the estate by a bounded amount: so little
// for each resource with its share of some ten edges that 100,000 of them and a
// million edges stay below 1 GiB. It is no parallel test: others would count.
func TestAnAssessmentHoldsLittle(t *testing.T) {
	const perResource = 10 << 10
	small, large := newEstate(t, 500, 7_000), newEstate(t, 8_000, 112_000)
	small.assess() // what is loaded once is not the estate's
	fixed := held(func() { small.assess() })
	most := held(func() {
		if told := large.assess(); told.Resources != 8_000 || told.Edges < 80_000 {
			t.Errorf("%d resources, %d edges", told.Resources, told.Edges)
		}
	})
	grown := max(most, fixed) - fixed
	t.Logf("%d KiB for each resource: %d MiB, and %d MiB for a small estate", grown/7_500>>10, most>>20, fixed>>20)
	if grown > 7_500*perResource {
		t.Errorf("7,500 resources more hold %d MiB more, want at most %d", grown>>20, 7_500*perResource>>20)
	}
}

// BenchmarkAssessEstate is the whole verb on 100,000 resources and more than a
// million edges. The peak is that of the process, the making of the files
// included.
func BenchmarkAssessEstate(b *testing.B) {
	e := newEstate(b, 100_000, 1_400_000)
	for b.Loop() {
		told := e.assess()
		b.ReportMetric(float64(told.Edges), "edges")
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(usage.Maxrss>>10), "peak-MiB")
}
