package dnslog

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// Query is one question. Empty strings are not known.
type Query struct {
	Time time.Time
	// Name is in small letters, without the closing dot; Type "A", "AAAA" …
	Name, Type string
	// Code is the answer's ("NOERROR", "NXDOMAIN").
	Code string
	// Address asked: a host of the VPC, or the resolver of somebody outside.
	Address string
	// Instance, VPC, Account and Region are of the asking host, which only the
	// resolver's logs know; Zone is the public hosted zone that was asked.
	Instance, VPC, Account, Region, Zone string
}

// resolved is a record of a resolver (Route 53 developer guide, "Values that
// appear in VPC Resolver query logs").
type resolved struct {
	Account string `json:"account_id"`
	Region  string `json:"region"`
	VPC     string `json:"vpc_id"`
	Time    string `json:"query_timestamp"`
	Name    string `json:"query_name"`
	Type    string `json:"query_type"`
	Code    string `json:"rcode"`
	Address string `json:"srcaddr"`
	IDs     struct {
		Instance string `json:"instance"`
	} `json:"srcids"`
	// Message, Events and LogEvents wrap records in CloudWatch Logs.
	Message   string            `json:"message"`
	Events    []json.RawMessage `json:"events"`
	LogEvents []json.RawMessage `json:"logEvents"`
}

// Recognise reports whether a file that begins so is a query log.
func Recognise(head []byte) bool {
	text := bytes.TrimSpace(head)
	if len(text) == 0 {
		return false
	}
	if text[0] == '{' || text[0] == '[' {
		return bytes.Contains(text, []byte(`query_timestamp`)) && bytes.Contains(text, []byte(`query_name`))
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	var q Query
	return q.zone(strings.TrimSpace(string(line))) == nil
}

// Queries calls handle for each query of a file; broken lines are counted in
// the content's result. The query is valid during the call.
func Queries(ctx context.Context, c *records.Content, handle func(*Query)) error {
	r := reader{c: c, handle: handle}
	for {
		line, ok := c.Next()
		if !ok {
			return nil
		}
		if c.Line()&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := r.line(line, 0); err != nil {
			c.Bad(err)
		}
	}
}

type reader struct {
	c      *records.Content
	handle func(*Query)
	q      Query
}

// maxWraps bounds records inside events inside answers.
const maxWraps = 3

func (r *reader) line(line []byte, depth int) error {
	r.q = Query{}
	if line[0] != '{' {
		if err := r.q.zone(string(line)); err != nil {
			return err
		}
		r.take()
		return nil
	}
	var one resolved
	if err := json.Unmarshal(line, &one); err != nil {
		return fault.Newf(fault.Invalid, "read DNS query log: a record that is no JSON")
	}
	inner := append(one.Events, one.LogEvents...)
	if one.Message != "" {
		inner = append(inner, json.RawMessage(one.Message))
	}
	if one.Name == "" && (len(inner) > 0 || one.Events != nil || one.LogEvents != nil) && depth < maxWraps {
		return r.wrapped(inner, depth)
	}
	at, err := time.Parse(time.RFC3339Nano, one.Time)
	if err != nil || one.Name == "" {
		return fault.Newf(fault.Invalid, "read DNS query log: a record without time or name")
	}
	r.q = Query{Time: at.UTC(), Name: plain(one.Name), Type: one.Type, Code: one.Code, Address: one.Address, Instance: one.IDs.Instance, VPC: one.VPC, Account: one.Account, Region: one.Region}
	r.take()
	return nil
}

func (r *reader) wrapped(inner []json.RawMessage, depth int) error {
	for _, one := range inner {
		text := bytes.TrimSpace(one)
		if len(text) == 0 {
			continue
		}
		if err := r.line(text, depth+1); err != nil {
			r.c.Bad(err)
		}
	}
	return nil
}

func (r *reader) take() {
	r.c.Result.Entries++
	r.handle(&r.q)
}

func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// zone reads a line of a public hosted zone's log (Route 53 developer guide,
// "Values that appear in DNS query logs"): version, time, zone, name, type,
// code, protocol, edge, resolver's address, its client's network.
func (q *Query) zone(line string) error {
	f := strings.Fields(line)
	if len(f) < 9 || !strings.HasPrefix(f[2], "Z") || !strings.Contains(f[1], "T") {
		return fault.Newf(fault.Invalid, "read DNS query log: no line of a query log")
	}
	at, err := time.Parse(time.RFC3339Nano, f[1])
	if err != nil {
		return fault.Newf(fault.Invalid, "read DNS query log: the time is none")
	}
	*q = Query{Time: at.UTC(), Zone: f[2], Name: plain(f[3]), Type: f[4], Code: f[5], Address: f[8]}
	if len(f) > 9 && f[9] != "-" {
		q.Address, _, _ = strings.Cut(f[9], "/")
	}
	return nil
}
