package testkit

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Credentials that belong to nobody: moto takes any, and AWS none of these.
const (
	testKey    = "AKIATESTKITTESTKIT00"
	testSecret = "testkit-secret"
)

// Region is the region of every test.
const Region = "us-east-1"

// requestTimeout bounds one request of a test's client.
const requestTimeout = 60 * time.Second

// AWSConfig returns an SDK configuration for an endpoint that takes any
// credentials. Nothing of it comes from the environment or from files, so
// that a developer's profile can neither help nor harm a test.
func AWSConfig(t testing.TB, endpoint string) aws.Config {
	return awsConfig(endpoint, testKey, testSecret)
}

func awsConfig(endpoint, key, password string) aws.Config {
	return aws.Config{
		Region:           Region,
		Credentials:      credentials.NewStaticCredentialsProvider(key, password, ""),
		BaseEndpoint:     aws.String(endpoint),
		HTTPClient:       httpClient(),
		RetryMaxAttempts: 3,
	}
}

// AzureOptions returns client options for Azure's SDKs: no proxy, few and
// quick retries. A nil client means an ordinary one; pass the one that trusts
// the server's certificate.
func AzureOptions(t testing.TB, client *http.Client) azcore.ClientOptions {
	if client == nil {
		client = httpClient()
	}
	return azcore.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: 50 * time.Millisecond, MaxRetryDelay: time.Second},
	}
}

// httpClient uses no proxy, whatever the environment says: everything is on
// loopback.
func httpClient() *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 16}}
}
