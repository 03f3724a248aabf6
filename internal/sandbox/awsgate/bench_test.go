package awsgate_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/landfall/internal/sandbox/awsgate"
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

// BenchmarkOverhead is the same call to a server that answers at once, which
// shows what the gate costs without moto's ten milliseconds.
func BenchmarkOverhead(b *testing.B) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"QueueUrls":["http://127.0.0.1/1/orders"]}`)
	}))
	defer upstream.Close()
	gate, err := awsgate.New(awsgate.Options{Upstream: parse(b, upstream.URL)})
	if err != nil {
		b.Fatal(err)
	}
	front := httptest.NewServer(gate)
	defer front.Close()
	defer gate.Close(b.Context())
	for name, url := range map[string]string{"direct": upstream.URL, "gate": front.URL} {
		client := sqs.NewFromConfig(testkit.AWSConfig(b, url))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b)(client.ListQueues(b.Context(), &sqs.ListQueuesInput{}))
			}
		})
	}
}

// BenchmarkObjects is objects of two sizes, directly to the store and through
// the gate.
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
			b.Run("get/"+name+"/"+strconv.Itoa(size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					get(b, client, bucket, key)
				}
			})
		}
	}
}

func get(b *testing.B, client *s3.Client, bucket, key string) {
	b.Helper()
	object, err := client.GetObject(b.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		b.Fatal(err)
	}
	defer object.Body.Close()
	if _, err := io.Copy(io.Discard, object.Body); err != nil {
		b.Fatal(err)
	}
}
