package template

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"net/url"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
	"github.com/google/uuid"
)

// guidNamespace is the name space of the guid function: it is a version 5 UUID
// of the arguments joined by "-" (Bicep string functions reference).
const guidNamespace = "11fb06fb-712d-4ddd-98c7-e71bbd588830"

func encodingFunctions() map[string]builtin {
	return map[string]builtin{
		"base64":         textOf1(func(s string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		"base64tostring": textOf1(decode64),
		"base64tojson": textOf1(func(s string) (any, error) {
			text, err := decode64(s)
			if err != nil {
				return nil, err
			}
			return document.Decode([]byte(text.(string)))
		}),
		"json":                 textOf1(func(s string) (any, error) { return document.Decode([]byte(s)) }),
		"uri":                  textOf2(joinURI),
		"uricomponent":         textOf1(func(s string) (any, error) { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), nil }),
		"uricomponenttostring": textOf1(func(s string) (any, error) { return url.PathUnescape(s) }),
		"uniquestring":         plainFunction(1, anyNumber, func(args []any) (any, error) { return hashed(args, uniqueString) }),
		"guid":                 plainFunction(1, anyNumber, func(args []any) (any, error) { return hashed(args, guid) }),
		"cidrsubnet":           plainFunction(3, 3, cidrSubnet),
		"cidrhost":             plainFunction(2, 2, cidrHost),
	}
}

func decode64(s string) (any, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

func joinURI(base, relative string) (any, error) {
	b, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	r, err := b.Parse(relative)
	if err != nil {
		return nil, err
	}
	return r.String(), nil
}

func hashed(args []any, hash func(string) string) (any, error) {
	parts := make([]string, len(args))
	for i, a := range args {
		var err error
		if parts[i], err = toText(a); err != nil {
			return nil, err
		}
	}
	return hash(strings.Join(parts, "-")), nil
}

func guid(s string) string {
	return uuid.NewSHA1(uuid.MustParse(guidNamespace), []byte(s)).String()
}

// uniqueString is the service's own hash: a 64-bit Murmur hash in two 32-bit
// lanes, written as thirteen base 32 characters. The constants and the order of
// the steps are those of the azapi provider's unique_string, whose published
// example is a test here.
func uniqueString(s string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	h := murmur64([]byte(s))
	out := make([]byte, 13)
	for i := range out {
		out[i] = alphabet[h>>59]
		h <<= 5
	}
	return string(out)
}

// The multipliers of the two lanes.
const (
	murmurA = 0x239b961b
	murmurB = 0xab0e9789
)

func murmur64(data []byte) uint64 {
	var low, high uint32
	size := uint32(len(data))
	for len(data) >= 8 {
		low ^= lane(binary.LittleEndian.Uint32(data), murmurA, 15, murmurB)
		low = (bits.RotateLeft32(low, 19)+high)*5 + 0x561ccd1b
		high ^= lane(binary.LittleEndian.Uint32(data[4:]), murmurB, 17, murmurA)
		high = (bits.RotateLeft32(high, 13)+low)*5 + 0x0bcaa747
		data = data[8:]
	}
	// The rest is read as if zero bytes followed; a lane of zero mixes to zero.
	var tail [8]byte
	copy(tail[:], data)
	low ^= lane(binary.LittleEndian.Uint32(tail[:4]), murmurA, 15, murmurB)
	high ^= lane(binary.LittleEndian.Uint32(tail[4:]), murmurB, 17, murmurA)
	low, high = low^size, high^size
	low += high
	high += low
	low, high = finish(low), finish(high)
	low += high
	high += low
	return uint64(high)<<32 | uint64(low)
}

func lane(k, first uint32, turn int, second uint32) uint32 {
	return bits.RotateLeft32(k*first, turn) * second
}

func finish(h uint32) uint32 {
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

func prefixOf(v any) (netip.Prefix, error) {
	s, err := asText(v)
	if err != nil {
		return netip.Prefix{}, err
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, fmt.Errorf("'%s' is no IPv4 range", short(s))
	}
	return p.Masked(), nil
}

func addressAt(base netip.Addr, offset int64) (netip.Addr, error) {
	b := base.As4()
	n := int64(binary.BigEndian.Uint32(b[:])) + offset
	if n < 0 || n > 0xffffffff {
		return netip.Addr{}, fmt.Errorf("the address lies outside IPv4")
	}
	binary.BigEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b), nil
}

func cidrSubnet(args []any) (any, error) {
	p, err := prefixOf(args[0])
	if err != nil {
		return nil, err
	}
	size, err := asInt(args[1])
	if err != nil {
		return nil, err
	}
	index, err := asInt(args[2])
	if err != nil {
		return nil, err
	}
	if size < int64(p.Bits()) || size > 32 || index < 0 || index >= 1<<(size-int64(p.Bits())) {
		return nil, fmt.Errorf("range %s has no subnet %d of size /%d", p, index, size)
	}
	a, err := addressAt(p.Addr(), index<<(32-size))
	if err != nil {
		return nil, err
	}
	return netip.PrefixFrom(a, int(size)).String(), nil
}

// cidrHost counts usable hosts: index 0 is the first address after the
// network address.
func cidrHost(args []any) (any, error) {
	p, err := prefixOf(args[0])
	if err != nil {
		return nil, err
	}
	index, err := asInt(args[1])
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= 1<<32 {
		return nil, fmt.Errorf("the host %d does not exist in %s", index, p)
	}
	a, err := addressAt(p.Addr(), index+1)
	if err != nil || !p.Contains(a) {
		return nil, fmt.Errorf("the host %d does not exist in %s", index, p)
	}
	return a.String(), nil
}
