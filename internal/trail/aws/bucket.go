package aws

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// objectReader are the calls that reading a bucket needs.
type objectReader interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadBucket(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
}

var _ objectReader = (*s3.Client)(nil)

// bucket is a bucket with logs.
type bucket struct {
	name string
	api  objectReader
	// away are objects in storage classes that have to be restored first.
	away int64
}

// bucket connects to a bucket in its own region: the inventory knows it, or
// the bucket says it.
func (g *finding) bucket(ctx context.Context, name string, a cloud.Account, r cloud.Region) *bucket {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.stores[name]; b != nil {
		return b
	}
	region, known := g.regions[name]
	if owner := g.owners[name]; owner != "" {
		a = owner
	}
	if !known || region == "" {
		region = r
	}
	b := &bucket{name: name, api: g.client(a, region)}
	if !known {
		if home := b.home(ctx); home != "" && home != string(region) {
			b.api = g.client(a, cloud.Region(home))
		}
	}
	g.stores[name] = b
	return b
}

func (g *finding) client(a cloud.Account, r cloud.Region) objectReader {
	config := g.o.Config(a, r)
	return s3.NewFromConfig(config, func(o *s3.Options) {
		// Stand-ins and endpoints on this machine have no names per bucket.
		o.UsePathStyle = config.BaseEndpoint != nil
		o.RetryMaxAttempts = 5
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// home asks where the bucket is. Even a refusal says it, in a header (S3 API
// reference, HeadBucket).
func (b *bucket) home(ctx context.Context) string {
	out, err := b.api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	if err == nil {
		return sdk.ToString(out.BucketRegion)
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.Response != nil {
		return answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// list returns the objects under a prefix for which want is true.
func (b *bucket) list(ctx context.Context, prefix string, want func(key string) bool) ([]records.File, error) {
	var files []records.File
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl}
	for {
		out, err := b.api.ListObjectsV2(ctx, in)
		if err != nil {
			return files, failed(err, "list log objects", "s3://"+b.name+"/"+prefix)
		}
		for _, o := range out.Contents {
			key := decoded(sdk.ToString(o.Key), out.EncodingType)
			if sdk.ToInt64(o.Size) == 0 || strings.HasSuffix(key, "/") || want != nil && !want(key) {
				continue
			}
			if archived(o.StorageClass) {
				b.away++
				continue
			}
			files = append(files, b.file(key, sdk.ToInt64(o.Size), strings.Trim(sdk.ToString(o.ETag), `"`)))
		}
		if !sdk.ToBool(out.IsTruncated) || out.NextContinuationToken == nil {
			return files, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// folders returns the names right under a prefix.
func (b *bucket) folders(ctx context.Context, prefix string) ([]string, error) {
	var list []string
	slash := "/"
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, Delimiter: &slash, EncodingType: types.EncodingTypeUrl}
	for {
		out, err := b.api.ListObjectsV2(ctx, in)
		if err != nil {
			return list, failed(err, "list log folders", "s3://"+b.name+"/"+prefix)
		}
		for _, p := range out.CommonPrefixes {
			list = append(list, strings.TrimSuffix(strings.TrimPrefix(decoded(sdk.ToString(p.Prefix), out.EncodingType), prefix), "/"))
		}
		if !sdk.ToBool(out.IsTruncated) || out.NextContinuationToken == nil {
			slices.Sort(list)
			return list, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func decoded(key string, form types.EncodingType) string {
	if form == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(key); err == nil {
			return plain
		}
	}
	return key
}

func archived(class types.ObjectStorageClass) bool {
	return class == types.ObjectStorageClassGlacier || class == types.ObjectStorageClassDeepArchive
}

// file is an object that is opened when it is read.
func (b *bucket) file(key string, size int64, tag string) records.File {
	name := "s3://" + b.name + "/" + key
	return records.File{Name: name, Size: size, Tag: tag, Open: func(ctx context.Context) (io.ReadCloser, error) {
		o := &object{ctx: ctx, b: b, key: key, name: name, tag: tag}
		if err := o.open(); err != nil {
			return nil, err
		}
		return o, nil
	}}
}

// object reads an object and goes on where it stopped when the connection
// breaks; the tag makes sure that it is still the same object.
type object struct {
	ctx       context.Context
	b         *bucket
	key, name string
	tag       string
	body      io.ReadCloser
	at        int64
	tries     int
}

const maxTries = 4

func (o *object) open() error {
	in := &s3.GetObjectInput{Bucket: &o.b.name, Key: &o.key}
	if o.at > 0 {
		in.Range = sdk.String("bytes=" + itoa(o.at) + "-")
		in.IfMatch = sdk.String(`"` + o.tag + `"`)
	}
	out, err := o.b.api.GetObject(o.ctx, in)
	if err != nil {
		return failed(err, "read log object", o.name)
	}
	o.body = out.Body
	return nil
}

func (o *object) Read(p []byte) (int, error) {
	for {
		if o.body == nil {
			if err := o.open(); err != nil {
				return 0, err
			}
		}
		n, err := o.body.Read(p)
		o.at += int64(n)
		if err == nil || errors.Is(err, io.EOF) {
			return n, err
		}
		_ = o.body.Close()
		o.body = nil
		if o.tries++; o.tries >= maxTries || o.ctx.Err() != nil || o.tag == "" {
			return n, fault.Of(fault.Unavailable, "read log object", o.name, err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (o *object) Close() error {
	if o.body == nil {
		return nil
	}
	return o.body.Close()
}

// readable tries the first byte of a file: listing may be allowed where
// reading is not.
func readable(ctx context.Context, f records.File) error {
	r, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
