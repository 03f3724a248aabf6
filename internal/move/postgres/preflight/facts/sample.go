package facts

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// The bounds of a timed read: how many of the largest tables, how many rows at
// first, and how small a table says nothing of speed.
const (
	sampled    = 3
	firstRows  = 2000
	growth     = 4
	worthWhile = 1 << 20
)

// counter counts what goes through it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Samples reads from the largest tables, each for its share of the time, in the
// form in which they will be copied, and throws the rows away. It begins with few
// rows and asks for more while time is left, so that one read is never long. A
// table that may not be read has no sample.
func Samples(ctx context.Context, e pg.Endpoint, f *Facts, within time.Duration) ([]Sample, error) {
	if within <= 0 || f.Missing {
		return nil, nil
	}
	conn, err := session(ctx, e, &Facts{})
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var out []Sample
	for _, t := range f.Largest() {
		if len(out) == sampled || t.Bytes < worthWhile {
			break
		}
		if !t.Readable || t.Rows <= 0 {
			continue
		}
		s, err := sample(ctx, conn, t, within/sampled)
		if err != nil {
			return nil, pg.Fault(err, "read a sample of", t.Name.String())
		}
		out = append(out, s)
	}
	return out, nil
}

func sample(ctx context.Context, conn *pgx.Conn, t Table, within time.Duration) (Sample, error) {
	out := Sample{Table: t.Name.String()}
	form := "binary"
	if len(t.Text) > 0 {
		form = "text"
	}
	begin := time.Now()
	for rows := int64(firstRows); ; rows *= growth {
		var bytes counter
		start := time.Now()
		sql := "COPY (SELECT * FROM ONLY " + t.Name.SQL() + " LIMIT " + strconv.FormatInt(rows, 10) + ") TO STDOUT (FORMAT " + form + ")"
		tag, err := conn.PgConn().CopyTo(ctx, &bytes, sql)
		if err != nil {
			return out, err
		}
		// The last and largest read counts: the first one pays for a cold cache.
		out.Rows, out.Bytes, out.Seconds = tag.RowsAffected(), int64(bytes), time.Since(start).Seconds()
		out.Stored = int64(float64(t.Bytes) * min(1, float64(out.Rows)/t.Rows))
		if used := time.Since(begin); out.Rows < rows || used+used*growth > within {
			return out, nil
		}
	}
}

// Number is the value of a parameter as a number in its base unit: bytes for
// memory, milliseconds for time. ok is false for one that is not there.
func (f *Facts) Number(name string) (int64, bool) {
	s, ok := f.Settings[name]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s.Value, 10, 64)
	if err != nil {
		return 0, false
	}
	if n < 0 {
		return n, true // -1 stands for no limit, whatever the unit
	}
	return n * unit(s.Unit), true
}

func unit(text string) int64 {
	switch text {
	case "B", "ms", "":
		return 1
	case "kB":
		return 1 << 10
	case "8kB":
		return 8 << 10
	case "MB":
		return 1 << 20
	case "16MB":
		return 16 << 20
	case "s":
		return 1000
	case "min":
		return 60_000
	}
	return 1
}

// Text is the value of a parameter, "" for one that is not there.
func (f *Facts) Text(name string) string { return f.Settings[name].Value }

// Preloaded reports whether a library is in shared_preload_libraries.
func (f *Facts) Preloaded(library string) bool {
	for part := range strings.SplitSeq(f.Text("shared_preload_libraries"), ",") {
		if strings.Trim(strings.TrimSpace(part), `"`) == library {
			return true
		}
	}
	return false
}
