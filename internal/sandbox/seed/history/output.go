package history

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"

	"example.com/landfall/internal/fault"
)

// File is one object of the account's log buckets.
type File struct {
	Bucket, Key, ContentType string
	// ContentEncoding is "gzip" where the writer of such files sets it.
	ContentEncoding string
	Body            []byte
}

// Sink takes what is generated. Both methods are called concurrently.
type Sink interface {
	// Put takes a file over and may return before it is stored; whoever made
	// the sink waits for that.
	Put(ctx context.Context, f File) error
	// Post hands NDJSON lines to an admin endpoint: "metrics", "trail" or
	// "nodes". The bytes are the caller's again when it returns.
	Post(ctx context.Context, endpoint string, lines []byte) error
}

// FilesPerDay is about how many log files a day has.
const FilesPerDay = 104

// packer compresses log files. Writers are large, so they are used again; one
// packer belongs to one run.
type packer struct{ pool sync.Pool }

func (p *packer) pack(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, _ := p.pool.Get().(*gzip.Writer)
	if w == nil {
		var err error
		if w, err = gzip.NewWriterLevel(&out, gzip.BestSpeed); err != nil {
			return nil, fault.Of(fault.Internal, "compress a log file", "", err)
		}
	} else {
		w.Reset(&out)
	}
	defer p.pool.Put(w)
	if _, err := w.Write(text); err != nil {
		return nil, fault.Of(fault.Internal, "compress a log file", "", err)
	}
	if err := w.Close(); err != nil {
		return nil, fault.Of(fault.Internal, "compress a log file", "", err)
	}
	return out.Bytes(), nil
}

// tag is the random part that AWS puts into the names of its log files, here
// drawn from the file's own identity.
func (m *model) tag(purpose string, at int64, length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	r := m.random("file/"+purpose, at)
	b := make([]byte, length)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// albKey is where a file of the access log lies: one per node of the balancer.
func (w World) albKey(prefix, endTime, day, address, tag string) string {
	name := fmt.Sprintf("%s_elasticloadbalancing_%s_%s_%s_%s_%s.log.gz", w.Account, w.Region, dotted(w.BalancerName), endTime, address, tag)
	return fmt.Sprintf("%s/AWSLogs/%s/elasticloadbalancing/%s/%s/%s", prefix, w.Account, w.Region, day, name)
}

// dotted is the balancer's name with dots, as file names have it.
func dotted(name string) string {
	return string(bytes.ReplaceAll([]byte(name), []byte("/"), []byte(".")))
}
