package objectkit_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
)

// stand is what a benchmark talks to; all of it lies in other processes.
type stand struct {
	store                       testkit.ObjectStoreServer
	bucket                      string
	sink, listing, blobs, plain string
}

const (
	smallSize  = 4 << 10
	blockSize  = 8 << 20
	largeSize  = 256 << 20
	smallCount = 500
	inFlight   = 16
)

func stood(b *testing.B, large bool) stand {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), serveVariable+"=1")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	fatal(b, err)
	stdout, err := child.StdoutPipe()
	fatal(b, err)
	fatal(b, child.Start())
	b.Cleanup(func() {
		stdin.Close()
		child.Wait()
	})
	lines := bufio.NewScanner(stdout)
	s := stand{store: testkit.OwnObjectStore(b)}
	for _, url := range []*string{&s.sink, &s.listing, &s.blobs, &s.plain} {
		if !lines.Scan() {
			b.Fatal("the servers did not start")
		}
		*url = lines.Text()
	}
	s.bucket = s.store.Bucket(b)
	size, count := smallSize, smallCount
	if large {
		size, count = largeSize, 1
	}
	body := make([]byte, size)
	rand.Read(body)
	for i := range count {
		_, err := s.store.Client(b).PutObject(b.Context(), &sdk.PutObjectInput{Bucket: &s.bucket, Key: aws.String(key(i)), Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme})
		fatal(b, err)
	}
	return s
}

func key(i int) string { return fmt.Sprintf("dir%02d/object-%06d", i%20, i) }

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// credential is one of nobody: the sink takes any, but signing costs.
func account(b *testing.B) (blob.Credential, *azblob.SharedKeyCredential) {
	b.Helper()
	const secret = "c2VjcmV0LWtleS1vZi1ub2JvZHktYnV0LW9mLXRoZS11c3VhbC1sZW5ndGgtb2YtNjQtYnl0ZXMtLS0tLS0tLQ=="
	ours, err := blob.SharedKey("account", secret)
	fatal(b, err)
	theirs, err := azblob.NewSharedKeyCredential("account", secret)
	fatal(b, err)
	return ours, theirs
}

// measure runs work from many goroutines and reports the processor time of this
// process for each, and how many fit into a second of it.
func measure(b *testing.B, unit string, work func(ctx context.Context, i int, buffer []byte) error) {
	b.Helper()
	// What happens once (connections, caches, first use of memory) is no part of
	// it.
	var buffers [inFlight][]byte
	var warm sync.WaitGroup
	for i := range buffers {
		buffers[i] = bytes.Repeat([]byte{1}, blockSize)
		warm.Go(func() {
			for range 3 {
				if err := work(b.Context(), i, buffers[i]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	warm.Wait()
	before := processor()
	b.ReportAllocs()
	b.ResetTimer()
	var group sync.WaitGroup
	var next atomic.Int64
	for _, buffer := range buffers {
		group.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := work(b.Context(), int(i), buffer); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	used := processor() - before
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(b.N)/used.Seconds(), unit+"/cpu-s")
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// drivers returns ours.
func drivers(b *testing.B, s stand) (*s3.Source, *blob.Target) {
	b.Helper()
	source, err := s3.New(b.Context(), s3.Options{Config: s.store.Config(b), Bucket: s.bucket})
	fatal(b, err)
	ours, _ := account(b)
	target, err := blob.New(blob.Options{URL: s.sink + "/account/container", Credential: ours})
	fatal(b, err)
	return source, target
}

func write(i int, h object.Head) object.Write {
	return object.Write{Name: key(i), Headers: h.Headers, Metadata: map[string]string{"landfall": "1:" + h.ETag + ":-:4096:0011223344556677:b"}}
}

func BenchmarkSmallLean(b *testing.B) {
	s := stood(b, false)
	source, target := drivers(b, s)
	measure(b, "objects", func(ctx context.Context, i int, buffer []byte) error {
		h, body, err := source.Open(ctx, object.Ref{Key: key(i % smallCount)}, object.Span{})
		if err != nil {
			return err
		}
		defer body.Close()
		if _, err := io.ReadFull(body, buffer[:h.Size]); err != nil {
			return err
		}
		content := buffer[:h.Size]
		_, err = target.Put(ctx, write(i, h), content, object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(content)})
		return err
	})
}

func BenchmarkSmallLeanGet(b *testing.B) {
	s := stood(b, false)
	source, _ := drivers(b, s)
	measure(b, "objects", func(ctx context.Context, i int, buffer []byte) error {
		h, body, err := source.Open(ctx, object.Ref{Key: key(i % smallCount)}, object.Span{})
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.ReadFull(body, buffer[:h.Size])
		return err
	})
}

func BenchmarkSmallLeanPut(b *testing.B) {
	s := stood(b, false)
	_, target := drivers(b, s)
	measure(b, "objects", func(ctx context.Context, i int, buffer []byte) error {
		content := buffer[:smallSize]
		_, err := target.Put(ctx, write(i, object.Head{}), content, object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(content)})
		return err
	})
}

// BenchmarkSmallBare is what net/http alone costs: an unsigned GET of 4 KiB and
// a PUT of it, with as many headers as ours have.
func BenchmarkSmallBare(b *testing.B) {
	s := stood(b, false)
	transport := rest.Transport(rest.TransportOptions{})
	measure(b, "objects", func(ctx context.Context, i int, buffer []byte) error {
		get, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.plain+"/"+key(i), nil)
		if err := exchange(transport, get, buffer); err != nil {
			return err
		}
		put, _ := http.NewRequestWithContext(ctx, http.MethodPut, s.sink+"/account/container/"+key(i), bytes.NewReader(buffer[:smallSize]))
		put.Header["x-ms-blob-type"] = []string{"BlockBlob"}
		for n := range 6 {
			put.Header[fmt.Sprintf("x-ms-meta-n%d", n)] = []string{"some value of some length"}
		}
		return exchange(transport, put, buffer[smallSize:])
	})
}

func exchange(t http.RoundTripper, r *http.Request, buffer []byte) error {
	answer, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	for {
		if _, err := answer.Body.Read(buffer); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// sdkBlob is the SDK's client of a blob at the sink.
func sdkBlob(s stand, credential *azblob.SharedKeyCredential, i int, o *blockblob.ClientOptions) (*blockblob.Client, error) {
	return blockblob.NewClientWithSharedKeyCredential(s.sink+"/account/container/"+key(i), credential, o)
}

func sdkOptions() *blockblob.ClientOptions {
	o := &blockblob.ClientOptions{}
	o.Transport = &http.Client{Transport: rest.Transport(rest.TransportOptions{})}
	return o
}

func sdkSource(b *testing.B, s stand) *sdk.Client {
	config := s.store.Config(b)
	config.HTTPClient = &http.Client{Transport: rest.Transport(rest.TransportOptions{})}
	return sdk.NewFromConfig(config, func(o *sdk.Options) { o.UsePathStyle = true })
}

func BenchmarkSmallSDK(b *testing.B) {
	s := stood(b, false)
	source, o := sdkSource(b, s), sdkOptions()
	_, credential := account(b)
	measure(b, "objects", func(ctx context.Context, i int, buffer []byte) error {
		out, err := source.GetObject(ctx, &sdk.GetObjectInput{Bucket: &s.bucket, Key: aws.String(key(i % smallCount)), ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		n, err := io.ReadFull(out.Body, buffer[:*out.ContentLength])
		if err != nil {
			return err
		}
		client, err := sdkBlob(s, credential, i, o)
		if err != nil {
			return err
		}
		_, err = client.Upload(ctx, streaming.NopCloser(bytes.NewReader(buffer[:n])), &blockblob.UploadOptions{
			Metadata:                map[string]*string{"landfall": aws.String(strings.Repeat("m", 60))},
			TransactionalValidation: azblob.TransferValidationTypeComputeCRC64(),
		})
		return err
	})
}

func BenchmarkLargeLean(b *testing.B) {
	s := stood(b, true)
	source, target := drivers(b, s)
	b.SetBytes(blockSize)
	measure(b, "blocks", func(ctx context.Context, i int, buffer []byte) error {
		from := int64(i%(largeSize/blockSize)) * blockSize
		_, body, err := source.Open(ctx, object.Ref{Key: key(0)}, object.Span{From: from, Size: blockSize})
		if err != nil {
			return err
		}
		defer body.Close()
		if _, err := io.ReadFull(body, buffer); err != nil {
			return err
		}
		_, err = target.Stage(ctx, key(0), fmt.Sprintf("%048d", i), buffer, object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(buffer)})
		return err
	})
}

func BenchmarkLargeSDK(b *testing.B) {
	s := stood(b, true)
	source, o := sdkSource(b, s), sdkOptions()
	_, credential := account(b)
	b.SetBytes(blockSize)
	measure(b, "blocks", func(ctx context.Context, i int, buffer []byte) error {
		from := int64(i%(largeSize/blockSize)) * blockSize
		out, err := source.GetObject(ctx, &sdk.GetObjectInput{Bucket: &s.bucket, Key: aws.String(key(0)), Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+blockSize-1))})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		if _, err := io.ReadFull(out.Body, buffer); err != nil {
			return err
		}
		client, err := sdkBlob(s, credential, 0, o)
		if err != nil {
			return err
		}
		_, err = client.StageBlock(ctx, fmt.Sprintf("%064d", i), streaming.NopCloser(bytes.NewReader(buffer)), &blockblob.StageBlockOptions{TransactionalValidation: azblob.TransferValidationTypeComputeCRC64()})
		return err
	})
}

// The listings are of 200,000 objects; an operation is one page.
func BenchmarkListObjects(b *testing.B) {
	s := stood(b, false)
	config := testkit.AWSConfig(b, s.listing)
	source, err := s3.New(b.Context(), s3.Options{Config: config, Bucket: "bucket"})
	fatal(b, err)
	client := sdk.NewFromConfig(config, func(o *sdk.Options) { o.UsePathStyle = true })
	bucket := "bucket"
	b.Run("lean", func(b *testing.B) {
		measure(b, "pages", func(ctx context.Context, _ int, _ []byte) error {
			_, err := source.Page(ctx, object.Range{Prefix: "d50/"}, "", "")
			return err
		})
	})
	b.Run("SDK", func(b *testing.B) {
		measure(b, "pages", func(ctx context.Context, _ int, _ []byte) error {
			_, err := client.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("d50/")})
			return err
		})
	})
}

func BenchmarkListBlobs(b *testing.B) {
	s := stood(b, false)
	ours, theirs := account(b)
	target, err := blob.New(blob.Options{URL: s.blobs + "/account/container", Credential: ours})
	fatal(b, err)
	client, err := container.NewClientWithSharedKeyCredential(s.blobs+"/account/container", theirs, nil)
	fatal(b, err)
	b.Run("lean", func(b *testing.B) {
		measure(b, "pages", func(ctx context.Context, _ int, _ []byte) error {
			_, err := target.Page(ctx, "", "", "")
			return err
		})
	})
	b.Run("SDK", func(b *testing.B) {
		measure(b, "pages", func(ctx context.Context, _ int, _ []byte) error {
			_, err := client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}).NextPage(ctx)
			return err
		})
	})
}
