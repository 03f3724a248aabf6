package open_test

import (
	"strings"
	"testing"

	"example.com/landfall/examples/bookshop/internal/blob/azureblob"
	"example.com/landfall/examples/bookshop/internal/blob/s3blob"
	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/open"
	"example.com/landfall/examples/bookshop/internal/queue/azurequeue"
	"example.com/landfall/examples/bookshop/internal/queue/sqsqueue"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// settings reads an environment of these values.
func settings(t *testing.T, values map[string]string) config.Config {
	t.Helper()
	cfg, err := config.FromEnv(func(name string) string { return values[name] })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// The scheme chooses the driver; nothing is called yet.
func TestTheSchemeChoosesTheDriver(t *testing.T) {
	t.Parallel()
	amazon := settings(t, map[string]string{"BOOKSHOP_BLOBS": "s3://covers", "BOOKSHOP_QUEUE": "sqs://127.0.0.1:1/123456789012/orders"})
	azure := settings(t, map[string]string{"BOOKSHOP_BLOBS": "azblob://shop/covers", "BOOKSHOP_QUEUE": "azqueue://shop/orders",
		"AZURE_STORAGE_ACCOUNT": "shop", "AZURE_STORAGE_KEY": "c2VjcmV0"})
	blobs, err := open.Blobs(t.Context(), amazon)
	if _, ok := blobs.(*s3blob.Store); !ok || err != nil {
		t.Errorf("s3: %T, %v", blobs, err)
	}
	blobs, err = open.Blobs(t.Context(), azure)
	if _, ok := blobs.(*azureblob.Store); !ok || err != nil {
		t.Errorf("azblob: %T, %v", blobs, err)
	}
	queue, err := open.Queue(t.Context(), amazon)
	if _, ok := queue.(*sqsqueue.Queue); !ok || err != nil {
		t.Errorf("sqs: %T, %v", queue, err)
	}
	queue, err = open.Queue(t.Context(), azure)
	if _, ok := queue.(*azurequeue.Queue); !ok || err != nil {
		t.Errorf("azqueue: %T, %v", queue, err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]config.Config{
		"AZURE_STORAGE_ACCOUNT": settings(t, map[string]string{"BOOKSHOP_BLOBS": "azblob://shop/covers", "BOOKSHOP_QUEUE": "azqueue://shop/orders"}),
		"ACCOUNT/NAME":          settings(t, map[string]string{"BOOKSHOP_BLOBS": "azblob://shop", "BOOKSHOP_QUEUE": "azqueue://shop"}),
		"no such driver":        {},
	} {
		_, blobs := open.Blobs(t.Context(), cfg)
		_, queue := open.Queue(t.Context(), cfg)
		for _, err := range []error{blobs, queue} {
			if !trouble.Is(err, trouble.Usage) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want one that names %s", err, want)
			}
		}
	}
}
