package weblog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/weblog"
)

func sum(t *testing.T, o weblog.Options, texts ...string) (weblog.Result, records.Report) {
	t.Helper()
	var files []records.File
	for i, text := range texts {
		files = append(files, records.Bytes(fmt.Sprint("f", i), []byte(text)))
	}
	c := weblog.NewCollector(o)
	report, err := records.Each(t.Context(), files, records.Options{}, c.Read)
	if err != nil {
		t.Fatal(err)
	}
	return c.Result(), report
}

func TestSums(t *testing.T) {
	t.Parallel()
	late := strings.Replace(albV4, "10:00:01", "10:05:01", 1)
	late = strings.Replace(late, " 201 200 ", " 502 - ", 1)
	res, report := sum(t, weblog.Options{}, albV4+"\nbroken\n"+late, strings.Replace(albV4, "10:00:01", "09:00:01", 1))
	if len(res.Sums) != 1 || res.Entries != 3 || report.Files[0].Broken != 1 || report.Files[0].Examples[0].Place() != "f0:2" {
		t.Fatalf("%+v %+v", res, report)
	}
	s := res.Sums[0]
	if s.Count != 3 || s.Errors != 1 || s.BytesIn != 3*512 || s.Address != "198.51.100.7" || s.First.Hour() != 9 || s.Last.Minute() != 5 || s.Port != 443 || s.Target != "10.0.1.5:8080" {
		t.Errorf("%+v", s)
	}
	if !res.From.Equal(s.First) || !res.To.Equal(s.Last) {
		t.Errorf("from %v to %v", res.From, res.To)
	}
}

func TestSumsKeepToTheWindow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	res, _ := sum(t, weblog.Options{From: at, To: at.Add(time.Minute)}, albV4+"\n"+strings.Replace(albV4, "10:00:01", "10:01:01", 1)+"\n"+strings.Replace(albV4, "10:00:01", "09:59:59", 1))
	if res.Entries != 1 || res.Outside != 2 {
		t.Errorf("%+v", res)
	}
}

// Clients make up hosts: sums are capped, and what was left out is counted.
func TestMadeUpHostsAreCapped(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 500 {
		lines = append(lines, strings.Replace(albV4, "Shop.example", fmt.Sprintf("h%d.example", i), 1))
	}
	res, _ := sum(t, weblog.Options{Limit: 100}, strings.Join(lines, "\n"))
	if len(res.Sums) > 100 || len(res.Sums) < 20 || res.Overflow+int64(len(res.Sums)) != 500 || res.Limit != 100 {
		t.Errorf("%d sums, %d beyond", len(res.Sums), res.Overflow)
	}
	other, _ := sum(t, weblog.Options{Limit: 100}, strings.Join(lines[250:], "\n"), strings.Join(lines[:250], "\n"))
	if fmt.Sprint(other.Sums) != fmt.Sprint(res.Sums) {
		t.Error("which sums stay depends on the order")
	}
}
