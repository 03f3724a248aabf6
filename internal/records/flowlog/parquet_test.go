package flowlog_test

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/mangle"
)

// flowRow has the columns and types of the user guide's table for Parquet.
type flowRow struct {
	Version   int32   `parquet:"version"`
	Account   *string `parquet:"account_id,optional"`
	Interface *string `parquet:"interface_id,optional,dict"`
	Source    *string `parquet:"srcaddr,optional"`
	Target    *string `parquet:"dstaddr,optional"`
	SrcPort   *int32  `parquet:"srcport,optional"`
	DstPort   *int32  `parquet:"dstport,optional"`
	Protocol  *int32  `parquet:"protocol,optional"`
	Packets   *int64  `parquet:"packets,optional"`
	Bytes     *int64  `parquet:"bytes,optional"`
	Start     int64   `parquet:"start"`
	End       int64   `parquet:"end"`
	Action    *string `parquet:"action,optional,dict"`
	Status    string  `parquet:"log_status,dict"`
	Flags     *int32  `parquet:"tcp_flags,optional"`
	Ignored   *string `parquet:"az_id,optional"`
}

func p[T any](v T) *T { return &v }

func parquetFile(t testing.TB, rows int) []byte {
	t.Helper()
	list := []flowRow{{Version: 5, Interface: p("eni-0a"), Start: 1795168800, End: 1795168860, Status: "NODATA"}}
	for i := range rows {
		r := flowRow{Version: 5, Account: p("123456789012"), Interface: p("eni-0a"), Source: p("10.0.0.5"), Target: p("10.0.0.9"), SrcPort: p(int32(40000 + i%1000)), DstPort: p(int32(5432)),
			Protocol: p(int32(6)), Packets: p(int64(2)), Bytes: p(int64(100)), Start: 1795168800, End: 1795168860, Action: p("ACCEPT"), Status: "OK", Flags: p(int32(3))}
		if i%2 == 1 {
			r.Source, r.Target, r.SrcPort, r.DstPort, r.Flags = r.Target, r.Source, r.DstPort, r.SrcPort, p(int32(19))
		}
		list = append(list, r)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[flowRow](&b, parquet.MaxRowsPerRowGroup(700), parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(list); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquet(t *testing.T) {
	t.Parallel()
	res, report := collect(t, flowlog.Options{}, string(parquetFile(t, 3000)))
	if got := shorts(res); got != "10.0.0.5>10.0.0.9:5432/tcp out 150000 back 150000 records 3000" || len(report.Problems()) > 0 || res.NoData != 1 || report.Entries() != 3001 {
		t.Errorf("got %s, %+v", got, report)
	}
	if report.Files[0].Fingerprint == "" {
		t.Error("no fingerprint")
	}
}

func TestParquetOfSomethingElse(t *testing.T) {
	t.Parallel()
	type other struct{ A, B string }
	var b bytes.Buffer
	w := parquet.NewGenericWriter[other](&b)
	if _, err := w.Write([]other{{"x", "y"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, report := collect(t, flowlog.Options{}, b.String())
	if report.Files[0].Err == nil {
		t.Error("no error")
	}
}

func TestSpoiltParquetNeverPanics(t *testing.T) {
	t.Parallel()
	mangle.Each(4, 10_000, [][]byte{parquetFile(t, 40)}, func(b []byte) {
		_, _ = collectFiles(t, flowlog.Options{}, []records.File{records.Bytes("x.parquet", b)})
	})
}
