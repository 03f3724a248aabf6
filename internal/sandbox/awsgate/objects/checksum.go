package objects

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// nvmePolynomial is CRC-64/NVME in the reversed form that hash/crc64 takes.
const nvmePolynomial = 0x9a6c9329ac4bc9b5

func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(nvmePolynomial))
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	}
	return nil
}

// verify compares a document with the checksums in the header and removes
// them, because what goes to the store is another document.
func verify(header http.Header, text []byte) error {
	if want := header.Get("Content-Md5"); want != "" && want != md5Of(text) {
		return awsapi.Refuse("BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	for name := range header {
		algorithm, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-checksum-")
		if !ok || algorithm == "type" || algorithm == "algorithm" {
			continue
		}
		h := newHash(algorithm)
		if h == nil {
			return awsapi.Refuse("InvalidRequest", "the checksum algorithm "+algorithm+" is not supported by the sandbox here")
		}
		_, _ = h.Write(text) // a hash takes every write
		if base64.StdEncoding.EncodeToString(h.Sum(nil)) != header.Get(name) {
			return awsapi.Refuse("BadDigest", "The "+strings.ToUpper(algorithm)+" you specified did not match the calculated checksum.")
		}
	}
	for name := range header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") || name == "X-Amz-Sdk-Checksum-Algorithm" {
			header.Del(name)
		}
	}
	return nil
}

func md5Of(text []byte) string {
	sum := md5.Sum(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}
