package azureaccount

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Account is a storage account. The zero value is none.
type Account struct {
	Name          string
	BlobEndpoint  string // without a slash at the end
	QueueEndpoint string
	key           []byte
}

// Settings are what the environment says. ConnectionString wins over Name and
// Key; BlobEndpoint and QueueEndpoint win over what it says.
type Settings struct {
	ConnectionString            string // AZURE_STORAGE_CONNECTION_STRING
	Name, Key                   string // AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY
	BlobEndpoint, QueueEndpoint string // BOOKSHOP_BLOB_ENDPOINT, BOOKSHOP_QUEUE_ENDPOINT
}

// New reads the settings. want is the account that the shop was configured to
// use; credentials for another one are refused here rather than by a puzzling
// 403 later.
func New(settings Settings, want string) (Account, error) {
	fields, err := split(settings.ConnectionString)
	if err != nil {
		return Account{}, err
	}
	pick := func(values ...string) string {
		return values[max(0, slices.IndexFunc(values, func(v string) bool { return v != "" }))]
	}
	account := Account{Name: pick(fields["accountname"], settings.Name)}
	if account.Name != want {
		return Account{}, trouble.Of(trouble.Usage, "use storage account", want,
			fmt.Errorf("the credentials are for account %q: set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY", account.Name))
	}
	account.key, err = base64.StdEncoding.DecodeString(pick(fields["accountkey"], settings.Key))
	if err != nil || len(account.key) == 0 {
		// The cause is left out: it would quote a piece of the key.
		return Account{}, trouble.Of(trouble.Usage, "use storage account", want,
			fmt.Errorf("the account key is missing or not base64: set AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_KEY"))
	}
	scheme := pick(fields["defaultendpointsprotocol"], "https")
	suffix := pick(fields["endpointsuffix"], "core.windows.net")
	endpoint := func(service string) string { return scheme + "://" + want + "." + service + "." + suffix }
	account.BlobEndpoint = strings.TrimRight(pick(settings.BlobEndpoint, fields["blobendpoint"], endpoint("blob")), "/")
	account.QueueEndpoint = strings.TrimRight(pick(settings.QueueEndpoint, fields["queueendpoint"], endpoint("queue")), "/")
	return account, nil
}

// split reads a connection string, "Name=value;Name=value". Names are not
// case sensitive; values may hold '='.
func split(text string) (map[string]string, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		if !found {
			return nil, trouble.Of(trouble.Usage, "read AZURE_STORAGE_CONNECTION_STRING", "", fmt.Errorf("a part of it has no '='"))
		}
		fields[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return fields, nil
}

// KeyText returns the key in base64, as the SDK wants it.
func (a Account) KeyText() string { return base64.StdEncoding.EncodeToString(a.key) }

// Sign sets the Authorization header of a request whose other headers are
// complete (x-ms-date and x-ms-version among them).
func (a Account) Sign(r *http.Request) {
	mac := hmac.New(sha256.New, a.key)
	mac.Write([]byte(a.toSign(r)))
	r.Header.Set("Authorization", "SharedKey "+a.Name+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// toSign is the text under the signature, as Microsoft's page "Authorize with
// Shared Key" lays it down for the Blob, Queue and File services.
func (a Account) toSign(r *http.Request) string {
	length := ""
	if r.ContentLength > 0 { // since version 2015-02-21 a zero is left out
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	h := r.Header.Get
	lines := []string{r.Method, h("Content-Encoding"), h("Content-Language"), length, h("Content-MD5"), h("Content-Type"),
		"", // Date: x-ms-date is used instead
		h("If-Modified-Since"), h("If-Match"), h("If-None-Match"), h("If-Unmodified-Since"), h("Range")}
	var extra []string
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			extra = append(extra, name+":"+strings.Join(values, ","))
		}
	}
	slices.Sort(extra)
	resource := "/" + a.Name + r.URL.EscapedPath()
	var query []string
	for name, values := range r.URL.Query() {
		slices.Sort(values)
		query = append(query, strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	slices.Sort(query)
	lines = append(append(append(lines, extra...), resource), query...)
	return strings.Join(lines, "\n")
}
