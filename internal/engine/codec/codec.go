package codec

import (
	"errors"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"example.com/landfall/internal/fault"
)

const (
	// encoding marks a sealed payload. It is part of what GCM authenticates.
	encoding = "binary/landfall-aes-256-gcm"
	// keyMetadata is the metadata entry with the id of the key.
	keyMetadata = "landfall-key-id"
)

var errNoKeyring = errors.New("a codec needs a keyring")

// Codec seals and opens payloads. It may be used by several goroutines.
type Codec struct{ keyring *Keyring }

var _ converter.PayloadCodec = (*Codec)(nil)

// New returns the codec of a keyring.
func New(k *Keyring) (*Codec, error) {
	if k == nil || len(k.keys) == 0 {
		return nil, fault.Of(fault.Internal, "make payload codec", "", errNoKeyring)
	}
	return &Codec{k}, nil
}

// Encode seals each payload with the current key, metadata included. It
// changes none of the given ones.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	current, _ := c.keyring.find(c.keyring.current) // a keyring has its current key
	sealed := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fault.Of(fault.Internal, "seal payload", "", err)
		}
		sealed[i] = &common.Payload{
			Metadata: map[string][]byte{
				converter.MetadataEncoding: []byte(encoding),
				keyMetadata:                []byte(current.id),
			},
			// A random nonce of 96 bits is fit for 2^32 payloads under one key
			// (NIST SP 800-38D, section 8.3); a runbook writes thousands.
			Data: current.aead.Seal(nil, nil, plain, authenticated(current.id)),
		}
	}
	return sealed, nil
}

// Decode opens what Encode sealed, under any key of the keyring. A payload that
// is not sealed is Refused: everybody who writes to a run has the keyring, and
// who has it not would speak in anybody's name. An unknown key is Denied, a
// changed payload Invalid.
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	opened := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			return nil, fault.Of(fault.Refused, "open a payload", "", errUnsealed).Hintf("only programs with the keyring of the engine write to its runs")
		}
		plain, err := c.open(p)
		if err != nil {
			return nil, err
		}
		opened[i] = plain
	}
	return opened, nil
}

func (c *Codec) open(p *common.Payload) (*common.Payload, error) {
	id := KeyID(p.GetMetadata()[keyMetadata])
	sealedWith, ok := c.keyring.find(id)
	if !ok {
		return nil, fault.Of(fault.Denied, "open payload sealed with key", string(id), errUnknownKey).
			Hintf("put the keyring with this key back where the engine's clients look for it")
	}
	plain, err := sealedWith.aead.Open(nil, nil, p.GetData(), authenticated(id))
	if err != nil {
		return nil, fault.Of(fault.Invalid, "open payload sealed with key", string(id), errChanged)
	}
	payload := &common.Payload{}
	if err := proto.Unmarshal(plain, payload); err != nil {
		return nil, fault.Of(fault.Invalid, "open payload sealed with key", string(id), err)
	}
	return payload, nil
}

var (
	errUnknownKey = errors.New("the keyring does not have it")
	errUnsealed   = errors.New("it is not sealed")
	errChanged    = errors.New("the payload was changed, or the key is another one of the same id")
)

// authenticated binds a payload to its form and key.
func authenticated(id KeyID) []byte { return []byte(encoding + "\x00" + string(id)) }

// Converters returns what a client, a worker and a replay must share to read
// each other: the data converter, and the failure converter that seals the
// text and the stack trace of an error as well. Without the latter a failure
// is plain (SDK reference, DefaultFailureConverterOptions).
func Converters(k *Keyring) (converter.DataConverter, converter.FailureConverter, error) {
	c, err := New(k)
	if err != nil {
		return nil, nil, err
	}
	data := blocking{DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
	return data, temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: true,
	}), nil
}
