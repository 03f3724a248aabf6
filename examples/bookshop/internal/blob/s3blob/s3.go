package s3blob

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

var _ blob.Store = (*Store)(nil)

// Store is one bucket.
type Store struct {
	client *s3.Client
	bucket string
}

// Open returns the store for a bucket. It does not call S3.
func Open(cfg aws.Config, bucket string) *Store {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		// The signature covers a SHA-256 of the body already, which S3 checks;
		// a CRC in a trailer on top costs both sides and adds nothing.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	return &Store{client: client, bucket: bucket}
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, name string, body []byte, contentType string) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:      &s.bucket,
		Key:         &name,
		Body:        bytes.NewReader(body),
		ContentType: &contentType,
	})
	return problem(err, "put object", name)
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, name string, part blob.Range) (*blob.Object, error) {
	input := &s3.GetObjectInput{Bucket: &s.bucket, Key: &name}
	if !part.Whole() {
		input.Range = aws.String(header(part))
	}
	out, err := s.client.GetObject(ctx, input)
	if err != nil {
		return nil, problem(err, "open object", name)
	}
	length := aws.ToInt64(out.ContentLength)
	object := &blob.Object{
		Body:        out.Body,
		SizeBytes:   length,
		Offset:      part.Offset,
		LengthBytes: length,
		ETag:        aws.ToString(out.ETag),
		ContentType: aws.ToString(out.ContentType),
		Modified:    aws.ToTime(out.LastModified),
	}
	// "bytes 0-9/1234": the only place where a partial answer tells the size.
	if _, size, found := strings.Cut(aws.ToString(out.ContentRange), "/"); found {
		if object.SizeBytes, err = strconv.ParseInt(size, 10, 64); err != nil {
			_ = out.Body.Close() // nothing was read
			return nil, trouble.Of(trouble.Unavailable, "read size of object", name, err)
		}
	}
	return object, nil
}

// header gives the Range header for a part that is not the whole.
func header(part blob.Range) string {
	if part.Length == 0 {
		return fmt.Sprintf("bytes=%d-", part.Offset)
	}
	return fmt.Sprintf("bytes=%d-%d", part.Offset, part.Offset+part.Length-1)
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix string, each func(blob.Info) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return problem(err, "list objects", prefix)
		}
		for _, o := range page.Contents {
			info := blob.Info{Name: aws.ToString(o.Key), SizeBytes: aws.ToInt64(o.Size)}
			// The ETag of an object put in one piece is its MD5 (not so with
			// KMS encryption or multipart, whose ETags are no 32 hex digits or
			// differ); a wrong guess only puts the object again.
			if sum, err := hex.DecodeString(strings.Trim(aws.ToString(o.ETag), `"`)); err == nil && len(sum) == 16 {
				info.MD5 = sum
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
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	return problem(err, "check bucket", s.bucket)
}

// problem gives an SDK error its kind.
func problem(err error, op, name string) error {
	if err == nil {
		return nil
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "NoSuchKey":
			return trouble.Of(trouble.NotFound, op, name, blob.ErrNotFound)
		case "InvalidRange":
			return trouble.Of(trouble.Invalid, op, name, blob.ErrRange)
		case "NoSuchBucket", "NotFound": // HEAD answers have no body and so no better code
			return trouble.Of(trouble.NotFound, op, name, err)
		}
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		switch status := answer.HTTPStatusCode(); {
		case status == 401 || status == 403:
			return trouble.Of(trouble.Denied, op, name, err)
		case status >= 400 && status < 500 && status != 408 && status != 429:
			return trouble.Of(trouble.Internal, op, name, err)
		}
	}
	if errors.Is(err, context.Canceled) {
		return trouble.Of(trouble.Canceled, op, name, err)
	}
	return trouble.Of(trouble.Unavailable, op, name, err)
}
