package part

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// The listing of an account that is emptied: names on a page, so that a page
// stays below maxAnswerBytes, and pages at most.
const (
	pageNames = "1000"
	maxPages  = 5000
)

// PurgeAccount deletes every container, queue and table of an account. Azurite
// keeps what an account held when the account goes, and would show it to the
// next one of that name; Azure does not.
func PurgeAccount(ctx context.Context, s Site, account, key string) error {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return fault.Newf(fault.Invalid, "empty storage account %q: its key is not base64", account)
	}
	a := purge{site: s, account: account, key: raw}
	for _, socket := range []int{AzuriteBlob, AzuriteQueue} {
		if err := a.emptyXML(ctx, socket); err != nil {
			return fault.Wrap(err, "empty storage account", account)
		}
	}
	return fault.Wrap(a.emptyTables(ctx), "empty storage account", account)
}

type purge struct {
	site    Site
	account string
	key     []byte
}

// listing is what Blob and Queue answer to a listing of containers or queues.
type listing struct {
	Containers []string `xml:"Containers>Container>Name"`
	Queues     []string `xml:"Queues>Queue>Name"`
	Next       string   `xml:"NextMarker"`
}

func (p purge) emptyXML(ctx context.Context, socket int) error {
	for range maxPages {
		answer, err := p.send(ctx, http.MethodGet, socket, "/", url.Values{"comp": {"list"}, "maxresults": {pageNames}})
		if err != nil {
			return err
		}
		var page listing
		if err := xml.Unmarshal(answer.body, &page); err != nil {
			return fault.Of(fault.Unavailable, "read a listing of", p.account, err)
		}
		query := url.Values{}
		if socket == AzuriteBlob {
			query.Set("restype", "container")
		}
		for _, name := range append(page.Containers, page.Queues...) {
			if _, err := p.send(ctx, http.MethodDelete, socket, "/"+name, query); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
	}
	return fault.Newf(fault.Unsupported, "list more than %d pages", maxPages)
}

// emptyTables lists again until nothing is left: a listing of tables ends at
// 1,000 and goes on in headers.
func (p purge) emptyTables(ctx context.Context) error {
	for range maxPages {
		answer, err := p.send(ctx, http.MethodGet, AzuriteTable, "/Tables", nil)
		if err != nil {
			return err
		}
		var page struct {
			Value []struct{ TableName string }
		}
		if err := json.Unmarshal(answer.body, &page); err != nil {
			return fault.Of(fault.Unavailable, "read the tables of", p.account, err)
		}
		if len(page.Value) == 0 {
			return nil
		}
		for _, t := range page.Value {
			if _, err := p.send(ctx, http.MethodDelete, AzuriteTable, "/Tables('"+t.TableName+"')", nil); err != nil {
				return err
			}
		}
	}
	return fault.Newf(fault.Unsupported, "list more than %d pages", maxPages)
}

// send sends a signed request. A thing that is gone meanwhile is no error.
func (p purge) send(ctx context.Context, method string, socket int, path string, query url.Values) (answer, error) {
	u := p.site.URL(socket) + "/" + p.account + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u, nil)
	if err != nil {
		return answer{}, fault.Wrap(err, "ask azurite", "")
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	req.Header.Set("x-ms-date", date)
	req.Header.Set("x-ms-version", "2021-10-04")
	req.Header.Set("Accept", "application/json;odata=nometadata")
	text := sharedKeyText(req, p.account)
	if socket == AzuriteTable {
		text = date + "\n/" + p.account + req.URL.EscapedPath()
		req.Header.Set("Authorization", "SharedKeyLite "+p.account+":"+p.sign(text))
	} else {
		req.Header.Set("Authorization", "SharedKey "+p.account+":"+p.sign(text))
	}
	got, err := exchange(req)
	if err != nil {
		return answer{}, fault.Of(fault.Unavailable, "ask azurite", "", err)
	}
	if got.status >= 300 && got.status != http.StatusNotFound {
		return answer{}, got.refused(req)
	}
	return got, nil
}

func (p purge) sign(text string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// sharedKeyText is the string to sign of a request without a body ("Authorize
// with Shared Key" in the Azure Storage reference): the method, eleven headers
// that are empty here, the x-ms headers, and the resource with its query.
func sharedKeyText(req *http.Request, account string) string {
	var b strings.Builder
	b.WriteString(req.Method + strings.Repeat("\n", 12))
	b.WriteString("x-ms-date:" + req.Header.Get("x-ms-date") + "\nx-ms-version:" + req.Header.Get("x-ms-version") + "\n")
	b.WriteString("/" + account + req.URL.EscapedPath())
	query := req.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		b.WriteString("\n" + strings.ToLower(name) + ":" + strings.Join(query[name], ","))
	}
	return b.String()
}
