package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit/objectkit"
)

// account is the storage account of all targets.
const account = "bench"

// stopWithin bounds the stop of the servers.
const stopWithin = time.Minute

// servers are the sandbox's, for this run alone.
type servers struct {
	host    part.Host
	running []*part.Running
	store   store
	azurite string // URL of the account, "" where none was asked for
	key     string // of the account
}

// start starts versitygw, and Azurite if it is asked for, below a folder.
func start(ctx context.Context, dir string, azurite bool) (*servers, error) {
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		return nil, err
	}
	s := &servers{host: part.Host{
		Starter: proc.NewStarter(), Tag: "landfall-objectbench-" + strings.ToLower(rand.Text()[:12]),
		Locate: func(name tools.Name) (tools.Tool, error) { return tools.Locate(cache, name) },
		Dir:    filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "log"), Address: "127.0.0.1", Environ: os.Environ(),
	}}
	s.store = store{key: rand.Text(), secret: rand.Text()}
	gateway, err := s.start(ctx, part.ObjectStore(part.ObjectStoreOptions{Key: s.store.key, Secret: s.store.secret, Region: region}))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.store.url = gateway.URL(0)
	accounts, err := part.NewAccounts(account)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.key, _ = accounts.Key(account)
	if !azurite {
		return s, nil
	}
	running, err := s.start(ctx, part.Azurite(accounts))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.azurite = part.AzuriteURL(running.Site(), part.AzuriteBlob, account)
	return s, nil
}

func (s *servers) start(ctx context.Context, server part.Server) (*part.Running, error) {
	server.ReadyWithin *= 4 // the machine may be busy
	running, err := part.Start(ctx, s.host, server)
	if err == nil {
		s.running = append(s.running, running)
	}
	return running, err
}

func (s *servers) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var errs []error
	for _, running := range s.running {
		errs = append(errs, running.Stop(ctx))
	}
	s.host.Starter.Close()
	_, err := proc.Sweep(ctx, proc.Query{Tag: s.host.Tag})
	return errors.Join(append(errs, err)...)
}

// place is a container that one mover writes.
type place struct {
	// url is that of the account.
	url, key, container string
	// sink is what is behind it, nil for Azurite.
	sink  *objectkit.Sink
	close func()
}

func (p place) connection() string {
	return "DefaultEndpointsProtocol=http;AccountName=" + account + ";AccountKey=" + p.key + ";BlobEndpoint=" + p.url
}

// place makes an empty container.
func (s *servers) place(ctx context.Context, target string) (place, error) {
	name := "target-" + strings.ToLower(rand.Text()[:12])
	if target == targetSink {
		sink := objectkit.NewSink()
		url, stop, err := objectkit.Listen(sink)
		return place{url: url + "/" + account, key: s.key, container: name, sink: sink, close: stop}, err
	}
	credential, err := container.NewSharedKeyCredential(account, s.key)
	if err != nil {
		return place{}, err
	}
	client, err := container.NewClientWithSharedKeyCredential(s.azurite+"/"+name, credential, nil)
	if err != nil {
		return place{}, err
	}
	if _, err := client.Create(ctx, nil); err != nil {
		return place{}, fmt.Errorf("make a container: %w", err)
	}
	return place{url: s.azurite, key: s.key, container: name, close: func() {
		// What stays goes with the server.
		_, _ = client.Delete(context.WithoutCancel(ctx), nil)
	}}, nil
}

// operations are the sink's with their names, in the order of the tables.
func operations() []string {
	return []string{"Put Blob", "Put Block", "Put Block List", "Get Block List", "List Blobs", "Get Blob Properties", "Delete Blob", "other"}
}

// requests counts what the sink was asked, less what it was asked before.
func (p place) requests(before map[string]int64) map[string]int64 {
	if p.sink == nil {
		return nil
	}
	out := map[string]int64{}
	for i, name := range operations() {
		n, _ := p.sink.Count(objectkit.Operation(i))
		if n -= before[name]; n != 0 {
			out[name] = n
		}
	}
	return out
}

// sent is how many bytes of content have come.
func (p place) sent() int64 {
	_, blobs := p.sink.Count(objectkit.PutBlob)
	_, blocks := p.sink.Count(objectkit.PutBlock)
	return blobs + blocks
}

// check compares the container with what lies in the bucket.
func (p place) check(ctx context.Context, want map[string]content) error {
	if p.sink == nil {
		return p.checkAzurite(ctx, want)
	}
	if n := p.sink.Len(); n != len(want) {
		return fmt.Errorf("the container has %d blobs, the bucket %d objects", n, len(want))
	}
	for key, one := range want {
		b, ok := p.sink.Blob(key)
		if !ok || b.Size != one.size || b.CRC64 != one.crc {
			return fmt.Errorf("%s: the blob is not the object: %d bytes with CRC %016x, want %d with %016x", key, b.Size, b.CRC64, one.size, one.crc)
		}
	}
	return nil
}

// proved looks into the marks that Landfall leaves: "1:ETag:version:size:CRC64:
// proof:time:origin", with the proof b or B where a hash of the source was
// compared. Azurite is left out, since it keeps the same marks.
func (p place) proved(want map[string]content) error {
	if p.sink == nil {
		return nil
	}
	for key := range want {
		b, _ := p.sink.Blob(key)
		if fields := strings.Split(b.Metadata["landfall"], ":"); len(fields) < 7 || !strings.EqualFold(fields[5], "b") {
			return fmt.Errorf("%s: the copy is not proved by a hash of the source: its mark is %q", key, b.Metadata["landfall"])
		}
	}
	return nil
}

// every is of how many blobs one is read back from Azurite, which takes longer
// to answer than all movers to copy.
const every = 16

func (p place) checkAzurite(ctx context.Context, want map[string]content) error {
	credential, err := blob.SharedKey(account, p.key)
	if err != nil {
		return err
	}
	target, err := blob.New(blob.Options{URL: p.url + "/" + p.container, Credential: credential})
	if err != nil {
		return err
	}
	n, next := 0, ""
	for {
		page, err := target.Page(ctx, "", "", next)
		if err != nil {
			return err
		}
		for _, b := range page.Items {
			one, ok := want[b.Name]
			if !ok || one.size != b.Size {
				return fmt.Errorf("%s: the blob is not the object: %d bytes, want %d", b.Name, b.Size, one.size)
			}
			if n++; n%every == 1 {
				if err := sameContent(ctx, target, b.Name, one); err != nil {
					return err
				}
			}
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if n != len(want) {
		return fmt.Errorf("the container has %d blobs, the bucket %d objects", n, len(want))
	}
	return nil
}

func sameContent(ctx context.Context, target *blob.Target, name string, want content) error {
	_, body, err := target.Open(ctx, name, object.Span{}, "")
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if got := checksum.CRC64(text); got != want.crc {
		return fmt.Errorf("%s: the blob has CRC %016x, the object %016x", name, got, want.crc)
	}
	return nil
}
