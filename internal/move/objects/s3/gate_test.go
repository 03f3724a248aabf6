package s3_test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/seed"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit/conformance"
)

// The gate of the sandbox keeps every key that S3 keeps.
func TestOddKeysOverTheSandbox(t *testing.T) {
	t.Parallel()
	moto, store := testkit.SharedMoto(t), testkit.ObjectStore(t)
	parse := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	gate, err := awsgate.New(awsgate.Options{
		Upstream: parse(moto.URL), ObjectStore: parse(store.URL), ObjectKey: store.Key, ObjectSecret: store.Secret,
		Account: moto.Account, Region: testkit.Region, Seed: 7, UnlimitedLookups: true, DeliverEvery: 1000 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gate)
	t.Cleanup(func() {
		server.Close()
		if err := gate.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	config := testkit.AWSConfig(t, server.URL)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	client := sdk.NewFromConfig(config, func(o *sdk.Options) { o.UsePathStyle = true })
	conformance.Source(t, func(t *testing.T) conformance.Bucket {
		name := "odd-" + strings.ToLower(rand.Text())
		if _, err := client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		return conformance.Bucket{
			Source: open(t, s3.Options{Config: config, Bucket: name}), Keys: seed.OddKeys(),
			Put: func(t *testing.T, key string, body []byte, p conformance.Properties) string {
				t.Helper()
				return put(t, client, name, key, body, p)
			},
		}
	})
}
