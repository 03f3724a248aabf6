package testgate

import (
	"context"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/testkit"
)

// Open starts a gate in front of a control plane of the test's own account and
// returns its address. It ends with the test. There is no object store behind
// it, so S3 is not to be had, and trail files are not delivered.
func Open(t *testing.T) (address string, moto testkit.MotoServer) {
	t.Helper()
	moto = testkit.SharedMoto(t)
	upstream, err := url.Parse(moto.URL)
	if err != nil {
		t.Fatal(err)
	}
	g, err := awsgate.New(awsgate.Options{Upstream: upstream, Account: moto.Account, Region: testkit.Region, DeliverEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.Close()
		if err := g.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server.URL, moto
}
