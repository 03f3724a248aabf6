package history_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// The parsers here are written from the services' own descriptions of their
// formats and refuse whatever they do not know, so that the generator cannot
// agree with itself only.

func lines(body []byte) ([]string, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var list []string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		list = append(list, s.Text())
	}
	return list, s.Err()
}

type access struct {
	at                     time.Time
	client, target         string
	targetTime             float64
	status, targetStatus   int
	method, path           string
	group, actions, domain string
}

var accessForm = regexp.MustCompile(`^(http|https|h2|grpcs|ws|wss) (\S+) (app/[\w-]+/[0-9a-f]{16}) (\S+):(\d+) (\S+) (-1|\d+\.\d{3}) (-1|\d+\.\d{3}) (-1|\d+\.\d{3}) (\d{3}|-) (\d{3}|-) (\d+) (\d+) ` +
	`"([A-Z]+) (https?)://([^/:]+):(\d+)(/\S*) (HTTP/[\d.]+)" "((?:[^"\\]|\\.)*)" (\S+) (\S+) (\S+) "Root=1-[0-9a-f]{8}-[0-9a-f]{24}" "(\S+)" "(\S+)" (-?\d+) (\S+) "([\w,-]+)" "(\S+)" "(\S+)" "(\S+)" "(\S+)" "(\S+)" "(\S+)" TID_[0-9a-f]{32}$`)

func parseAccess(line string) (access, error) {
	m := accessForm.FindStringSubmatch(line)
	if m == nil {
		return access{}, fmt.Errorf("not a line of an access log: %q", line)
	}
	at, err := time.Parse("2006-01-02T15:04:05.000000Z", m[2])
	created, err2 := time.Parse("2006-01-02T15:04:05.000000Z", m[27])
	if err := errors.Join(err, err2); err != nil {
		return access{}, err
	}
	if created.After(at) {
		return access{}, fmt.Errorf("answered before it was asked: %q", line)
	}
	if _, err := netip.ParseAddr(m[4]); err != nil {
		return access{}, err
	}
	a := access{at: at, client: m[4] + ":" + m[5], target: m[6], method: m[14], path: m[18], group: m[23], actions: m[28], domain: m[24]}
	a.targetTime, _ = strconv.ParseFloat(m[8], 64)
	a.status, _ = strconv.Atoi(m[10])
	a.targetStatus, _ = strconv.Atoi(m[11])
	if a.target != "-" {
		if _, err := netip.ParseAddrPort(a.target); err != nil {
			return access{}, err
		}
	} else if a.group != "-" || a.targetTime != -1 || a.targetStatus != 0 {
		return access{}, fmt.Errorf("a target group without a target: %q", line)
	}
	return a, nil
}

// flow is the name of the critical flow a path belongs to.
func (a access) flow() string {
	path, _, _ := strings.Cut(a.path, "?")
	part := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/":
		return "home"
	case path == "/books":
		return "list"
	case path == "/search":
		return "search"
	case part[0] == "books" && len(part) == 2:
		return "book"
	case part[0] == "covers":
		return "cover"
	case part[0] == "static":
		return "static"
	case part[0] == "orders" && a.method == "PUT" && len(part) == 2:
		return "place-order"
	case part[0] == "orders" && len(part) == 2:
		return "order"
	case part[0] == "orders" && len(part) == 3 && part[2] == "invoice":
		return "invoice"
	}
	return "unknown " + a.path
}

type flow struct {
	face, source, target, pktSource, pktTarget string
	sourcePort, targetPort                     int
	packets, bytes, start, end                 int64
	action, status, instance, subnet           string
	flags                                      int
	direction, service                         string
}

// parseFlow reads a record by the names in the file's header.
func parseFlow(header []string, line string) (flow, error) {
	fields := strings.Split(line, " ")
	if len(fields) != len(header) {
		return flow{}, fmt.Errorf("%d fields under a header of %d: %q", len(fields), len(header), line)
	}
	at := map[string]string{}
	for i, name := range header {
		at[name] = fields[i]
	}
	f := flow{face: at["interface-id"], status: at["log-status"], action: at["action"], instance: at["instance-id"], subnet: at["subnet-id"], direction: at["flow-direction"],
		source: at["srcaddr"], target: at["dstaddr"], pktSource: at["pkt-srcaddr"], pktTarget: at["pkt-dstaddr"], service: at["pkt-dst-aws-service"]}
	if at["version"] != "5" || at["vpc-id"] == "-" || at["account-id"] == "-" {
		return flow{}, fmt.Errorf("version, account or VPC: %q", line)
	}
	var broken error
	number := func(name string) int64 {
		n, err := strconv.ParseInt(at[name], 10, 64)
		broken = errors.Join(broken, err)
		return n
	}
	f.start, f.end = number("start"), number("end")
	if f.status == "NODATA" {
		for _, name := range []string{"srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "action", "tcp-flags", "type", "flow-direction"} {
			if at[name] != "-" {
				broken = errors.Join(broken, fmt.Errorf("NODATA with %s", name))
			}
		}
		return f, broken
	}
	f.sourcePort, f.targetPort, f.packets, f.bytes, f.flags = int(number("srcport")), int(number("dstport")), number("packets"), number("bytes"), int(number("tcp-flags"))
	for _, name := range []string{"srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"} {
		_, err := netip.ParseAddr(at[name])
		broken = errors.Join(broken, err)
	}
	switch {
	case f.status != "OK", at["type"] != "IPv4", at["protocol"] != "6", f.action != "ACCEPT" && f.action != "REJECT", f.direction != "ingress" && f.direction != "egress",
		f.packets < 1, f.bytes < 40, f.end < f.start, f.sourcePort < 1, f.targetPort < 1, f.direction == "ingress" && at["traffic-path"] != "-",
		f.direction == "egress" && at["traffic-path"] == "-":
		broken = errors.Join(broken, fmt.Errorf("a field out of range: %q", line))
	}
	return f, broken
}

type event struct {
	EventVersion, EventTime, EventSource, EventName, AWSRegion, EventID, EventType, EventCategory, ErrorCode string
	SourceIPAddress, UserAgent, RecipientAccountID                                                           string
	ReadOnly, ManagementEvent                                                                                bool
	UserIdentity                                                                                             struct {
		Type, ARN, PrincipalID, AccountID, AccessKeyID, UserName, InvokedBy string
		SessionContext                                                      *struct {
			SessionIssuer struct{ Type, ARN, PrincipalID, AccountID, UserName string }
		}
	}
	Resources []struct{ ARN, AccountID, Type string }
}

func (e event) principal() string {
	switch e.UserIdentity.Type {
	case "AssumedRole":
		return e.UserIdentity.SessionContext.SessionIssuer.ARN
	case "AWSService":
		return e.UserIdentity.InvokedBy
	}
	return e.UserIdentity.ARN
}

func parseTrail(body []byte) ([]event, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var file struct{ Records []event }
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, err
	}
	for _, e := range file.Records {
		at, err := time.Parse("2006-01-02T15:04:05Z", e.EventTime)
		if err != nil || at.IsZero() || e.EventID == "" || e.EventName == "" || !strings.HasSuffix(e.EventSource, ".amazonaws.com") || e.principal() == "" || e.RecipientAccountID == "" {
			return nil, fmt.Errorf("record %q: %v", e.EventID, err)
		}
		if e.ManagementEvent != (e.EventCategory == "Management") {
			return nil, fmt.Errorf("record %q: category %q", e.EventID, e.EventCategory)
		}
	}
	return file.Records, nil
}

var bucketForm = regexp.MustCompile(`^[0-9a-f]{64} \S+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] [\d.]+ \S+ [0-9A-Z]+ REST\.GET\.OBJECT \S+ "GET \S+ HTTP/1\.1" \d{3} - \d+ \d+ \d+ \d+ "-" "[^"]*" - \S+ SigV4 \S+ AuthHeader \S+ TLSv1\.3 - -$`)
