package part

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"time"
)

// MakeForTest makes a queue or a table.
func MakeForTest(ctx context.Context, s Site, account, key, kind, name string) error {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return err
	}
	p := purge{site: s, account: account, key: raw}
	if kind == "queue" {
		_, err := p.send(ctx, http.MethodPut, AzuriteQueue, "/"+name, nil)
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(AzuriteTable)+"/"+account+"/Tables", nil)
	if err != nil {
		return err
	}
	body := []byte(`{"TableName":"` + name + `"}`)
	date := time.Now().UTC().Format(http.TimeFormat)
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	req.Header.Set("x-ms-date", date)
	req.Header.Set("x-ms-version", "2021-10-04")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json;odata=nometadata")
	req.Header.Set("Authorization", "SharedKeyLite "+account+":"+p.sign(date+"\n/"+account+req.URL.EscapedPath()))
	answer, err := exchange(req)
	if err == nil && answer.status >= 300 {
		err = answer.refused(req)
	}
	return err
}

// CountForTest counts the containers, queues and tables of an account.
func CountForTest(ctx context.Context, s Site, account, key string) (int, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return 0, err
	}
	p := purge{site: s, account: account, key: raw}
	count := 0
	for _, socket := range []int{AzuriteBlob, AzuriteQueue} {
		answer, err := p.send(ctx, http.MethodGet, socket, "/", url.Values{"comp": {"list"}})
		if err != nil {
			return 0, err
		}
		var page listing
		if err := xml.Unmarshal(answer.body, &page); err != nil {
			return 0, err
		}
		count += len(page.Containers) + len(page.Queues)
	}
	answer, err := p.send(ctx, http.MethodGet, AzuriteTable, "/Tables", nil)
	if err != nil {
		return 0, err
	}
	var page struct{ Value []any }
	err = json.Unmarshal(answer.body, &page)
	return count + len(page.Value), err
}
