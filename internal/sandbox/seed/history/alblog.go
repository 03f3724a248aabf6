package history

import (
	"strconv"
	"time"
)

const stamp = "2006-01-02T15:04:05.000000Z"

// albLine appends one line in the format of the access logs of application
// load balancers (Elastic Load Balancing user guide, "Access log entries"),
// up to and including conn_trace_id.
func (m *model) albLine(b []byte, q *request, table []endpoint, userAgents []string) []byte {
	w := &m.World
	e := table[q.endpoint]
	protocol, port, group := "h2", ":443", w.WebGroup
	if !q.tls {
		protocol, port = "http", ":80"
	}
	if e.api {
		group = w.APIGroup
	}
	b = append(b, protocol...)
	b = append(b, ' ')
	b = time.UnixMicro(q.at).UTC().AppendFormat(b, stamp)
	b = join(b, " ", w.BalancerName, " ", q.client, ":")
	b = strconv.AppendInt(b, int64(q.port), 10)
	target := "-"
	if q.target >= 0 {
		target = m.app(q.target).Address + ":" + "8080"
	}
	b = join(b, " ", target, " ")
	b = seconds(b, q.reqMs)
	b = seconds(append(b, ' '), q.targetMs)
	b = seconds(append(b, ' '), q.respMs)
	b = strconv.AppendInt(append(b, ' '), int64(q.status), 10)
	b = dash(append(b, ' '), q.targetStatus)
	b = strconv.AppendInt(append(b, ' '), q.received, 10)
	b = strconv.AppendInt(append(b, ' '), q.sent, 10)
	scheme, version := "https://", " HTTP/2.0"
	if !q.tls {
		scheme, version = "http://", " HTTP/1.1"
	}
	b = join(b, ` "`, e.method, " ", scheme, w.ShopName, port, q.path, version, `" "`, userAgents[q.agent], `"`)
	if q.tls {
		b = append(b, " TLS_AES_128_GCM_SHA256 TLSv1.3"...)
	} else {
		b = append(b, " - -"...)
	}
	b = m.albTail(b, q, group, target)
	return append(b, '\n')
}

// albTail appends the fields from the target group on.
func (m *model) albTail(b []byte, q *request, group, target string) []byte {
	actions, redirect, priority := "waf,forward", "-", "0"
	certificate := m.World.Certificate
	switch {
	case !q.tls:
		group, actions, certificate, redirect = "-", "waf,redirect", "-", "https://"+m.World.ShopName+":443"+q.path
	case q.blocked:
		group, actions, priority = "-", "waf", "-1"
	case group == m.World.APIGroup:
		priority = "10"
	}
	list, codes := target, "-"
	if q.targetStatus != 0 {
		codes = strconv.Itoa(q.targetStatus)
	}
	domain := m.World.ShopName
	if !q.tls {
		domain = "-"
	}
	b = join(b, " ", group, ` "`, q.root, `" "`, domain, `" "`, certificate, `" `, priority, " ")
	created := q.at
	if q.targetMs > 0 {
		created -= q.targetMs * 1000
	}
	b = time.UnixMicro(created).UTC().AppendFormat(b, stamp)
	return join(b, ` "`, actions, `" "`, redirect, `" "-" "`, list, `" "`, codes, `" "-" "-" `, q.trace)
}

func join(b []byte, parts ...string) []byte {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// seconds appends milliseconds as seconds with three places, or -1.
func seconds(b []byte, ms int64) []byte {
	if ms < 0 {
		return append(b, "-1"...)
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	rest := ms % 1000
	return append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}

func dash(b []byte, n int) []byte {
	if n == 0 {
		return append(b, '-')
	}
	return strconv.AppendInt(b, int64(n), 10)
}
