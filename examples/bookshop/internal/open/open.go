package open

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/blob/azureblob"
	"example.com/landfall/examples/bookshop/internal/blob/s3blob"
	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/queue/azurequeue"
	"example.com/landfall/examples/bookshop/internal/queue/sqsqueue"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Blobs opens the object storage that BOOKSHOP_BLOBS names.
func Blobs(ctx context.Context, cfg config.Config) (blob.Store, error) {
	switch cfg.Blobs.Scheme {
	case "s3":
		sdk, err := amazon(ctx)
		if err != nil {
			return nil, err
		}
		return s3blob.Open(sdk, cfg.Blobs.Rest), nil
	case "azblob":
		account, name, err := azure(cfg, cfg.Blobs)
		if err != nil {
			return nil, err
		}
		return azureblob.Open(account, name)
	}
	return nil, trouble.Of(trouble.Usage, "open object storage", cfg.Blobs.Scheme, errors.New("no such driver"))
}

// Queue opens the queue that BOOKSHOP_QUEUE names.
func Queue(ctx context.Context, cfg config.Config) (queue.Queue, error) {
	switch cfg.Queue.Scheme {
	case "sqs":
		sdk, err := amazon(ctx)
		if err != nil {
			return nil, err
		}
		return sqsqueue.Open(sdk, cfg.Queue.Rest)
	case "azqueue":
		account, name, err := azure(cfg, cfg.Queue)
		if err != nil {
			return nil, err
		}
		return azurequeue.Open(account, name), nil
	}
	return nil, trouble.Of(trouble.Usage, "open queue", cfg.Queue.Scheme, errors.New("no such driver"))
}

func amazon(ctx context.Context) (aws.Config, error) {
	sdk, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithRetryer(func() aws.Retryer {
			// The default may wait 20 s between two tries, longer than a page may take.
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Second })
		}),
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			// The default keeps 10, fewer than there are requests at a time, so
			// the others would pay for a new connection each.
			t.MaxIdleConnsPerHost = 64
		})))
	if err != nil {
		return aws.Config{}, trouble.Of(trouble.Usage, "read AWS settings", "", err)
	}
	return sdk, nil
}

func azure(cfg config.Config, at config.Location) (azureaccount.Account, string, error) {
	name, item, err := at.Pair()
	if err != nil {
		return azureaccount.Account{}, "", err
	}
	account, err := azureaccount.New(cfg.Azure, name)
	return account, item, err
}
