package canon_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/canon"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{` null `, `null`},
		{"[ true ,\tfalse,\r\n null ]", `[true,false,null]`},
		{`{ }`, `{}`}, {`[ ]`, `[]`}, {`""`, `""`},
		{`{"b":1,"a":{"d":[ {"z":1,"y":2} ],"c":""}}`, `{"a":{"c":"","d":[{"y":2,"z":1}]},"b":1}`},
		{`"\u0041\/\"\\\b\f\n\r\t\u0000\u001F\u007f"`, `"A/\"\\\b\f\n\r\t\u0000\u001f` + "\x7f" + `"`},
		{`"\ud83d\ude02 \u20ac"`, `"😂 €"`},
		{`"<a href='x'>&</a>\u2028"`, "\"<a href='x'>&</a>\u2028\""},
		{`[0,-0,0.0,1.0,1.50,100,1e2,1E+2,-1.5e-3]`, `[0,0,0,1,1.5,100,100,100,-0.0015]`},
		{`9007199254740992`, `9007199254740992`},
		{`1152921504606847000`, `1152921504606847000`},
		{`12345678901234567890.0`, `12345678901234567000`},
	} {
		got, err := canon.JSON([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("JSON(%s) = %s, %v, want %s", c.in, got, err, c.want)
		}
	}
}

// The order is that of UTF-16 code units, as in the example of RFC 8785,
// section 3.2.3: a character beyond the basic plane (first unit D83D) comes
// before U+FB33, although its code point is higher.
func TestOrderOfNames(t *testing.T) {
	t.Parallel()
	in := `{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`
	want := "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}"
	got, err := canon.JSON([]byte(in))
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

// The bit patterns and texts of RFC 8785, appendix B.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0",
		0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992", 0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef4f: "999999999999999900000", 0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333", 0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		in, err := json.Marshal(math.Float64frombits(bits))
		if err != nil {
			t.Fatal(err)
		}
		// A fraction or an exponent marks it as a measurement.
		if !bytes.ContainsAny(in, ".e") {
			in = append(in, ".0"...)
		}
		if got, err := canon.JSON(in); err != nil || string(got) != want {
			t.Errorf("%x: JSON(%s) = %s, %v, want %s", bits, in, got, err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty": ``, "two documents": `1 2`, "cut": `{"a":`, "not JSON": `hello`,
		"twice": `{"a":1,"\u0061":2}`, "twice, deep": `[{"b":{"x":1,"y":2,"x":3}}]`,
		"half a pair": `"\ud83d"`, "wrong half": `"\ude02\ud83d"`, "half in a name": `{"\ud800":1}`, "half before text": `"\ud800\u0041"`,
		"not UTF-8": "\"\xff\"", "too large": `1e400`,
		"inexact": `9007199254740993`, "inexact, negative": `-9007199254740993`, "rounded": `1152921504606846976`,
		"too deep": strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	} {
		got, err := canon.JSON([]byte(in))
		if !fault.Is(err, fault.Invalid) || got != nil {
			t.Errorf("%s: JSON gives %q, %v", name, got, err)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	a, err := canon.Fingerprint([]byte(`{"b": 1, "a": [1.0]}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := canon.Digest(strings.NewReader(`{"a":[1],"b":1}`))
	if err != nil || a != b || len(a) != len("sha256:")+64 {
		t.Errorf("%s and %s, %v: want the hash of the canonical form", a, b, err)
	}
	if _, err := canon.Fingerprint([]byte(`{`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("half a document gives %v", err)
	}
}

// value draws any JSON value as encoding/json decodes it.
func value(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) && math.Abs(f) < 1<<53 }).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(value(depth-1), 0, 4).Draw(t, "list") }),
		rapid.Custom(func(t *rapid.T) any {
			return rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).Draw(t, "object")
		}))...)
}

// The form means the same, is its own form, and does not depend on layout.
func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "value")
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		pretty, err := json.MarshalIndent(v, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		once, err := canon.JSON(plain)
		if err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		twice, err := canon.JSON(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s is not its own form: %s, %v", once, twice, err)
		}
		other, err := canon.JSON(pretty)
		if err != nil || !bytes.Equal(once, other) {
			t.Fatalf("%s and %s, %v", once, other, err)
		}
		var before, after any
		if json.Unmarshal(plain, &before) != nil || json.Unmarshal(once, &after) != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%s means something else than %s", once, plain)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"b":[1,2.50,"x"],"a":null}`, `"\ud83d\ude02\u0000"`, `-1e-7`, `[[[]]]`, `{"a":1,"a":2}`, `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := canon.JSON(in)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		if twice, err := canon.JSON(once); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q gives %q, which gives %q, %v", in, once, twice, err)
		}
	})
}

// Members and elements that come one after another have the fingerprint of the
// whole.
func TestObjectIsTheWhole(t *testing.T) {
	t.Parallel()
	element := []byte(`{"z":[1,-0,1e2],"a":"\u00e9","<":"\\"}`)
	o := canon.NewObject()
	for _, err := range []error{
		o.List("edges", func(yield func([]byte, error) bool) {
			for range 3000 {
				if !yield(element, nil) {
					return
				}
			}
		}),
		o.List("none", func(func([]byte, error) bool) {}),
		o.Member("seeds", []byte(`{"b":1,"a":2}`)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	whole := `{"seeds":{"a":2,"b":1},"none":[],"edges":[` + strings.TrimSuffix(strings.Repeat(string(element)+",", 3000), ",") + `]}`
	want, err := canon.Fingerprint([]byte(whole))
	if got := o.Fingerprint(); err != nil || got != want {
		t.Errorf("%s, want %s, %v", got, want, err)
	}
	empty, err := canon.Fingerprint([]byte(`{}`))
	if got := canon.NewObject().Fingerprint(); err != nil || got != empty {
		t.Errorf("without members: %s, want %s, %v", got, empty, err)
	}
	for _, next := range []string{"a", "seeds"} {
		o := canon.NewObject()
		if err := o.Member("seeds", []byte("1")); err != nil {
			t.Fatal(err)
		}
		if err := o.Member(next, []byte("1")); !fault.Is(err, fault.Internal) {
			t.Errorf("%q behind seeds: %v", next, err)
		}
	}
	if err := canon.NewObject().Member("n", []byte("9007199254740993")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a number that cannot be kept: %v", err)
	}
}
