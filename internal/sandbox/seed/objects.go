package seed

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/fault"
)

// How many objects of each sort the invoices bucket gets.
const (
	smallObjects   = 300
	largeObjects   = 3
	largeBytes     = 32 << 20
	partBytes      = 8 << 20
	versionedKeys  = 12
	versionsOfEach = 3
	deletedKeys    = 8
	exportObjects  = 10
)

// putObjects fills the buckets that are not the shop's own to fill.
func (s *seeder) putObjects(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	for i := range largeObjects {
		group.Go(func() error { return s.putLarge(inner, i) })
	}
	for _, in := range s.smallPuts() {
		group.Go(func() error { return s.put(inner, in) })
	}
	for i := range versionedKeys {
		group.Go(func() error { return s.putVersions(inner, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.objects = s.expectedObjects()
	s.o.Progress("objects", s.objects, s.objects)
	return nil
}

// expectedObjects is how many current objects putObjects leaves.
func (s *seeder) expectedObjects() int {
	return largeObjects + smallObjects + len(OddKeys()) + exportObjects + versionedKeys - deletedKeys
}

// smallPuts are the uploads that do not depend on each other.
func (s *seeder) smallPuts() []*s3.PutObjectInput {
	var list []*s3.PutObjectInput
	for i := range smallObjects {
		list = append(list, s.smallObject(i))
	}
	invoices := s.bucket("bookshop-invoices")
	for _, key := range OddKeys() {
		list = append(list, &s3.PutObjectInput{Bucket: &invoices, Key: aws.String(key), Body: bytes.NewReader([]byte(OddBody(key)))})
	}
	day := s.o.Now.AddDate(0, 0, -1).Format("2006-01-02")
	for i := range exportObjects {
		list = append(list, &s3.PutObjectInput{Bucket: aws.String(s.bucket("shared-exports")), Key: aws.String(fmt.Sprintf("payroll/%s/part-%02d.csv", day, i)),
			ContentType: aws.String("text/csv"), Body: strings.NewReader(fmt.Sprintf("employee,hours\n%d,%d\n", 1000+i, 30+i)), Tagging: aws.String("workload=payroll")})
	}
	return list
}

func (s *seeder) put(ctx context.Context, in *s3.PutObjectInput) error {
	if _, err := s.s3.PutObject(ctx, in); err != nil {
		return fault.Wrap(callFault(err, "s3 PutObject"), "store object", aws.ToString(in.Key))
	}
	return nil
}

// smallObject is an invoice with the headers, metadata, tags and storage
// classes that a bucket collects over the years.
func (s *seeder) smallObject(i int) *s3.PutObjectInput {
	r := s.random(fmt.Sprintf("invoice/%d", i))
	classes := []types.StorageClass{types.StorageClassStandard, types.StorageClassStandard, types.StorageClassStandardIa, types.StorageClassIntelligentTiering, types.StorageClassGlacierIr}
	when := s.o.Now.AddDate(0, 0, -r.IntN(400))
	in := &s3.PutObjectInput{
		Bucket: aws.String(s.bucket("bookshop-invoices")), Key: aws.String(fmt.Sprintf("invoices/%s/inv-%06d.json", when.Format("2006/01"), i)),
		Body:        strings.NewReader(fmt.Sprintf(`{"invoice":%d,"total":"%d.%02d","currency":"EUR","note":%q}`, i, r.IntN(300), r.IntN(100), strings.Repeat("x", r.IntN(900)))),
		ContentType: aws.String("application/json"), StorageClass: classes[i%len(classes)],
		Metadata: map[string]string{"order": fmt.Sprintf("o-%06d", i), "source": "shop", "issued": when.Format("2006-01-02")},
		Tagging:  aws.String(fmt.Sprintf("workload=bookshop&kind=invoice&year=%d", when.Year())),
	}
	switch i % 4 {
	case 1:
		in.CacheControl = aws.String("private, max-age=600")
		in.ContentDisposition = aws.String(fmt.Sprintf(`attachment; filename="invoice-%d.json"`, i))
	case 2:
		in.ContentLanguage = aws.String("de-DE")
	case 3:
		in.Expires = aws.Time(s.o.Now.AddDate(1, 0, 0).Truncate(1e9))
	}
	return in
}

// putVersions gives a key a history: versions, and for most a delete marker on top.
func (s *seeder) putVersions(ctx context.Context, i int) error {
	bucket, key := s.bucket("bookshop-invoices"), fmt.Sprintf("drafts/draft-%03d.txt", i)
	for v := range versionsOfEach {
		if err := s.put(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(fmt.Sprintf("draft %d, version %d\n", i, v+1)), ContentType: aws.String("text/plain")}); err != nil {
			return err
		}
	}
	if i >= deletedKeys {
		return nil
	}
	if _, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return fault.Wrap(callFault(err, "s3 DeleteObject"), "delete object", key)
	}
	return nil
}

// largeKey is the name of a large object.
func largeKey(i int) string { return fmt.Sprintf("archive/ledger-%d.bin", 2022+i) }

// putLarge uploads one large object in parts. Its bytes come from the seed,
// do not compress, and cost next to nothing to make again.
func (s *seeder) putLarge(ctx context.Context, i int) error {
	bucket, key := s.bucket("bookshop-invoices"), largeKey(i)
	begun, err := s.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key, ContentType: aws.String("application/octet-stream"),
		Metadata: map[string]string{"period": key[len("archive/ledger-") : len(key)-len(".bin")]}, Tagging: aws.String("workload=bookshop&kind=ledger")})
	if err != nil {
		return fault.Wrap(callFault(err, "s3 CreateMultipartUpload"), "store object", key)
	}
	content := largeContent(s.o.Seed, i)
	var parts []types.CompletedPart
	buffer := make([]byte, partBytes)
	for n := int32(1); int(n) <= largeBytes/partBytes; n++ {
		if _, err := content.Read(buffer); err != nil {
			return fault.Of(fault.Internal, "make object", key, err)
		}
		part, err := s.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId, PartNumber: &n, Body: bytes.NewReader(buffer)})
		if err != nil {
			return fault.Wrap(callFault(err, "s3 UploadPart"), "store object", key)
		}
		parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(n), ChecksumCRC32: part.ChecksumCRC32})
	}
	_, err = s.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		return fault.Wrap(callFault(err, "s3 CompleteMultipartUpload"), "store object", key)
	}
	return nil
}

// largeContent is the stream behind a large object.
func largeContent(seed uint64, i int) *rand.ChaCha8 {
	h := fnv.New128a()
	fmt.Fprintf(h, "%d/%s", seed, largeKey(i))
	sum := h.Sum(nil)
	return rand.NewChaCha8([32]byte(append(sum, sum...)))
}
