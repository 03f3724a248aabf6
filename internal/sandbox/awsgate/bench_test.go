package awsgate_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/landfall/internal/testkit"
)

// BenchmarkControl is a small call to moto, directly and through the gate; the
// difference is what the gate costs.
func BenchmarkControl(b *testing.B) {
	bed := open(b, nil)
	direct := testkit.AWSConfig(b, bed.moto.URL)
	direct.Credentials = credentials.NewStaticCredentialsProvider(bed.moto.Key, bed.moto.Secret, "")
	for name, cfg := range map[string]aws.Config{"direct": direct, "gate": bed.config(b)} {
		client := sqs.NewFromConfig(cfg)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b)(client.ListQueues(b.Context(), &sqs.ListQueuesInput{}))
			}
		})
	}
}

// BenchmarkPut and BenchmarkGet are objects of two sizes, directly to the
// store and through the gate.
func BenchmarkObjects(b *testing.B) {
	bed := open(b, nil)
	store := testkit.ObjectStore(b)
	bucket := bed.bucket(b, "bench")
	for _, size := range []int{4 << 10, 16 << 20} {
		data := noise(b, size)
		for name, client := range map[string]*s3.Client{"direct": store.Client(b), "gate": bed.s3(b)} {
			key := "object-" + name + strconv.Itoa(size)
			b.Run("put/"+name+"/"+strconv.Itoa(size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					must(b)(client.PutObject(b.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)}))
				}
			})
		}
	}
}
