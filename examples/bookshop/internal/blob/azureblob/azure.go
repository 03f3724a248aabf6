package azureblob

import (
	"context"
	"crypto/md5"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	port "example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

var _ port.Store = (*Store)(nil)

// Store is one container.
type Store struct {
	client *container.Client
	name   string
}

// Open returns the store for a container. It does not call Azure.
func Open(account azureaccount.Account, name string) (*Store, error) {
	key, err := container.NewSharedKeyCredential(account.Name, account.KeyText())
	if err != nil {
		return nil, trouble.Of(trouble.Usage, "use storage account", account.Name, err)
	}
	opts := &container.ClientOptions{ClientOptions: policy.ClientOptions{
		// The SDK's default is to try for a minute, longer than a page may take.
		Retry: policy.RetryOptions{MaxRetries: 2, TryTimeout: 5 * time.Second, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second},
	}}
	client, err := container.NewClientWithSharedKeyCredential(account.BlobEndpoint+"/"+name, key, opts)
	if err != nil {
		return nil, trouble.Of(trouble.Usage, "use container", name, err)
	}
	return &Store{client: client, name: name}, nil
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, name string, body []byte, contentType string) error {
	sum := md5.Sum(body)
	_, err := s.client.NewBlockBlobClient(name).UploadBuffer(ctx, body, &blockblob.UploadBufferOptions{
		// The service keeps the MD5 it is given and computes none for blobs
		// that come in blocks, so it is always given.
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: &contentType, BlobContentMD5: sum[:]},
	})
	return problem(err, "put object", name)
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, name string, part port.Range) (*port.Object, error) {
	out, err := s.client.NewBlobClient(name).DownloadStream(ctx, &blob.DownloadStreamOptions{
		Range: blob.HTTPRange{Offset: part.Offset, Count: part.Length},
	})
	if err != nil {
		return nil, problem(err, "open object", name)
	}
	object := &port.Object{Body: out.Body, Offset: part.Offset}
	object.LengthBytes = deref(out.ContentLength)
	object.SizeBytes = object.LengthBytes
	if size, ok := totalSize(out.ContentRange); ok {
		object.SizeBytes = size
	}
	if !part.Whole() && part.Offset >= object.SizeBytes {
		// The service answers 416; an emulator of it answers with no bytes.
		_ = out.Body.Close() // nothing was read
		return nil, trouble.Of(trouble.Invalid, "open object", name, port.ErrRange)
	}
	object.ETag = string(deref(out.ETag))
	object.ContentType = deref(out.ContentType)
	object.Modified = deref(out.LastModified)
	return object, nil
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix string, each func(port.Info) error) error {
	pages := s.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return problem(err, "list objects", prefix)
		}
		for _, item := range page.Segment.BlobItems {
			info := port.Info{Name: deref(item.Name)}
			if item.Properties != nil {
				info.SizeBytes = deref(item.Properties.ContentLength)
				info.MD5 = item.Properties.ContentMD5
			}
			if err := each(info); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check implements blob.Store.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.client.GetProperties(ctx, nil)
	return problem(err, "check container", s.name)
}

// problem gives an SDK error its kind.
func problem(err error, op, name string) error {
	if err == nil {
		return nil
	}
	switch {
	case bloberror.HasCode(err, bloberror.BlobNotFound):
		return trouble.Of(trouble.NotFound, op, name, port.ErrNotFound)
	case bloberror.HasCode(err, bloberror.InvalidRange):
		return trouble.Of(trouble.Invalid, op, name, port.ErrRange)
	case errors.Is(err, context.Canceled):
		return trouble.Of(trouble.Canceled, op, name, err)
	}
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		switch status := answer.StatusCode; {
		case status == 401 || status == 403:
			return trouble.Of(trouble.Denied, op, name, err)
		case status == 404:
			return trouble.Of(trouble.NotFound, op, name, err)
		case status >= 400 && status < 500 && status != 408 && status != 429:
			return trouble.Of(trouble.Internal, op, name, err)
		}
	}
	return trouble.Of(trouble.Unavailable, op, name, err)
}
