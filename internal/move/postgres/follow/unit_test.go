package follow_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
)

func TestConninfo(t *testing.T) {
	t.Parallel()
	verified := follow.Stream{Publisher: endpoint(t, `postgres://a:p'w@h:1/d?sslmode=verify-full`)}
	if got := verified.Conninfo(); !strings.HasSuffix(got, " sslmode=verify-full connect_timeout='10' sslmode='require'") {
		t.Error(got)
	}
	verified.Route = endpoint(t, `postgres://a:p'w@inside:1/d?sslmode=verify-full`)
	if got := verified.Conninfo(); !strings.Contains(got, "host='inside'") || strings.Contains(got, "require") {
		t.Error(got)
	}
	for _, text := range []string{`near "p'w"`, `near "p\'w"`, `'p''w'`} {
		err := verified.Redact(fault.Of(fault.Denied, "make subscription", "x", errors.New(text)))
		if !fault.Is(err, fault.Denied) || strings.Contains(err.Error(), "'w") || !strings.Contains(err.Error(), "***") {
			t.Error(err)
		}
	}
	plain := fault.Newf(fault.NotFound, "nothing to hide")
	if got := verified.Redact(plain); !errors.Is(got, plain) || verified.Redact(nil) != nil {
		t.Error(got)
	}
}

func TestSecondsBehind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		confirmed pg.LSN
		ends      []pg.LSN
		want      float64
		known     bool
	}{
		{5, nil, 0, false},
		{5, []pg.LSN{5}, 0, true},
		{4, []pg.LSN{5}, 0, false},
		{4, []pg.LSN{5, 6, 7}, 2, false},
		{5, []pg.LSN{5, 6, 7}, 2, true},
		{6, []pg.LSN{5, 6, 7}, 1, true},
		{6, []pg.LSN{5, 6, 6, 6, 6, 7}, 1, true},
		{7, []pg.LSN{5, 6, 7}, 0, true},
	} {
		if got, known, _ := follow.Lags(c.confirmed, c.ends...); got != c.want || known != c.known {
			t.Errorf("%v after %v: %v, %t", c.confirmed, c.ends, got, known)
		}
	}
	var many []pg.LSN
	for i := range 20000 {
		many = append(many, pg.LSN(i))
	}
	if got, known, kept := follow.Lags(10, many...); got < 19000 || !known || kept > 4096 {
		t.Error(got, known, kept)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slot  follow.Slot
		bound int64
		lost  bool
	}{
		{follow.Slot{Status: "reserved", Retained: 100}, -1, false},
		{follow.Slot{Status: "extended", Retained: 100}, 100, false},
		{follow.Slot{Retained: 101}, 100, true},
		{follow.Slot{Status: "unreserved"}, -1, true},
		{follow.Slot{Status: "lost"}, -1, true},
	} {
		if got := follow.Verdict(c.slot, c.bound); (got != "") != c.lost {
			t.Errorf("%+v: %q", c.slot, got)
		}
	}
}

// Whatever comes, the decoder ends with a transaction, with nothing, or with an error.
func TestDecodeAnything(t *testing.T) {
	t.Parallel()
	begin, commit := make([]byte, 21), make([]byte, 26)
	begin[0], commit[0] = 'B', 'C'
	relation := append([]byte{'R', 0, 0, 0, 1}, "s\x00t\x00d\x00\x01\x01id\x00\x00\x00\x00\x17\xff\xff\xff\xff"...)
	insert := append([]byte{'I', 0, 0, 0, 1, 'N', 0, 1, 't', 0, 0, 0, 2}, "42"...)
	if n, rows, err := follow.Decode(begin, relation, insert, insert, commit); n != 1 || rows != 2 || err != nil {
		t.Error(n, rows, err)
	}
	for i := 1; i < len(insert); i++ {
		if _, _, err := follow.Decode(begin, relation, insert[:i]); !fault.Is(err, fault.Invalid) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]byte("BCRIUDTYOM?")).Draw(t, "kind")
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		_, _, _ = follow.Decode(begin, relation, append([]byte{kind}, rest...))
	})
}
