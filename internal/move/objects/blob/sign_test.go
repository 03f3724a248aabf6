package blob_test

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// resigned keeps what our driver sends.
type resigned struct{ seen *http.Request }

func (r *resigned) RoundTrip(request *http.Request) (*http.Response, error) {
	r.seen = request
	if request.Body != nil {
		request.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// replay is the SDK's transport: it keeps the signature that the SDK made for
// the headers and the URL of another request.
type replay struct{ authorization string }

func (r *replay) Do(request *http.Request) (*http.Response, error) {
	r.authorization = request.Header.Get("Authorization")
	return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// The signature by key is the one that the SDK of Azure makes of the same
// request, whatever names of blobs, blocks and metadata are.
func TestSignatureIsThatOfTheSDK(t *testing.T) {
	t.Parallel()
	const key = "c2VjcmV0LWtleS1vZi1ub2JvZHk="
	credential, err := azblob.NewSharedKeyCredential("account", key)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := blob.SharedKey("account", key)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		transport := &resigned{}
		target, err := blob.New(blob.Options{URL: "https://account.blob.core.windows.net/container", Credential: ours, Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.StringOfN(rapid.RuneFrom([]rune("ab/.+%& é#?\\\x01")), 1, 20, -1).Draw(t, "name")
		w := object.Write{Name: name, Tier: "Hot", Headers: object.Headers{Type: "text/plain"}, Metadata: map[string]string{},
			IfMatch: rapid.SampledFrom([]string{"", "*", "0x8D"}).Draw(t, "condition")}
		for _, meta := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_][a-z0-9_]{0,5}`), 0, 8, rapid.ID).Draw(t, "metadata") {
			w.Metadata[meta] = "v"
		}
		switch rapid.IntRange(0, 2).Draw(t, "operation") {
		case 0:
			_, err = target.Put(context.Background(), w, []byte("body"), object.Sums{})
		case 1:
			_, err = target.Commit(context.Background(), w, []string{"id"})
		case 2:
			_, err = target.Stage(context.Background(), name, rapid.String().Draw(t, "id")+"x", []byte("b"), object.Sums{})
		}
		if err != nil {
			t.Fatal(err)
		}
		sdk := &replay{}
		client, err := blockblob.NewClientWithSharedKeyCredential(transport.seen.URL.String(), credential, &blockblob.ClientOptions{ClientOptions: azcore.ClientOptions{
			Transport: sdk, PerCallPolicies: []policy.Policy{as{transport.seen}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		client.Upload(context.Background(), streaming.NopCloser(bytes.NewReader(nil)), nil)
		if got := transport.seen.Header.Get("Authorization"); got == "" || got != sdk.authorization {
			t.Fatalf("%s %s: %q, the SDK has %q", transport.seen.Method, transport.seen.URL, got, sdk.authorization)
		}
	})
}

// as puts the URL and the headers of another request in place of the SDK's own,
// before the SDK signs.
type as struct{ other *http.Request }

func (a as) Do(request *policy.Request) (*http.Response, error) {
	raw := request.Raw()
	raw.Method, raw.URL = a.other.Method, a.other.URL
	raw.Header = http.Header{}
	for name, values := range a.other.Header {
		if name != "Authorization" {
			raw.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if md5 := raw.Header.Get("Content-Md5"); md5 != "" {
		raw.Header["Content-MD5"] = []string{md5}
	}
	if a.other.ContentLength > 0 {
		raw.Header.Set("Content-Length", strconv.FormatInt(a.other.ContentLength, 10))
	}
	return request.Next()
}

// tokens gives out numbered tokens.
type tokens struct {
	mu    sync.Mutex
	given int
}

func (c *tokens) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given++
	return azcore.AccessToken{Token: strings.Join(o.Scopes, " ") + "#" + string(rune('0'+c.given)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// A token is kept, and replaced once when the service does not take it.
func TestTokens(t *testing.T) {
	t.Parallel()
	var seen []string
	refuse := false
	url := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		if refuse {
			refuse = false
			w.Header().Set("X-Ms-Error-Code", "InvalidAuthenticationInfo")
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	source := &tokens{}
	target := open(t, blob.Options{URL: url + "/a/c", Credential: blob.Token(source)})
	for range 3 {
		if _, err := target.Head(t.Context(), "n"); err != nil {
			t.Fatal(err)
		}
	}
	refuse = true
	if _, err := target.Head(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	const scope = "Bearer https://storage.azure.com/.default#"
	if want := []string{scope + "1", scope + "1", scope + "1", scope + "1", scope + "2"}; strings.Join(seen, "|") != strings.Join(want, "|") {
		t.Errorf("%q", seen)
	}
	for address, kind := range map[string]fault.Kind{"http://account.example.com/c": fault.Refused, "https://account.example.com/": fault.Invalid, "ftp://x/c": fault.Invalid, "https://a/c?sig=x": fault.Invalid} {
		if _, err := blob.New(blob.Options{URL: address, Credential: blob.Token(source)}); !fault.Is(err, kind) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := blob.SharedKey("a", "not base64!"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a key: %v", err)
	}
}

// A shared access signature opens a real container, and its absence does not.
func TestSAS(t *testing.T) {
	t.Parallel()
	account := testkit.Azurite(t)
	o := azurite(t, account)
	credential, err := azblob.NewSharedKeyCredential(account.Name, account.Key)
	if err != nil {
		t.Fatal(err)
	}
	o.Credential = blob.SAS("?" + sasToken(t, credential, o.URL[strings.LastIndex(o.URL, "/")+1:]))
	target := open(t, o)
	if _, err := target.Put(t.Context(), object.Write{Name: "a b/c"}, []byte("x"), crc([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	if page, err := target.Page(t.Context(), "", "", ""); err != nil || len(page.Items) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	o.Credential = blob.SAS("sv=2021-08-06&sig=bm8%3D")
	_, err = open(t, o).Put(t.Context(), object.Write{Name: "n"}, []byte("x"), object.Sums{})
	if !fault.Is(err, fault.Denied) || strings.Contains(err.Error(), "bm8") {
		t.Errorf("a bad signature: %v", err)
	}
}

func sasToken(t *testing.T, credential *azblob.SharedKeyCredential, container string) string {
	t.Helper()
	values := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, ExpiryTime: time.Now().UTC().Add(time.Hour), ContainerName: container,
		Permissions: (&sas.ContainerPermissions{Read: true, Write: true, Create: true, List: true, Delete: true, Tag: true}).String(),
	}
	query, err := values.SignWithSharedKey(credential)
	if err != nil {
		t.Fatal(err)
	}
	return query.Encode()
}
