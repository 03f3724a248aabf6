package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/files"
	"example.com/landfall/internal/trail/residual"
)

// whatResidual is the question of residual use: how many events of each
// principal there are since the cutover, each once by its ID. Landfall answers
// it with everything else that it says of residual use.
const whatResidual = "residual"

// readerJQ answers with jq, as people do who have nothing else.
const readerJQ = "jq"

// cutover is half a minute after the first event of each generated file.
const cutover = "2026-11-20T10:00:30Z"

// deaf is a sink for those who look at the answer.
type deaf struct{}

func (deaf) Unread(inventory.Unread)   {}
func (deaf) Refused(inventory.Refused) {}
func (deaf) Input(string, string)      {}
func (deaf) Planned(int64)             {}
func (deaf) Done(int64)                {}

func ourResidual(ctx context.Context, o options) (answer, error) {
	since, err := time.Parse(time.RFC3339, cutover)
	if err != nil {
		return answer{}, err
	}
	finder := files.New(files.Input{Kind: trail.Events, Path: filepath.Join(o.dir, whatTrail)})
	report, err := residual.Read(ctx, finder, residual.Inputs{}, residual.Options{Since: since, Workers: o.threads}, deaf{})
	if err != nil {
		return answer{}, err
	}
	if len(report.Unread)+len(report.Refused) > 0 {
		return answer{}, fmt.Errorf("%d files were not read, %d not understood", len(report.Unread), len(report.Refused))
	}
	var a answer
	for _, p := range report.ByPrincipal {
		a.row(p.Events, p.Principal)
	}
	return a, nil
}

// residualSQL asks for the events of each principal since the cutover.
const residualSQL = `
SELECT coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn, r.userIdentity.invokedBy), count(DISTINCT r.eventID)
FROM (SELECT unnest("Records") AS r FROM read_json('%s', format='unstructured', maximum_object_size=134217728,
  columns={Records: 'STRUCT(eventID VARCHAR, eventTime VARCHAR, userIdentity STRUCT(arn VARCHAR, invokedBy VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))))[]'}))
WHERE r.eventTime >= '%s'
GROUP BY ALL`

func duckResidual(ctx context.Context, o options) (answer, error) {
	var a answer
	err := query(ctx, o, fmt.Sprintf(residualSQL, filepath.Join(o.dir, whatTrail, "*.json.gz"), cutover), func(rows *sql.Rows) error {
		var principal string
		var n int64
		if err := rows.Scan(&principal, &n); err != nil {
			return err
		}
		a.row(n, principal)
		return nil
	})
	return a, err
}

// residualJQ prints the ID and the principal of each event since the cutover.
const residualJQ = `.Records[] | select(.eventTime >= "` + cutover + `") | [.eventID, (.userIdentity.sessionContext.sessionIssuer.arn // .userIdentity.arn // .userIdentity.invokedBy)] | @tsv`

// jqResidual runs gzip and jq on one file after the other, for jq is one
// thread, and counts what they print.
func jqResidual(ctx context.Context, o options) (answer, error) {
	names, err := filepath.Glob(filepath.Join(o.dir, whatTrail, "*.json.gz"))
	if err != nil {
		return answer{}, err
	}
	seen, counts := map[string]bool{}, map[string]int64{}
	for _, name := range names {
		if err := jqFile(ctx, name, func(id, principal string) {
			if !seen[id] {
				seen[id] = true
				counts[principal]++
			}
		}); err != nil {
			return answer{}, fmt.Errorf("read %s with jq: %w", name, err)
		}
	}
	var a answer
	for principal, n := range counts {
		a.row(n, principal)
	}
	return a, nil
}

func jqFile(ctx context.Context, name string, event func(id, principal string)) error {
	unzip, jq := exec.CommandContext(ctx, "gzip", "-dc", name), exec.CommandContext(ctx, "jq", "-r", residualJQ)
	var err error
	if jq.Stdin, err = unzip.StdoutPipe(); err != nil {
		return err
	}
	lines, err := jq.StdoutPipe()
	if err != nil {
		return err
	}
	if err := unzip.Start(); err != nil {
		return err
	}
	if err := jq.Start(); err != nil {
		return err
	}
	s := bufio.NewScanner(lines)
	for s.Scan() {
		id, principal, _ := strings.Cut(s.Text(), "\t")
		event(id, principal)
	}
	if err := s.Err(); err != nil {
		return err
	}
	if err := jq.Wait(); err != nil {
		return err
	}
	return unzip.Wait()
}
