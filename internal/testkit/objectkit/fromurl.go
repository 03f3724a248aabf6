package objectkit

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/testkit"
)

// FromURL returns a front of Azurite that carries out Put Block From URL with a
// source that is not Azurite: it fetches the range itself and stages it as an
// ordinary block under the account's key. All else goes through untouched.
//
// It is no Azure. What it shows is that the mover asks in the documented form
// and makes the right use of the answer; whether Azure can reach a source, and
// how fast it fetches, it cannot show. Facts relied on: Azure Storage REST
// reference, "Put Block From URL" (x-ms-copy-source, x-ms-source-range, the
// answer's x-ms-content-crc64, CannotVerifyCopySource with the status of the
// source in x-ms-copy-source-status-code).
func FromURL(account testkit.AzuriteAccount) (http.Handler, error) {
	backend, err := url.Parse(account.BlobURL)
	if err != nil {
		return nil, err
	}
	credential, err := blob.NewSharedKeyCredential(account.Name, account.Key)
	if err != nil {
		return nil, err
	}
	f := &fromURL{credential: credential, root: backend.Scheme + "://" + backend.Host, client: &http.Transport{Proxy: nil, DisableCompression: true}}
	f.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = backend.Scheme, backend.Host, p.In.Host
			p.Out.Header = asGiven(p.Out.Header)
		},
		Transport: f.client,
	}
	return f, nil
}

type fromURL struct {
	credential *blob.SharedKeyCredential
	root       string
	client     *http.Transport
	proxy      *httputil.ReverseProxy
}

// longestBlock bounds what is held of one block.
const longestBlock = 256 << 20

func (f *fromURL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	source := r.Header.Get("X-Ms-Copy-Source")
	if OperationOfBlob(r) != "PutBlockFromURL" || strings.HasPrefix(source, f.root) {
		f.proxy.ServeHTTP(w, r)
		return
	}
	content, err := f.fetch(r, source)
	if err == nil {
		err = f.stage(r, content)
	}
	if no, ok := err.(*sourceRefusal); ok {
		w.Header().Set("X-Ms-Copy-Source-Status-Code", fmt.Sprint(no.status))
		refuse(w, &refusal{http.StatusNotFound, "CannotVerifyCopySource"})
		return
	}
	if err != nil {
		refuse(w, &refusal{http.StatusInternalServerError, "InternalError"})
		return
	}
	w.Header().Set("X-Ms-Content-Crc64", checksum.AzureCRC64(checksum.CRC64(content)))
	w.WriteHeader(http.StatusCreated)
}

// sourceRefusal is a source that answered something else.
type sourceRefusal struct{ status int }

func (s *sourceRefusal) Error() string { return fmt.Sprintf("the source answers HTTP %d", s.status) }

func (f *fromURL) fetch(r *http.Request, source string) ([]byte, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	want := http.StatusOK
	if span := r.Header.Get("X-Ms-Source-Range"); span != "" {
		request.Header.Set("Range", span)
		want = http.StatusPartialContent
	}
	answer, err := f.client.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		return nil, &sourceRefusal{answer.StatusCode}
	}
	return io.ReadAll(io.LimitReader(answer.Body, longestBlock))
}

func (f *fromURL) stage(r *http.Request, content []byte) error {
	client, err := blockblob.NewClientWithSharedKeyCredential(f.root+r.URL.EscapedPath(), f.credential, nil)
	if err != nil {
		return err
	}
	_, err = client.StageBlock(r.Context(), r.URL.Query().Get("blockid"), streaming.NopCloser(bytes.NewReader(content)), nil)
	return err
}
