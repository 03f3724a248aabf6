package flowlog

import "strings"

// field is a column that is of use here.
type field uint8

const (
	skip field = iota
	fAccount
	fFace
	fSource
	fTarget
	fSourcePort
	fTargetPort
	fProtocol
	fPackets
	fBytes
	fStart
	fEnd
	fAction
	fStatus
	fVPC
	fSubnet
	fInstance
	fFlags
	fPktSource
	fPktTarget
	fRegion
	fSourceService
	fTargetService
	fDirection
	fPath
	fECSService
	fSourceVPC
	fTargetVPC
	fSourceAccount
	fTargetAccount
	numFields
)

// The published fields by the version that brought them (VPC user guide, "Flow
// log record", table of available fields), in the table's order.
const (
	version2  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	version3  = "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr"
	version4  = "region az-id sublocation-type sublocation-id"
	version5  = "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
	version7  = "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id"
	version8  = "reject-reason"
	version9  = "resource-id"
	version10 = "encryption-status"

	// gateway is the default format of transit gateway flow logs, version 6
	// (Transit Gateway guide, "Transit Gateway Flow Log records").
	gateway = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id " +
		"tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type " +
		"packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)

// names maps the names of columns to fields: those of the published tables,
// those of Parquet files (with underscores, which normal takes away), and those
// of the tables that the Athena guide creates.
func names() map[string]field {
	m := map[string]field{}
	for _, set := range []string{version2, version3, version4, version5, version7, version8, version9, version10, gateway} {
		for _, name := range strings.Fields(set) {
			m[normal(name)] = skip
		}
	}
	for name, f := range map[string]field{
		"account-id": fAccount, "account": fAccount, "interface-id": fFace, "tgw-attachment-id": fFace,
		"srcaddr": fSource, "sourceaddress": fSource, "dstaddr": fTarget, "destinationaddress": fTarget,
		"srcport": fSourcePort, "sourceport": fSourcePort, "dstport": fTargetPort, "destinationport": fTargetPort,
		"protocol": fProtocol, "packets": fPackets, "numpackets": fPackets, "bytes": fBytes, "numbytes": fBytes,
		"start": fStart, "starttime": fStart, "end": fEnd, "endtime": fEnd, "action": fAction, "log-status": fStatus,
		"vpc-id": fVPC, "subnet-id": fSubnet, "instance-id": fInstance, "tcp-flags": fFlags, "pkt-srcaddr": fPktSource, "pkt-dstaddr": fPktTarget,
		"region": fRegion, "pkt-src-aws-service": fSourceService, "pkt-dst-aws-service": fTargetService, "flow-direction": fDirection, "traffic-path": fPath,
		"ecs-service-name": fECSService, "tgw-src-vpc-id": fSourceVPC, "tgw-dst-vpc-id": fTargetVPC,
		"tgw-src-vpc-account-id": fSourceAccount, "tgw-dst-vpc-account-id": fTargetAccount,
	} {
		m[normal(name)] = f
	}
	return m
}

// normal is a column's name without what differs between the forms: case,
// dashes and underscores, quotes, and the "${…}" of a LogFormat.
func normal(name string) string {
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c == '-' || c == '_' || c == '"' || c == '$' || c == '{' || c == '}':
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// layout is the order of the columns of a file.
type layout struct {
	columns []field
	// comma is the separator.
	comma byte
	// gateway says that the records are a transit gateway's, which have no action.
	gateway bool
}

// enough reports whether a conversation can be told from these columns.
func (l *layout) enough() bool {
	has := [numFields]bool{}
	for _, f := range l.columns {
		has[f] = true
	}
	return (has[fSource] || has[fPktSource]) && (has[fTarget] || has[fPktTarget]) && has[fTargetPort] && has[fSourcePort]
}

// maxColumns bounds a header.
const maxColumns = 128

// layoutOf reads a header line: "version account-id …", a LogFormat
// ("${version} ${account-id} …"), or the header of a CSV export. It returns nil
// when most of the words are no names of fields.
func layoutOf(line string, known map[string]field) *layout {
	comma := byte(' ')
	switch {
	case strings.Contains(line, ","):
		comma = ','
	case strings.Contains(line, "\t"):
		comma = '\t'
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == rune(comma) })
	if len(words) < 2 || len(words) > maxColumns {
		return nil
	}
	l := &layout{comma: comma}
	hits := 0
	seen := [numFields]bool{}
	for _, word := range words {
		name := normal(strings.TrimSpace(word))
		f, ok := known[name]
		if ok {
			hits++
		}
		if seen[f] {
			f = skip // a column given twice is read once
		}
		seen[f] = true
		l.gateway = l.gateway || name == "tgwattachmentid" || name == "resourcetype"
		l.columns = append(l.columns, f)
	}
	if 2*hits <= len(words) {
		return nil
	}
	return l
}

// defaultLayout finds the published format that a line without header fits: by
// the number of its fields and what stands in those that have a fixed form.
func defaultLayout(line string, known map[string]field) *layout {
	words := strings.Fields(line)
	if len(words) > 1 && words[1] == "TransitGateway" {
		if l := layoutOf(gateway, known); len(words) == len(l.columns) {
			return l
		}
		return nil
	}
	set := ""
	for _, next := range []string{version2, version3, version4, version5, version7, version8, version9, version10} {
		set = strings.TrimSpace(set + " " + next)
		if len(strings.Fields(set)) != len(words) {
			continue
		}
		if !number(words[0]) || !word(words[10]) || !word(words[11]) || !status(words[13]) {
			return nil
		}
		return layoutOf(set, known)
	}
	return nil
}

func number(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
func word(s string) bool   { return s == "-" || number(s) }
func status(s string) bool { return s == "OK" || s == "NODATA" || s == "SKIPDATA" }
