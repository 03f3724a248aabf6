package codec

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"

	"example.com/landfall/internal/fault"
)

// keyBytes is the length of an AES-256 key.
const keyBytes = 32

// documentVersion is the form of the keyring document.
const documentVersion = 1

var keyIDForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// KeyID names a key. It is no secret: it stands beside each payload.
type KeyID string

// Keyring is the keys that payloads are sealed with: one that seals, and any
// number of older ones that still open. It does not change once made.
type Keyring struct {
	current KeyID
	keys    []key
}

type key struct {
	id     KeyID
	secret []byte
	aead   cipher.AEAD
}

// document is the form of a keyring outside the process. The current key
// comes first.
type document struct {
	SchemaVersion int           `json:"schemaVersion"`
	Current       KeyID         `json:"current"`
	Keys          []documentKey `json:"keys"`
}

type documentKey struct {
	ID KeyID `json:"id"`
	// Key is 32 bytes in standard base64.
	Key string `json:"key"`
}

// NewKeyring returns a keyring with one random key.
func NewKeyring() *Keyring { return (&Keyring{}).Rotated() }

// Rotated returns a keyring that seals with a new random key and opens with
// that and all keys of k.
func (k *Keyring) Rotated() *Keyring {
	secret := make([]byte, keyBytes)
	rand.Read(secret)                       // never fails (package crypto/rand)
	fresh, _ := newKey(newKeyID(k), secret) // 32 bytes are always a key
	return &Keyring{current: fresh.id, keys: append([]key{fresh}, k.keys...)}
}

// newKeyID returns a random id that k does not have.
func newKeyID(k *Keyring) KeyID {
	for {
		id := KeyID("key-" + rand.Text()[:10])
		if _, taken := k.find(id); !taken {
			return id
		}
	}
}

func newKey(id KeyID, secret []byte) (key, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{id, secret, aead}, err
}

// Parse reads the document that Marshal writes. Its errors quote ids of keys
// and never a key.
func Parse(data []byte) (*Keyring, error) {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		// The decoder's own text can quote the document, and so a key.
		return nil, fault.Newf(fault.Invalid, "read keyring: it is not a JSON document of the expected form")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.Newf(fault.Invalid, "read keyring: something follows the document")
	}
	if d.SchemaVersion != documentVersion {
		return nil, fault.Newf(fault.Unsupported, "read keyring: schemaVersion %d is not %d", d.SchemaVersion, documentVersion)
	}
	k := &Keyring{current: d.Current}
	for _, entry := range d.Keys {
		parsed, err := entry.parse()
		if err != nil {
			return nil, err
		}
		if _, twice := k.find(parsed.id); twice {
			return nil, fault.Newf(fault.Invalid, "read keyring: key %q stands there twice", parsed.id)
		}
		k.keys = append(k.keys, parsed)
	}
	if _, ok := k.find(k.current); !ok {
		return nil, fault.Newf(fault.Invalid, "read keyring: the current key %q is not among its keys", k.current)
	}
	return k, nil
}

func (e documentKey) parse() (key, error) {
	if !keyIDForm.MatchString(string(e.ID)) {
		return key{}, fault.Newf(fault.Invalid, "read keyring: %q is no id of a key: letters, digits, dot, dash and underscore", e.ID)
	}
	secret, err := base64.StdEncoding.DecodeString(e.Key)
	if err != nil || len(secret) != keyBytes {
		return key{}, fault.Newf(fault.Invalid, "read keyring: key %q is not %d bytes in base64", e.ID, keyBytes)
	}
	return newKey(e.ID, secret)
}

// Marshal writes the keyring with its secrets, for a file that only its owner
// can read, or for an escrow: payloads cannot be opened without it.
func (k *Keyring) Marshal() []byte {
	d := document{SchemaVersion: documentVersion, Current: k.current}
	for _, each := range k.keys {
		d.Keys = append(d.Keys, documentKey{each.id, base64.StdEncoding.EncodeToString(each.secret)})
	}
	data, _ := json.MarshalIndent(d, "", "  ") // strings and a number always marshal
	return append(data, '\n')
}

// Current is the id of the key that seals.
func (k *Keyring) Current() KeyID { return k.current }

// IDs are the ids of all keys, sorted.
func (k *Keyring) IDs() []KeyID {
	ids := make([]KeyID, 0, len(k.keys))
	for _, each := range k.keys {
		ids = append(ids, each.id)
	}
	slices.Sort(ids)
	return ids
}

// String names the current key only, so that a keyring in a log line gives
// nothing away.
func (k *Keyring) String() string { return "keyring " + string(k.current) }

// GoString is String: the form %#v would print the secrets.
func (k *Keyring) GoString() string { return k.String() }

func (k *Keyring) find(id KeyID) (key, bool) {
	i := slices.IndexFunc(k.keys, func(each key) bool { return each.id == id })
	if i < 0 {
		return key{}, false
	}
	return k.keys[i], true
}
