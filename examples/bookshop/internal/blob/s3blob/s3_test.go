package s3blob_test

import (
	"testing"

	"example.com/landfall/examples/bookshop/internal/blob/blobtest"
	"example.com/landfall/examples/bookshop/internal/blob/s3blob"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	server := testkit.ObjectStore(t)
	cfg := server.Config(t)
	blobtest.Suite(t, s3blob.Open(cfg, server.Bucket(t)), s3blob.Open(cfg, "there-is-no-such-bucket"))
}

func TestWrongSecretIsDenied(t *testing.T) {
	t.Parallel()
	server := testkit.ObjectStore(t)
	bucket := server.Bucket(t)
	server.Secret = "wrong"
	err := s3blob.Open(server.Config(t), bucket).Put(t.Context(), "x", []byte("x"), "text/plain")
	if !trouble.Is(err, trouble.Denied) {
		t.Errorf("got %v, want denied", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	store := s3blob.Open(testkit.AWSConfig(t, "http://127.0.0.1:1"), "covers")
	if err := store.Check(t.Context()); !trouble.Is(err, trouble.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}
