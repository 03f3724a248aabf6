package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/flowlog"
)

// The readers.
const (
	readerOurs = "landfall"
	readerDuck = "duckdb"
)

// answer sums up an answer so that two can be compared: its rows, the sum of
// its numbers, and a hash over all rows in which their order does not matter.
type answer struct {
	Rows  int64  `json:"rows"`
	Total int64  `json:"total"`
	Hash  uint64 `json:"hash"`
}

func (a *answer) row(numbers int64, parts ...any) {
	h := fnv.New64a()
	fmt.Fprintln(h, append(parts, numbers)...)
	a.Rows++
	a.Total += numbers
	a.Hash += h.Sum64()
}

// measured is one run.
type measured struct {
	answer
	Seconds float64 `json:"seconds"`
	// CPUSeconds are of all threads, user and system: on a busy machine they say
	// more than the clock.
	CPUSeconds float64 `json:"cpuSeconds"`
	RSSMiB     int64   `json:"rssMiB"`
}

// readOnce answers one question once and prints the measurement.
func readOnce(ctx context.Context, o options, to io.Writer) error {
	read := map[string]func(context.Context, options) (answer, error){
		whatFlow + readerOurs: ourFlow, whatTrail + readerOurs: ourTrail, whatFlow + readerDuck: duckFlow, whatTrail + readerDuck: duckTrail,
		whatResidual + readerOurs: ourResidual, whatResidual + readerDuck: duckResidual, whatResidual + readerJQ: jqResidual,
	}[o.what+o.reader]
	if read == nil {
		return fmt.Errorf("no reader %q of %q", o.reader, o.what)
	}
	if o.threads > 0 {
		runtime.GOMAXPROCS(o.threads)
	}
	begin := time.Now()
	a, err := read(ctx, o)
	if err != nil {
		return err
	}
	m := measured{answer: a, Seconds: time.Since(begin).Seconds()}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	// A reader that runs other programs is measured with them.
	var children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		return err
	}
	m.RSSMiB = max(usage.Maxrss, children.Maxrss) >> 10
	m.CPUSeconds = time.Duration(usage.Utime.Nano() + usage.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano()).Seconds()
	return json.NewEncoder(to).Encode(m)
}

func each(ctx context.Context, o options, read func(context.Context, *records.Content) error) error {
	files, problems := records.Find(filepath.Join(o.dir, o.what))
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s", problems[0].File, problems[0].Reason)
	}
	report, err := records.Each(ctx, files, records.Options{Workers: o.threads}, read)
	if err != nil {
		return err
	}
	if p := report.Problems(); len(p) > 0 {
		return fmt.Errorf("%s: %s", p[0].Place(), p[0].Reason)
	}
	return nil
}

func ourFlow(ctx context.Context, o options) (answer, error) {
	c := flowlog.New(flowlog.Options{})
	if err := each(ctx, o, c.Read); err != nil {
		return answer{}, err
	}
	var a answer
	for x := range c.Result().Conversations {
		if !x.Rejected {
			a.row(x.BytesOut+x.BytesBack, x.Client.Address, x.Server.Address, x.Port)
		}
	}
	return a, nil
}

func ourTrail(ctx context.Context, o options) (answer, error) {
	c := cloudtrail.New(cloudtrail.Options{})
	if err := each(ctx, o, c.Read); err != nil {
		return answer{}, err
	}
	type key struct{ principal, service, action string }
	sum := map[key]int64{}
	for _, u := range c.Result().Uses {
		sum[key{u.Principal, u.Service, u.Action}] += u.Count
	}
	var a answer
	for k, n := range sum {
		a.row(n, k.principal, k.service, k.action)
	}
	return a, nil
}

// flowSQL asks DuckDB for bytes per client, server and port, where two
// interfaces' records of a packet count once: the answer that the graph needs.
const flowSQL = `
WITH r AS (
  SELECT "interface-id" AS face, "pkt-srcaddr" AS source, "pkt-dstaddr" AS target, srcport, dstport, bytes,
         CASE WHEN ("tcp-flags" & 2) <> 0 THEN ("tcp-flags" & 16) = 0 ELSE dstport < srcport END AS asks
  FROM read_csv('%s', delim=' ', header=true, nullstr='-', columns={%s})
  WHERE action = 'ACCEPT' AND "log-status" = 'OK'
), s AS (
  SELECT face, CASE WHEN asks THEN source ELSE target END AS client, CASE WHEN asks THEN target ELSE source END AS server,
         CASE WHEN asks THEN dstport ELSE srcport END AS port,
         sum(CASE WHEN asks THEN bytes ELSE 0 END) AS asked, sum(CASE WHEN asks THEN 0 ELSE bytes END) AS answered
  FROM r GROUP BY ALL
)
SELECT client, server, port, CAST(max(asked) + max(answered) AS BIGINT) FROM s GROUP BY ALL`

// flowColumns gives DuckDB the types, so that it need not guess them.
func flowColumns() string {
	numbers := map[string]string{"version": "INTEGER", "srcport": "INTEGER", "dstport": "INTEGER", "protocol": "INTEGER", "packets": "BIGINT", "bytes": "BIGINT", "start": "BIGINT", "end": "BIGINT", "tcp-flags": "INTEGER"}
	var list []string
	for _, name := range strings.Fields(flowHeader) {
		kind := numbers[name]
		if kind == "" {
			kind = "VARCHAR"
		}
		list = append(list, fmt.Sprintf("'%s': '%s'", name, kind))
	}
	return strings.Join(list, ", ")
}

// trailSQL asks for the number of calls per principal, service and action.
const trailSQL = `
SELECT coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn, r.userIdentity.invokedBy), replace(r.eventSource, '.amazonaws.com', ''), r.eventName, count(*)
FROM (SELECT unnest("Records") AS r FROM read_json('%s', format='unstructured', maximum_object_size=134217728,
  columns={Records: 'STRUCT(eventSource VARCHAR, eventName VARCHAR, userIdentity STRUCT(arn VARCHAR, invokedBy VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))))[]'}))
GROUP BY ALL`

func duckFlow(ctx context.Context, o options) (answer, error) {
	var a answer
	err := query(ctx, o, fmt.Sprintf(flowSQL, filepath.Join(o.dir, whatFlow, "*.log.gz"), flowColumns()), func(rows *sql.Rows) error {
		var client, server string
		var port, bytes int64
		if err := rows.Scan(&client, &server, &port, &bytes); err != nil {
			return err
		}
		a.row(bytes, client, server, port)
		return nil
	})
	return a, err
}

func duckTrail(ctx context.Context, o options) (answer, error) {
	var a answer
	err := query(ctx, o, fmt.Sprintf(trailSQL, filepath.Join(o.dir, whatTrail, "*.json.gz")), func(rows *sql.Rows) error {
		var principal, service, action string
		var n int64
		if err := rows.Scan(&principal, &service, &action, &n); err != nil {
			return err
		}
		a.row(n, principal, service, action)
		return nil
	})
	return a, err
}

func query(ctx context.Context, o options, text string, row func(*sql.Rows) error) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	if o.threads > 0 {
		if _, err := db.ExecContext(ctx, fmt.Sprintf("SET threads=%d", o.threads)); err != nil {
			return err
		}
	}
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
