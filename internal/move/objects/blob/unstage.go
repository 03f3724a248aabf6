package blob

import (
	"context"
	"crypto/md5"
	"io"
	"net/http"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
)

// largestKept is how much of a blob is held in memory to write it again.
const largestKept = 256 << 20

// Unstage discards uncommitted blocks. The service has no request for it; it
// drops them when a block list is committed (Azure Storage REST reference, "Put
// Block List"). So the blob is committed as it is: its committed blocks once
// more, or its content as one block when it was written in one body, under the
// condition that nobody else writes meanwhile. Where there is no blob, an empty
// one is made and deleted.
func (t *Target) Unstage(ctx context.Context, name string) error {
	staged, err := t.Staged(ctx, name)
	if err != nil || len(staged) == 0 {
		return err
	}
	response, err := t.properties(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return t.unstageAbsent(ctx, name)
	}
	if err != nil {
		return err
	}
	head, err := headOf(response.Header)
	if err != nil {
		return err
	}
	w := object.Write{Name: name, Headers: head.Headers, Metadata: head.Metadata, IfMatch: head.ETag}
	if first(response.Header, "X-Ms-Access-Tier-Inferred") != "true" {
		w.Tier = first(response.Header, "X-Ms-Access-Tier")
	}
	if head.Sums.Known.Has(object.MD5) {
		w.MD5 = head.Sums.MD5[:]
	}
	if head.Tags > 0 {
		if w.Tags, err = t.Tags(ctx, name); err != nil {
			return err
		}
	}
	blocks, err := t.blocks(ctx, name, "committed")
	if err != nil {
		return err
	}
	if len(blocks) == 0 && head.Size > 0 {
		return t.rewrite(ctx, w, head.Size, len(staged[0].ID))
	}
	ids := make([]string, len(blocks))
	for i, b := range blocks {
		ids[i] = b.ID
	}
	return t.recommit(ctx, w, ids)
}

// unstageAbsent commits an empty list, which makes an empty blob: Azurite takes
// staged blocks for a blob when it is asked for one in one body.
func (t *Target) unstageAbsent(ctx context.Context, name string) error {
	made, err := t.Commit(ctx, object.Write{Name: name, IfAbsent: true}, nil)
	if err != nil {
		return err
	}
	return t.Delete(ctx, name, made.ETag)
}

// rewrite reads a blob and writes it again, as a block whose id is as long as
// those that are there: the service takes no other.
func (t *Target) rewrite(ctx context.Context, w object.Write, size int64, idLength int) error {
	if size > largestKept {
		return fault.Newf(fault.Refused, "discard the staged blocks of blob %q: it was written in one body of %d bytes", w.Name, size).
			Hintf("the service drops them within a week; or delete the blob")
	}
	_, body, err := t.Open(ctx, w.Name, object.Span{}, w.IfMatch)
	if err != nil {
		return err
	}
	defer body.Close()
	content := make([]byte, size)
	if _, err := io.ReadFull(body, content); err != nil {
		return err
	}
	if len(w.MD5) == md5.Size && md5.Sum(content) != [md5.Size]byte(w.MD5) {
		return fault.Newf(fault.Unavailable, "discard the staged blocks of blob %q: what was read of it does not match its MD5", w.Name)
	}
	id := strings.Repeat("0", idLength)
	if _, err := t.Stage(ctx, w.Name, id, content, object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(content)}); err != nil {
		return err
	}
	_, err = t.Commit(ctx, w, []string{id})
	return err
}

// recommit names the committed blocks and no staged one, even where both have
// one id.
func (t *Target) recommit(ctx context.Context, w object.Write, ids []string) error {
	response, _, err := t.do(ctx, ask{op: "commit the blocks of blob again", method: http.MethodPut, name: w.Name, query: "comp=blocklist",
		headers: listHeaders(w), body: blockList("Committed", ids)})
	if err != nil {
		return err
	}
	return response.Body.Close()
}
