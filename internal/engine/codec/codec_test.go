package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/fault"
)

func must(t rapid.TB, k *codec.Keyring) *codec.Codec {
	t.Helper()
	c, err := codec.New(k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// payloads draws what a data converter could hand over, nil metadata and
// empty data included.
func payloads(t *rapid.T) []*common.Payload {
	metadata := rapid.MapOf(rapid.StringMatching(`[a-z-]{1,12}`), rapid.SliceOfN(rapid.Byte(), 0, 20))
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *common.Payload {
		return &common.Payload{Metadata: metadata.Draw(t, "metadata"), Data: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")}
	}), 0, 5).Draw(t, "payloads")
}

func same(a, b []*common.Payload) bool {
	return slices.EqualFunc(a, b, func(x, y *common.Payload) bool { return proto.Equal(x, y) })
}

// What goes in comes out, also after any number of new keys, and the caller's
// payloads stay as they were.
func TestRoundTripOverRotations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := codec.NewKeyring()
		want := payloads(t)
		before := make([]*common.Payload, len(want))
		for i, p := range want {
			before[i] = proto.Clone(p).(*common.Payload)
		}
		sealed, err := must(t, k).Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		if !same(before, want) {
			t.Fatal("Encode changed its input")
		}
		for range rapid.IntRange(0, 3).Draw(t, "rotations") {
			k = k.Rotated()
		}
		if k, err = codec.Parse(k.Marshal()); err != nil {
			t.Fatal(err)
		}
		got, err := must(t, k).Decode(sealed)
		if err != nil || !same(got, want) {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
	})
}

// Neither data nor metadata of a payload can be read in its sealed form, and
// equal payloads do not look equal.
func TestNothingShowsThrough(t *testing.T) {
	t.Parallel()
	c := must(t, codec.NewKeyring())
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9]{8,64}`).Draw(t, "text")
		p := &common.Payload{Metadata: map[string][]byte{"about": []byte("meta" + text)}, Data: []byte(text)}
		sealed, err := c.Encode([]*common.Payload{p, p})
		if err != nil {
			t.Fatal(err)
		}
		wire, err := proto.Marshal(&common.Payloads{Payloads: sealed})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(wire, []byte(text)) || bytes.Contains(wire, []byte("about")) {
			t.Fatalf("%q is readable in %q", text, wire)
		}
		if bytes.Equal(sealed[0].Data, sealed[1].Data) {
			t.Fatal("equal payloads are sealed equally")
		}
	})
}

// One flipped bit anywhere in a sealed payload, or a cut, is noticed.
func TestTamperingIsNoticed(t *testing.T) {
	t.Parallel()
	k := codec.NewKeyring().Rotated()
	c := must(t, k)
	rapid.Check(t, func(t *rapid.T) {
		sealed, err := c.Encode([]*common.Payload{{Data: []byte("approve step cutover")}})
		if err != nil {
			t.Fatal(err)
		}
		p := sealed[0]
		if rapid.Bool().Draw(t, "cut") {
			p.Data = p.Data[:rapid.IntRange(0, len(p.Data)-1).Draw(t, "length")]
		} else {
			p.Data[rapid.IntRange(0, len(p.Data)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if _, err := c.Decode(sealed); !fault.Is(err, fault.Invalid) {
			t.Fatalf("got %v, want Invalid", err)
		}
	})
}

// A payload cannot be passed off as sealed with another key of the keyring.
func TestTheKeyIDIsPartOfTheSeal(t *testing.T) {
	t.Parallel()
	old := codec.NewKeyring()
	k := old.Rotated()
	sealed, err := must(t, k).Encode([]*common.Payload{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range sealed[0].Metadata {
		if string(value) == string(k.Current()) {
			sealed[0].Metadata[name] = []byte(old.Current())
		}
	}
	if _, err := must(t, k).Decode(sealed); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want Invalid", err)
	}
}

func TestAnotherKeyringDoesNotOpen(t *testing.T) {
	t.Parallel()
	k := codec.NewKeyring()
	sealed, err := must(t, k).Encode([]*common.Payload{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = must(t, codec.NewKeyring()).Decode(sealed)
	if !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), string(k.Current())) || fault.HintOf(err) == "" {
		t.Errorf("unknown key: %v", err)
	}
	// The same id with other bytes: a keyring that was made anew by hand.
	forged, err := codec.Parse(codec.NewKeyring().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := codec.Parse(bytes.ReplaceAll(forged.Marshal(), []byte(forged.Current()), []byte(k.Current())))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := must(t, renamed).Decode(sealed); !fault.Is(err, fault.Invalid) {
		t.Errorf("other key of the same id: %v", err)
	}
}

// What is not sealed was written by somebody without the keyring, and is not
// read: neither alone nor beside what is sealed. A run does not break off by it,
// or anybody could make it stand still.
func TestUnsealedPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	c := must(t, codec.NewKeyring())
	sealed, err := c.Encode([]*common.Payload{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	plain := &common.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`1`)}
	for name, all := range map[string][]*common.Payload{"plain": {plain}, "empty": {{}}, "beside": {sealed[0], plain}} {
		if got, err := c.Decode(all); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	data, _, err := codec.Converters(codec.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	var n int
	for name, one := range map[string]converter.DataConverter{"outside": data, "in a workflow": data.(workflow.ContextAware).WithWorkflowContext(nil)} {
		if err := one.FromPayload(plain, &n); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v, %d", name, err, n)
		}
	}
}

// The text, the stack trace and the details of a failure are sealed too, and
// the next worker reads them.
func TestFailuresAreSealed(t *testing.T) {
	t.Parallel()
	data, failures, err := codec.Converters(codec.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	failure := failures.ErrorToFailure(temporal.NewApplicationErrorWithCause("copy orders table", "copy", errors.New("row 7 of hunter2"), "detail-9"))
	wire, err := proto.Marshal(failure)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"orders", "hunter2", "detail-9"} {
		if bytes.Contains(wire, []byte(text)) {
			t.Errorf("%q is readable in the failure", text)
		}
	}
	back := failures.FailureToError(failure)
	var application *temporal.ApplicationError
	var detail string
	if !errors.As(back, &application) || !strings.Contains(back.Error(), "hunter2") || application.Details(&detail) != nil || detail != "detail-9" {
		t.Errorf("came back as %v, detail %q", back, detail)
	}
	payload, err := data.ToPayload("hunter2")
	if err != nil || bytes.Contains(payload.Data, []byte("hunter2")) {
		t.Errorf("the data converter gave %q, %v", payload.GetData(), err)
	}
}

func TestNoKeyringNoCodec(t *testing.T) {
	t.Parallel()
	if _, err := codec.New(nil); !fault.Is(err, fault.Internal) {
		t.Errorf("nil keyring: %v", err)
	}
	if _, _, err := codec.Converters(&codec.Keyring{}); !fault.Is(err, fault.Internal) {
		t.Errorf("empty keyring: %v", err)
	}
}

// A keyring printed by accident, however it is formatted, shows no key.
func TestAKeyringPrintsNoSecret(t *testing.T) {
	t.Parallel()
	k := codec.NewKeyring().Rotated()
	document := string(k.Marshal())
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(form, k)
		if len(text) > 60 || !strings.Contains(text, string(k.Current())) {
			t.Errorf("%s prints %q", form, text)
		}
	}
	if len(k.IDs()) != 2 || !slices.IsSorted(k.IDs()) || !strings.Contains(document, `"schemaVersion": 1`) {
		t.Errorf("ids %v, document %s", k.IDs(), document)
	}
}
