package part

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/tools"
)

// ObjectStoreOptions configures ObjectStore.
type ObjectStoreOptions struct {
	// Key and Secret are the root credentials.
	Key, Secret string
	// Region is us-east-1 when empty.
	Region string
	Port   int
}

// ObjectStore is versitygw, the server for S3 data. Objects are files below
// its folder; buckets can have versions.
func ObjectStore(o ObjectStoreOptions) Server {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	return Server{
		Name: "objectstore", Tool: tools.Versitygw,
		Ports:       []Port{{Fixed: o.Port}},
		ReadyWithin: time.Minute,
		Prepare: func(_ context.Context, s Site) error {
			for _, dir := range []string{"buckets", "versions", "attributes"} {
				if err := os.MkdirAll(filepath.Join(s.Dir, dir), 0o700); err != nil {
					return fault.Wrap(err, "make folder", "")
				}
			}
			return nil
		},
		Command: func(s Site) Command { return objectStoreCommand(o, s) },
		Healthy: func(ctx context.Context, s Site) error { return listBuckets(ctx, s.URL(0), o) },
	}
}

func objectStoreCommand(o ObjectStoreOptions, s Site) Command {
	args := append([]string{}, s.Tool.Command[1:]...)
	// --keep-alive: without it every request costs a connection. --quiet: a
	// line per request would push everything else out of the log.
	args = append(args, "--keep-alive", "--quiet", "--region", o.Region, "--port", s.Address(0),
		"posix", "--versioning-dir", filepath.Join(s.Dir, "versions"))
	buckets := filepath.Join(s.Dir, "buckets")
	if !keepsAttributes(buckets) {
		// Metadata lies in extended attributes; not every file system has them.
		args = append(args, "--sidecar", filepath.Join(s.Dir, "attributes"))
	}
	return Command{
		Path: s.Tool.Command[0], Args: append(args, buckets),
		// By environment, not by option: options are seen by every user of the machine.
		Env:   []string{"ROOT_ACCESS_KEY=" + o.Key, "ROOT_SECRET_KEY=" + o.Secret},
		Grace: 5 * time.Second,
	}
}

// keepsAttributes tries whether the file system keeps extended attributes of
// ordinary users.
func keepsAttributes(dir string) bool {
	err := setAttribute(dir)
	return !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS)
}

// listBuckets sends a signed ListBuckets.
func listBuckets(ctx context.Context, url string, o ObjectStoreOptions) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
	if err != nil {
		return err
	}
	empty := sha256.Sum256(nil)
	hash := hex.EncodeToString(empty[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	credentials := aws.Credentials{AccessKeyID: o.Key, SecretAccessKey: o.Secret}
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hash, "s3", o.Region, time.Now()); err != nil {
		return fault.Wrap(err, "sign a request", "")
	}
	answer, err := exchange(req)
	if err != nil {
		return err
	}
	if answer.status != http.StatusOK || !bytes.Contains(answer.body, []byte("ListAllMyBucketsResult")) {
		return answer.refused(req)
	}
	return nil
}
