package awsgate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// The storage class and the encryption of an object, which the store forgets,
// are shown wherever S3 shows them, and a copy has its own.
func TestStorageClasses(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	bucket, client, ctx := b.bucket(t, "classes"), b.s3(t), t.Context()
	put, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("cold"), Body: strings.NewReader("x"), ContentType: aws.String("text/plain"),
		StorageClass: types.StorageClassStandardIa, ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("alias/shop"), Metadata: map[string]string{"m": "v"}})
	if err != nil || put.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		t.Fatalf("%v, %v", put, err)
	}
	copied := func(key string, change func(*s3.CopyObjectInput)) {
		in := &s3.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: aws.String(bucket + "/cold")}
		change(in)
		must(t)(client.CopyObject(ctx, in))
	}
	copied("plain copy", func(*s3.CopyObjectInput) {})
	copied("archived copy", func(in *s3.CopyObjectInput) { in.StorageClass = types.StorageClassDeepArchive })
	copied("replaced", func(in *s3.CopyObjectInput) {
		in.MetadataDirective, in.StorageClass = types.MetadataDirectiveReplace, types.StorageClassGlacierIr
	})
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("parts"), StorageClass: types.StorageClassOnezoneIa})
	if err != nil {
		t.Fatal(err)
	}
	part, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	must(t)(client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: aws.String("parts"), UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1), ChecksumCRC32: part.ChecksumCRC32}}}}))
	must(t)(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("warm"), Body: strings.NewReader("x"), StorageClass: types.StorageClassGlacier}))
	must(t)(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("warm"), Body: strings.NewReader("x")}))

	want := map[string]types.StorageClass{"cold": "STANDARD_IA", "plain copy": "STANDARD", "archived copy": "DEEP_ARCHIVE", "replaced": "GLACIER_IR", "parts": "ONEZONE_IA", "warm": "STANDARD"}
	list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil || len(list.Contents) != len(want) {
		t.Fatalf("%d objects, %v", len(list.Contents), err)
	}
	for _, o := range list.Contents {
		if string(o.StorageClass) != string(want[*o.Key]) {
			t.Errorf("%s is listed as %s, want %s", *o.Key, o.StorageClass, want[*o.Key])
		}
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		if class := head.StorageClass; class != want[*o.Key] && (class != "" || want[*o.Key] != "STANDARD") {
			t.Errorf("the head of %s says %q, want %s", *o.Key, class, want[*o.Key])
		}
		metadata := 0
		if strings.HasSuffix(*o.Key, "copy") || *o.Key == "cold" {
			metadata = 1
			if aws.ToString(head.ContentType) != "text/plain" {
				t.Errorf("%s has the type %q", *o.Key, aws.ToString(head.ContentType))
			}
		}
		if len(head.Metadata) != metadata {
			t.Errorf("%s has the metadata %v", *o.Key, head.Metadata)
		}
		if (head.ServerSideEncryption == types.ServerSideEncryptionAwsKms) != (*o.Key == "cold") {
			t.Errorf("%s is encrypted with %q", *o.Key, head.ServerSideEncryption)
		}
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("own key"), Body: strings.NewReader("x"),
		SSECustomerAlgorithm: aws.String("AES256"), SSECustomerKey: aws.String("a2V5"), SSECustomerKeyMD5: aws.String("bWQ1")})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "NotImplemented" {
		t.Errorf("a customer's key: %v", err)
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("x"), Body: strings.NewReader("x"), StorageClass: "LUKEWARM"})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InvalidStorageClass" {
		t.Errorf("an unknown class: %v", err)
	}
}
