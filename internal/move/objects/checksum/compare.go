package checksum

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/object"
)

// Side is what one side says of a content.
type Side struct {
	Size int64
	Sums object.Sums
	// ETag is the digest of the ETag of a multipart upload, if HasETag.
	ETag    [16]byte
	HasETag bool
	// Parts is what ETag and composite sums were made of, 0 for unknown.
	Parts int
	// Read says that the content was read in full for this, by us. Claimed says
	// that a service keeps these hashes for whoever wrote the content, and did not
	// compute them.
	Read, Claimed bool
	// Assumed says that the sizes of the parts are a guess.
	Assumed bool
	// Without says why there is no hash, for people; "" when there is nothing to
	// say.
	Without string
}

// Source is what S3 says of an object. directory is for directory buckets.
func Source(h object.Head, directory bool) Side {
	side := Side{Size: h.Size, Sums: h.Sums, Parts: h.Parts}
	if sum, ok := MD5OfETag(h.ETag, h.Encryption, directory); ok && h.Parts <= 1 {
		side.Sums.MD5 = sum
		side.Sums.Known |= object.MD5
	}
	if sum, parts, ok := Multipart(h.ETag, h.Encryption, directory); ok {
		side.ETag, side.HasETag, side.Parts = sum, true, parts
	}
	switch {
	case directory:
		side.Without = "the ETag of a directory bucket is no MD5"
	case strings.HasPrefix(h.Encryption, "aws:kms"), h.Encryption == "SSE-C":
		side.Without = "the ETag under " + h.Encryption + " is no MD5"
	case side.Sums.Known == 0 && !side.HasETag:
		side.Without = "the ETag is no MD5"
	}
	return side
}

// Verdict is what two sides prove about each other.
type Verdict struct {
	Proof move.Proof
	// Kind is the strongest hash that agrees: "sha256", "sha1", "md5", "crc64",
	// "etag" (of the parts), "crc32c", "crc32", "size" for two empty contents, with
	// " of parts" for composite ones; "" for none.
	Kind string
	// Differ says that the contents are not equal, which is certain.
	Differ bool
	// Reason is why they differ, or why equality is not proved; "" when it is.
	Reason string
}

// Compare judges whether two contents are equal. All hashes that both sides
// have must agree; the strongest is named. Equal sizes prove nothing, except of
// two empty contents.
func Compare(source, target Side) Verdict {
	if source.Size != target.Size {
		return Verdict{Differ: true, Reason: fmt.Sprintf("%d bytes at the source, %d at the target", source.Size, target.Size)}
	}
	if source.Size == 0 {
		return Verdict{Proof: proofOf(source, target), Kind: "size"}
	}
	best := ""
	for _, one := range common(source, target) {
		if !one.equal {
			if one.parted && (source.Assumed || target.Assumed) {
				continue
			}
			return Verdict{Differ: true, Reason: one.kind + " " + one.source + " at the source, " + one.target + " at the target"}
		}
		if best == "" {
			best = one.kind
		}
	}
	if best == "" {
		return Verdict{Reason: without(source, target)}
	}
	verdict := Verdict{Proof: proofOf(source, target), Kind: best}
	if verdict.Proof == move.Recorded {
		verdict.Reason = "the " + best + " is what the writer said, the service did not compute it"
	}
	return verdict
}

func proofOf(source, target Side) move.Proof {
	switch {
	case source.Claimed || target.Claimed:
		return move.Recorded
	case source.Read && target.Read:
		return move.Read
	}
	return move.Bound
}

// agreement is one kind of hash that both sides have.
type agreement struct {
	kind           string
	equal, parted  bool
	source, target string
}

// common lists what can be compared, strongest first.
func common(source, target Side) []agreement {
	var out []agreement
	add := func(kind string, parted bool, a, b []byte) {
		out = append(out, agreement{kind: kind, parted: parted, equal: bytes.Equal(a, b), source: hex.EncodeToString(a), target: hex.EncodeToString(b)})
	}
	both := source.Sums.Known & target.Sums.Known
	ofSource, ofTarget := fields(&source.Sums), fields(&target.Sums)
	sameParts := source.Sums.Composite && target.Sums.Composite && (source.Parts == target.Parts || source.Parts == 0 || target.Parts == 0)
	sum := func(kind object.Sum) {
		if !both.Has(kind) {
			return
		}
		for i, one := range ofSource {
			if one.kind != kind {
				continue
			}
			switch {
			case kind == object.CRC64 || !source.Sums.Composite && !target.Sums.Composite:
				add(kindName(kind), false, one.get(), ofTarget[i].get())
			case sameParts:
				add(kindName(kind)+" of parts", true, one.get(), ofTarget[i].get())
			}
		}
	}
	sum(object.SHA256)
	sum(object.SHA1)
	if both.Has(object.MD5) {
		add("md5", false, source.Sums.MD5[:], target.Sums.MD5[:])
	}
	sum(object.CRC64)
	if source.HasETag && target.HasETag && source.Parts == target.Parts {
		add("etag", true, source.ETag[:], target.ETag[:])
	}
	sum(object.CRC32C)
	sum(object.CRC32)
	return out
}

func kindName(kind object.Sum) string {
	switch kind {
	case object.CRC64:
		return "crc64"
	case object.CRC32:
		return "crc32"
	case object.CRC32C:
		return "crc32c"
	case object.MD5:
		return "md5"
	case object.SHA1:
		return "sha1"
	}
	return "sha256"
}

// Kinds names a set of hashes, strongest first: "sha256, crc64".
func Kinds(set object.Sum) string {
	var names []string
	for _, kind := range []object.Sum{object.SHA256, object.SHA1, object.MD5, object.CRC64, object.CRC32C, object.CRC32} {
		if set.Has(kind) {
			names = append(names, kindName(kind))
		}
	}
	return strings.Join(names, ", ")
}

func without(source, target Side) string {
	holds := func(s Side) string {
		var what []string
		if s.Sums.Known != 0 {
			text := Kinds(s.Sums.Known)
			if s.Sums.Composite && s.Sums.Known&^(object.CRC64|object.MD5) != 0 {
				text += " of parts"
			}
			what = append(what, text)
		}
		if s.HasETag {
			what = append(what, "the ETag of "+strconv.Itoa(s.Parts)+" parts")
		}
		if len(what) == 0 {
			what = append(what, "no hash")
		}
		text := strings.Join(what, " and ")
		if s.Without != "" {
			text += " (" + s.Without + ")"
		}
		return text
	}
	return "nothing to compare: the source has " + holds(source) + ", the target " + holds(target)
}
