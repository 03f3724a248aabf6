package flowlog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/mangle"
)

// The published fields in the order of the user guide's table.
const (
	fields2  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	fields3  = fields2 + " vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr"
	fields4  = fields3 + " region az-id sublocation-type sublocation-id"
	fields5  = fields4 + " pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
	fields7  = fields5 + " ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id"
	fields8  = fields7 + " reject-reason"
	fields9  = fields8 + " resource-id"
	fields10 = fields9 + " encryption-status"
	gateway  = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni " +
		"tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole " +
		"packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)

// row gives the values of a record by the names of its fields.
type row map[string]string

func (r row) line(fields string) string {
	var values []string
	for _, name := range strings.Fields(fields) {
		v, ok := r[name]
		if !ok || v == "" {
			v = "-"
		}
		values = append(values, v)
	}
	return strings.Join(values, " ")
}

func (r row) with(pairs ...string) row {
	c := row{}
	for k, v := range r {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = pairs[i+1]
	}
	return c
}

// swapped is the answer to r.
func (r row) swapped() row {
	return r.with("srcaddr", r["dstaddr"], "dstaddr", r["srcaddr"], "srcport", r["dstport"], "dstport", r["srcport"], "pkt-srcaddr", r["pkt-dstaddr"], "pkt-dstaddr", r["pkt-srcaddr"])
}

func asking() row {
	return row{"version": "2", "account-id": "123456789012", "interface-id": "eni-0a", "srcaddr": "10.0.0.5", "dstaddr": "10.0.0.9", "srcport": "40000", "dstport": "5432", "protocol": "6",
		"packets": "10", "bytes": "1000", "start": "1795168800", "end": "1795168860", "action": "ACCEPT", "log-status": "OK", "vpc-id": "vpc-0b", "subnet-id": "subnet-0a", "instance-id": "i-0a",
		"type": "IPv4", "region": "us-east-1", "az-id": "use1-az1", "flow-direction": "egress", "traffic-path": "1", "ecs-service-name": "shop"}
}

func collect(t testing.TB, o flowlog.Options, texts ...string) (flowlog.Result, records.Report) {
	t.Helper()
	var files []records.File
	for i, text := range texts {
		files = append(files, records.Bytes(fmt.Sprintf("f%02d", i), []byte(text)))
	}
	return collectFiles(t, o, files)
}

func collectFiles(t testing.TB, o flowlog.Options, files []records.File) (flowlog.Result, records.Report) {
	t.Helper()
	c := flowlog.New(o)
	report, err := records.Each(t.Context(), files, records.Options{Workers: 2}, c.Read)
	if err != nil {
		t.Fatal(err)
	}
	return c.Result(), report
}

// text is lines with a line end each.
func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

// short names a conversation in a line.
func short(c flowlog.Conversation) string {
	s := fmt.Sprintf("%s>%s:%d/%s out %d back %d records %d", c.Client.Address, c.Server.Address, c.Port, c.Protocol, c.BytesOut, c.BytesBack, c.Records)
	if c.Refused {
		s += " refused"
	}
	if c.Rejected {
		s += " rejected"
	}
	if len(c.Via) > 0 {
		s += " via " + strings.Join(c.Via, ",")
	}
	return s
}

func all(res flowlog.Result) []flowlog.Conversation { return slices.Collect(res.Conversations) }

func shorts(res flowlog.Result) string {
	var list []string
	for c := range res.Conversations {
		list = append(list, short(c))
	}
	return strings.Join(list, "\n")
}

func TestEveryPublishedVersion(t *testing.T) {
	t.Parallel()
	const want = "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 700 records 2"
	out := asking()
	back := out.swapped().with("bytes", "700", "flow-direction", "ingress", "traffic-path", "-")
	for version, fields := range map[string]string{"2": fields2, "3": fields3, "4": fields4, "5": fields5, "7": fields7, "8": fields8, "9": fields9, "10": fields10} {
		out, back := out.with("version", version), back.with("version", version)
		body := []string{out.line(fields), back.line(fields)}
		reversed := strings.Fields(fields)
		for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
			reversed[i], reversed[j] = reversed[j], reversed[i]
		}
		mirror := strings.Join(reversed, " ")
		for name, file := range map[string]string{
			"header first":     text(fields, body[0], body[1]),
			"header repeated":  text(fields, body[0], fields, body[1]),
			"two orders":       text(fields, body[0], mirror, back.line(mirror)),
			"no header":        text(body...),
			"blank lines":      text("", fields, "", body[0], "  ", body[1]),
			"exported":         text("2026-11-20T10:00:00.000Z "+body[0], "2026-11-20T10:00:01.000Z "+body[1]),
			"CRLF":             strings.ReplaceAll(text(fields, body[0], body[1]), "\n", "\r\n"),
			"commas":           strings.ReplaceAll(text(fields, body[0], body[1]), " ", ","),
			"quotes":           `"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(text(fields, body[0], body[1])), " ", `","`), "\n", "\"\n\"") + `"`,
			"tabs, underscore": strings.ReplaceAll(text(strings.ReplaceAll(fields, "-", "_"), body[0], body[1]), " ", "\t"),
			"API answer":       `{"events":[{"timestamp":1,"message":"` + body[0] + `"},{"message":"` + body[1] + `","ingestionTime":2}],"searchedLogStreams":[]}`,
			"subscription":     `{"messageType":"CONTROL_MESSAGE","logEvents":[]}{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":"` + body[0] + `"},{"id":"2","message":"` + body[1] + `"}]}`,
			"event lines":      `{"message":"` + body[0] + "\"}\n" + `{"message":"` + body[1] + `"}`,
			"list":             `[{"message":"` + body[0] + `"},{"message":"` + body[1] + `"}]`,
		} {
			res, report := collect(t, flowlog.Options{}, file)
			if got := shorts(res); got != want || len(report.Problems()) > 0 || report.Entries() != 2 {
				t.Errorf("version %s, %s: got\n%s\n%+v", version, name, got, report.Problems())
			}
			if !flowlog.Recognise([]byte(file)) {
				t.Errorf("version %s, %s: not recognised", version, name)
			}
		}
	}
}

func TestFormatOfTheFlowLogIsUsedWhereThereIsNoHeader(t *testing.T) {
	t.Parallel()
	const format = "${dstport} ${srcport} ${dstaddr} ${srcaddr} ${bytes} ${start} ${end}"
	o := flowlog.Options{Format: func(string) string { return format }}
	res, report := collect(t, o, text(asking().line("dstport srcport dstaddr srcaddr bytes start end")))
	if got := shorts(res); got != "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 0 records 1" || len(report.Problems()) > 0 {
		t.Errorf("got %s, %+v", got, report.Problems())
	}
}

func TestTransitGateway(t *testing.T) {
	t.Parallel()
	r := asking().with("version", "6", "resource-type", "TransitGateway", "tgw-attachment-id", "tgw-attach-1", "tcp-flags", "3", "tgw-src-vpc-id", "vpc-1", "tgw-dst-vpc-id", "vpc-2")
	for name, file := range map[string]string{
		"header":    text(gateway, r.line(gateway), r.swapped().with("bytes", "5", "tcp-flags", "19").line(gateway)),
		"no header": text(r.line(gateway), r.swapped().with("bytes", "5", "tcp-flags", "19").line(gateway)),
	} {
		res, report := collect(t, flowlog.Options{}, file)
		if got := shorts(res); got != "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 5 records 2" || len(report.Problems()) > 0 {
			t.Errorf("%s: got %s, %+v", name, got, report.Problems())
		}
	}
}

// Both ends log a conversation, and two flow logs may log one end: traffic
// counts once, records each.
func TestObserversOfOneConversationMerge(t *testing.T) {
	t.Parallel()
	out := asking().with("tcp-flags", "3")
	back := out.swapped().with("bytes", "700", "tcp-flags", "19", "flow-direction", "ingress")
	other := func(r row, direction string) row {
		return r.with("interface-id", "eni-0b", "instance-id", "i-0b", "flow-direction", direction)
	}
	a := text(fields5, out.line(fields5), back.line(fields5))
	b := text(fields5, other(out, "ingress").line(fields5), other(back, "egress").line(fields5))
	files := []records.File{records.Bytes("1_vpcflowlogs_us-east-1_fl-1_t_h.log", []byte(a)), records.Bytes("1_vpcflowlogs_us-east-1_fl-2_t_h.log", []byte(a+"\n")), records.Bytes("b", []byte(b))}
	res, _ := collectFiles(t, flowlog.Options{}, files)
	if got := shorts(res); got != "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 700 records 6" {
		t.Fatalf("got %s", got)
	}
	c := all(res)[0]
	if c.Client.Interface != "eni-0a" || c.Client.Instance != "i-0a" || c.Server.Interface != "eni-0b" || c.Server.Instance != "i-0b" || c.Server.VPC != "vpc-0b" || c.Client.Account != "123456789012" ||
		c.Sure != 1 || c.Opened != 1 || !c.First.Equal(time.Unix(1795168800, 0)) || !c.Last.Equal(time.Unix(1795168860, 0)) {
		t.Errorf("%+v", c)
	}
	if len(res.Interfaces) != 2 || res.Interfaces[0].Address != "10.0.0.5" || res.Interfaces[1].Address != "10.0.0.9" || res.Interfaces[0].Records != 4 {
		t.Errorf("%+v", res.Interfaces)
	}
}

// Without flow-direction, an interface's own address is the one that all its
// records share.
func TestOwnAddressWithoutDirection(t *testing.T) {
	t.Parallel()
	a := asking()
	res, _ := collect(t, flowlog.Options{}, text(fields2, a.line(fields2), a.with("dstaddr", "10.0.0.10").line(fields2), a.swapped().line(fields2)))
	if res.Interfaces[0].Address != "10.0.0.5" || all(res)[0].Client.Interface != "eni-0a" || all(res)[0].Server.Interface != "" {
		t.Errorf("%+v\n%s", res.Interfaces, shorts(res))
	}
}

func TestEqualAddressesInTwoNetworksStayApart(t *testing.T) {
	t.Parallel()
	a := asking()
	b := a.with("interface-id", "eni-0z", "vpc-id", "vpc-0z", "instance-id", "i-0z")
	res, _ := collect(t, flowlog.Options{}, text(fields5, a.line(fields5), b.line(fields5)))
	if len(all(res)) != 2 || all(res)[0].Client.VPC == all(res)[1].Client.VPC {
		t.Errorf("%s", shorts(res))
	}
}

func TestGatewaysAreSeenThrough(t *testing.T) {
	t.Parallel()
	// 10.0.0.5 asks 203.0.113.9 through the NAT gateway 10.0.1.1.
	client := asking().with("dstaddr", "203.0.113.9", "dstport", "443", "pkt-srcaddr", "10.0.0.5", "pkt-dstaddr", "203.0.113.9", "tcp-flags", "3", "pkt-dst-aws-service", "AMAZON")
	inside := client.with("interface-id", "eni-nat", "instance-id", "-", "dstaddr", "10.0.1.1", "flow-direction", "ingress")
	outside := inside.with("srcaddr", "10.0.1.1", "pkt-srcaddr", "10.0.1.1", "dstaddr", "203.0.113.9", "flow-direction", "egress", "srcport", "50505", "traffic-path", "8")
	back := func(r row, direction string) row {
		s := r.swapped().with("bytes", "4000", "tcp-flags", "19", "flow-direction", direction)
		return s.with("pkt-src-aws-service", "AMAZON", "pkt-dst-aws-service", "-")
	}
	lines := []string{fields5, client.line(fields5), back(client, "ingress").line(fields5), inside.line(fields5), back(inside, "egress").line(fields5), outside.line(fields5), back(outside, "ingress").line(fields5)}
	res, report := collect(t, flowlog.Options{}, text(lines...))
	if got := shorts(res); got != "10.0.0.5>203.0.113.9:443/tcp out 1000 back 4000 records 6 via eni-nat" || len(report.Problems()) > 0 {
		t.Errorf("got %s", got)
	}
	if c := all(res)[0]; c.Server.Service != "AMAZON" || c.Client.Interface != "eni-0a" || c.Client.Service != "" {
		t.Errorf("%+v", c)
	}
}

// A container behind an instance's interface: the packet's address is the
// container's, and nothing leaves in another name.
func TestContainersBehindAnInterface(t *testing.T) {
	t.Parallel()
	out := asking().with("pkt-srcaddr", "10.0.0.77", "pkt-dstaddr", "10.0.0.9", "tcp-flags", "3")
	own := asking().with("pkt-srcaddr", "10.0.0.5", "pkt-dstaddr", "10.0.0.9", "tcp-flags", "3", "srcport", "40001")
	res, _ := collect(t, flowlog.Options{}, text(fields5, out.line(fields5), out.swapped().with("tcp-flags", "19", "flow-direction", "ingress").line(fields5), own.line(fields5)))
	want := "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 0 records 1\n10.0.0.77>10.0.0.9:5432/tcp out 1000 back 1000 records 2"
	if got := shorts(res); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestWhatWasNeverAnswered(t *testing.T) {
	t.Parallel()
	syn := asking().with("tcp-flags", "2", "packets", "3", "bytes", "180")
	plain := asking().with("packets", "3", "bytes", "180") // version 2 has no flags
	far := func(r row) row { return r.with("interface-id", "eni-0b", "flow-direction", "ingress") }
	for _, c := range []struct {
		name, fields string
		rows         []row
		want         string
	}{
		{"SYN only", fields5, []row{syn}, "refused"},
		{"SYN, then a reset", fields5, []row{syn, syn.swapped().with("tcp-flags", "4", "packets", "3", "bytes", "120")}, "refused"},
		{"answered", fields5, []row{syn, syn.swapped().with("tcp-flags", "18")}, ""},
		{"SYN and FIN: it was a connection", fields5, []row{syn.with("tcp-flags", "3")}, ""},
		{"middle of a connection, no flags set", fields5, []row{asking().with("tcp-flags", "0")}, ""},
		{"bare headers without flags", fields2, []row{plain}, "refused"},
		{"data without flags", fields2, []row{asking()}, ""},
		{"rejected", fields5, []row{syn.with("action", "REJECT")}, "rejected"},
		{"let out here, turned away there", fields5, []row{syn, far(syn).with("action", "REJECT")}, "rejected"},
		{"the answer was rejected", fields5, []row{syn, syn.swapped().with("tcp-flags", "18", "action", "REJECT")}, "rejected"},
		{"UDP needs no answer", fields5, []row{asking().with("protocol", "17", "dstport", "514", "bytes", "60")}, ""},
	} {
		lines := []string{c.fields}
		for _, r := range c.rows {
			lines = append(lines, r.line(c.fields))
		}
		res, report := collect(t, flowlog.Options{}, text(lines...))
		if len(all(res)) != 1 || len(report.Problems()) > 0 {
			t.Errorf("%s: %s %+v", c.name, shorts(res), report.Problems())
			continue
		}
		got := all(res)[0]
		if got.Refused != (c.want == "refused") || got.Rejected != (c.want == "rejected") {
			t.Errorf("%s: %s", c.name, short(got))
		}
	}
}

// What a rule rejects stays apart from what it lets through.
func TestRejectedBesideAccepted(t *testing.T) {
	t.Parallel()
	out := asking().with("tcp-flags", "3")
	res, _ := collect(t, flowlog.Options{}, text(fields5, out.line(fields5), out.swapped().with("tcp-flags", "19").line(fields5), out.with("action", "REJECT", "bytes", "40").line(fields5)))
	want := "10.0.0.5>10.0.0.9:5432/tcp out 1000 back 1000 records 2\n10.0.0.5>10.0.0.9:5432/tcp out 40 back 0 records 1 rejected"
	if got := shorts(res); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestWhichEndIsTheServer(t *testing.T) {
	t.Parallel()
	r := func(source, target, flags string, more ...string) row {
		a, p, _ := strings.Cut(source, ":")
		b, q, _ := strings.Cut(target, ":")
		return asking().with("srcaddr", a, "srcport", p, "dstaddr", b, "dstport", q, "tcp-flags", flags, "flow-direction", "-").with(more...)
	}
	for _, c := range []struct {
		name string
		rows []row
		want string
		sure float64
	}{
		{"SYN tells, against the ports", []row{r("10.0.0.1:443", "10.0.0.2:50000", "2"), r("10.0.0.2:50000", "10.0.0.1:443", "18")}, "10.0.0.2:50000", 1},
		{"ORed flags tell", []row{r("10.0.0.1:40000", "10.0.0.2:50000", "3"), r("10.0.0.2:50000", "10.0.0.1:40000", "19")}, "10.0.0.2:50000", 1},
		{"well-known against ephemeral", []row{r("10.0.0.1:25", "10.0.0.2:50001", "0")}, "10.0.0.1:25", 0.9},
		{"a product's port against a registered one", []row{r("10.0.0.1:6379", "10.0.0.2:20001", "0")}, "10.0.0.1:6379", 0.8},
		{"an answered SYN elsewhere tells", []row{r("10.0.0.3:41000", "10.0.0.2:50000", "2"), r("10.0.0.1:20001", "10.0.0.2:50000", "0")}, "10.0.0.2:50000", 0},
		{"many talk to the server's port", []row{r("10.0.0.1:41000", "10.0.0.9:60000", "0"), r("10.0.0.2:41001", "10.0.0.9:60000", "0"), r("10.0.0.3:41002", "10.0.0.9:60000", "0"),
			r("10.0.0.4:41003", "10.0.0.9:60000", "0"), r("10.0.0.5:41004", "10.0.0.9:60000", "0"), r("10.0.0.6:41005", "10.0.0.9:60000", "0")}, "10.0.0.9:60000", 0},
		{"who was first", []row{r("10.0.0.2:50001", "10.0.0.1:50000", "0", "start", "1795168700"), r("10.0.0.1:50000", "10.0.0.2:50001", "0")}, "10.0.0.1:50000", 0},
		{"ICMP: who was first", []row{r("10.0.0.9:0", "10.0.0.1:0", "0", "protocol", "1", "start", "1795168700"), r("10.0.0.1:0", "10.0.0.9:0", "0", "protocol", "1")}, "10.0.0.1:0", 0.5},
	} {
		lines := []string{fields5}
		for _, r := range c.rows {
			lines = append(lines, r.line(fields5))
		}
		res, _ := collect(t, flowlog.Options{}, text(lines...))
		for x := range res.Conversations {
			if got := fmt.Sprintf("%s:%d", x.Server.Address, x.Port); got != c.want {
				t.Errorf("%s: %s", c.name, short(x))
			}
		}
		if first := all(res)[0]; c.sure != 0 && first.Sure != c.sure {
			t.Errorf("%s: sure %v, want %v", c.name, first.Sure, c.sure)
		}
	}
}

func TestRecordsWithoutTraffic(t *testing.T) {
	t.Parallel()
	empty := row{"version": "5", "account-id": "1", "interface-id": "eni-0a", "start": "1795168800", "end": "1795168860", "log-status": "NODATA", "vpc-id": "vpc-0b"}
	res, report := collect(t, flowlog.Options{}, text(fields5, empty.line(fields5), empty.with("log-status", "SKIPDATA").line(fields5), empty.with("log-status", "NODATA").line(fields5)))
	if res.NoData != 2 || res.SkipData != 1 || res.Records != 0 || len(all(res)) != 0 || report.Entries() != 3 || len(report.Problems()) > 0 {
		t.Errorf("%+v %+v", res, report)
	}
	if f := res.Interfaces[0]; f.ID != "eni-0a" || f.NoData != 2 || f.VPC != "vpc-0b" {
		t.Errorf("%+v", f)
	}
}

func TestAddressesOfVersion6AndReservedOnes(t *testing.T) {
	t.Parallel()
	six := asking().with("srcaddr", "2001:db8::5", "dstaddr", "fd00:ec2::254", "dstport", "80", "type", "IPv6")
	dns := asking().with("dstaddr", "169.254.169.253", "dstport", "53", "protocol", "17")
	res, _ := collect(t, flowlog.Options{}, text(fields2, six.line(fields2), dns.line(fields2)))
	if len(all(res)) != 2 {
		t.Fatal(shorts(res))
	}
	if a, b := all(res)[0], all(res)[1]; a.Server.Service != "ROUTE53_RESOLVER" || a.Protocol != "udp" || b.Server.Service != "EC2_METADATA" || b.Client.Address != "2001:db8::5" {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	from := time.Unix(1795168800, 0)
	res, _ := collect(t, flowlog.Options{From: from, To: from.Add(time.Minute)}, text(fields2, asking().line(fields2), asking().with("start", "1795168860").line(fields2), asking().with("start", "1795168799").line(fields2)))
	if res.Records != 1 || res.Outside != 2 {
		t.Errorf("%+v", res)
	}
}

func TestLinesThatAreBroken(t *testing.T) {
	t.Parallel()
	a := asking()
	bad := []string{a.with("srcaddr", "10.0.0").line(fields2), a.with("dstaddr", "300.1.1.1").line(fields2), a.with("srcport", "70000").line(fields2), a.with("bytes", "x").line(fields2),
		a.with("bytes", "99999999999999999999").line(fields2), a.with("start", "now").line(fields2), a.with("action", "MAYBE").line(fields2), a.line(fields2) + " 1", "2 123 eni-0a", "garbage"}
	res, report := collect(t, flowlog.Options{}, text(append([]string{fields2}, bad...)...), "version account-id\n2 1\n", "what is this\n", `{"a":1}`, `{"events":`, `[1]`)
	if res.Records != 0 {
		t.Errorf("%s", shorts(res))
	}
	for i, want := range []int64{int64(len(bad)), 2, 1, 1, 0, 1} {
		if f := report.Files[i]; f.Broken != want && f.Err == nil {
			t.Errorf("%s: %+v", f.Name, f)
		}
	}
}

// Beyond the cap, traffic inside private networks stays, whatever the order,
// and the rest is one stated sum.
func TestCap(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 3000 {
		lines = append(lines, asking().with("srcaddr", fmt.Sprintf("198.18.%d.%d", i/250, 1+i%250), "bytes", "7").line(fields2))
	}
	lines = append(lines, asking().line(fields2))
	front, _ := collect(t, flowlog.Options{Limit: 400}, text(append([]string{fields2}, lines...)...))
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	back, _ := collect(t, flowlog.Options{Limit: 400}, text(append([]string{fields2}, lines[:1000]...)...), text(append([]string{fields2}, lines[1000:]...)...))
	if shorts(front) != shorts(back) || front.Overflow != back.Overflow {
		t.Error("what stays depends on the order")
	}
	n := len(all(front))
	if n > 400 || n < 100 || front.Overflow.Records+int64(n) != 3001 || front.Overflow.Bytes != 7*front.Overflow.Records || front.Limit != 400 {
		t.Errorf("%d conversations, %+v", n, front.Overflow)
	}
	if !strings.Contains(shorts(front), "10.0.0.5>10.0.0.9:5432") {
		t.Error("the private conversation is gone")
	}
}

func spoilable() [][]byte {
	r := asking().with("tcp-flags", "3", "pkt-srcaddr", "10.0.0.5", "pkt-dstaddr", "10.0.0.9")
	return [][]byte{[]byte(text(fields5, r.line(fields5), r.swapped().line(fields5))), []byte(text(r.line(fields2))), []byte(text(gateway, r.line(gateway))),
		[]byte(`{"events":[{"message":"` + r.line(fields2) + `"}]}`), []byte(strings.ReplaceAll(text(fields3, r.line(fields3)), " ", ","))}
}

func TestSpoiltFilesNeverPanic(t *testing.T) {
	t.Parallel()
	mangle.Each(3, 10_000, spoilable(), func(b []byte) {
		collect(t, flowlog.Options{Limit: 50}, string(b))
		_ = flowlog.Recognise(b)
	})
}

func FuzzRead(f *testing.F) {
	for _, b := range spoilable() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		res, report := collect(t, flowlog.Options{Limit: 50}, string(b))
		if file := report.Files[0]; file.Entries+file.Broken > file.Lines {
			t.Errorf("%+v", file)
		}
		for c := range res.Conversations {
			if c.Client.Address == "" || c.Server.Address == "" || c.BytesOut < 0 || c.BytesBack < 0 || c.Records < 1 {
				t.Errorf("%+v", c)
			}
		}
	})
}
