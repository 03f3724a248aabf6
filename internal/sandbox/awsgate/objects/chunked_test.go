package objects

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// What the writer writes, the reader reads, in exactly the announced length,
// however the data comes and is taken.
func TestChunksRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{0, 1, 100, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5}).Draw(t, "size")
		data := bytes.Repeat([]byte("abc\r\n0"), size/6+1)[:size]
		trailer, values := "", http.Header{}
		if rapid.Bool().Draw(t, "trailer") {
			trailer = "x-amz-checksum-crc32"
			values.Set(trailer, "AAAAAA==")
		}
		var source io.Reader = bytes.NewReader(data)
		if rapid.Bool().Draw(t, "slow") && size < 200 {
			source = iotest.OneByteReader(source)
		}
		writer, total, err := newChunkWriter(source, int64(size), trailer, values)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := io.ReadAll(writer)
		if err != nil || int64(len(encoded)) != total {
			t.Fatalf("%d bytes, announced %d, %v", len(encoded), total, err)
		}
		var again io.Reader = bytes.NewReader(encoded)
		if size < 200 {
			again = iotest.OneByteReader(again)
		}
		reader := newChunkReader(again, int64(size))
		back, err := io.ReadAll(reader)
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%d bytes come back, %v", len(back), err)
		}
		if got := reader.trailer.Get("X-Amz-Checksum-Crc32"); trailer != "" && got != "AAAAAA==" {
			t.Fatalf("trailer %q", got)
		}
	})
}

func TestBrokenChunks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want int64
		code string
	}{
		"nothing":         {"", 0, "IncompleteBody"},
		"no size":         {"zz\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError"},
		"negative":        {"-3\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError"},
		"too little":      {"3\r\nab", 3, "IncompleteBody"},
		"no line end":     {"3\r\nabcd\r\n0\r\n\r\n", 3, "IncompleteBody"},
		"no last chunk":   {"3\r\nabc\r\n", 3, "IncompleteBody"},
		"more than said":  {"5\r\nabcde\r\n0\r\n\r\n", 3, "IncompleteBody"},
		"less than said":  {"3\r\nabc\r\n0\r\n\r\n", 4, "IncompleteBody"},
		"a bad trailer":   {"0\r\nno colon\r\n\r\n", 0, "MalformedTrailerError"},
		"an endless head": {strings.Repeat("1", 10_000), 3, "InvalidChunkSizeError"},
		"endless trailer": {"0\r\n" + strings.Repeat("a: b\r\n", 100), 0, "MalformedTrailerError"},
	} {
		_, err := io.ReadAll(newChunkReader(strings.NewReader(c.text), c.want))
		e, ok := errors.AsType[*awsapi.Error](err)
		if !ok || e.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for name, text := range map[string]string{"no last line end": "3;chunk-signature=0\r\nabc\r\n0;chunk-signature=0\r\n", "plain line ends": "3\nabc\r\n0\r\n\r\n"} {
		if got, err := io.ReadAll(newChunkReader(strings.NewReader(text), 3)); err != nil || string(got) != "abc" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzChunkReader(f *testing.F) {
	f.Add("3;chunk-signature=0\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", int64(3))
	f.Fuzz(func(t *testing.T, text string, want int64) {
		data, err := io.ReadAll(newChunkReader(strings.NewReader(text), want))
		if err == nil && want >= 0 && int64(len(data)) != want {
			t.Errorf("%d bytes without an error, want %d", len(data), want)
		}
	})
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	upper := func(name, value string) (string, error) {
		if name == "Key" {
			return strings.ToUpper(value), nil
		}
		return value, nil
	}
	for text, want := range map[string]string{
		`<?xml version="1.0"?><R xmlns="n"><Key>a&amp;b</Key><K/><Other>c</Other></R>`: `<?xml version="1.0"?><R xmlns="n"><Key>A&amp;B</Key><K/><Other>c</Other></R>`,
		`<R><Key></Key><Key>&#xD;x</Key></R>`:                                          `<R><Key></Key><Key>&#xD;X</Key></R>`,
		`<R><s3:Key>a</s3:Key><Key>A</Key></R>`:                                        `<R><s3:Key>A</s3:Key><Key>A</Key></R>`,
		`no XML`:                                                                       `no XML`,
	} {
		if got, err := translate([]byte(text), upper); err != nil || string(got) != want {
			t.Errorf("%s\ngives %s, %v\nwant  %s", text, got, err, want)
		}
	}
	for _, text := range []string{"<R", "<R><Key>&nope;</Key></R>", "<R><!-- <Key>a</Key> --></R>", "<R><Key><![CDATA[a]]></Key></R>"} {
		if got, err := translate([]byte(text), upper); err == nil {
			t.Errorf("%s gives %s", text, got)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add([]byte(`<R><Key>a</Key></R>`))
	f.Add([]byte(`<`))
	f.Fuzz(func(t *testing.T, text []byte) {
		same, err := translate(text, func(_, value string) (string, error) { return value, nil })
		if err == nil && !bytes.Equal(same, text) {
			t.Errorf("%q becomes %q", text, same)
		}
	})
}

func TestCopySource(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"b/k":                     "b/k",
		"/b/a%2Fb%20c":            "b/a-/b-%21%24%2Cc",
		"b/a//b?versionId=x":      "b/a-/-/b?versionId=x",
		"b/100%":                  "b/100-%25",
		"b/%C3%A9?versionId=null": "b/%C3%A9?versionId=null",
		"b":                       "", "b/": "", "/": "", "": "", "arn:aws:s3:us-east-1:1:accesspoint/x/object/k": "",
	} {
		header := http.Header{"X-Amz-Copy-Source": {given}}
		err := copySource(header)
		if (err == nil) != (want != "") || err == nil && header.Get("X-Amz-Copy-Source") != want {
			t.Errorf("%q becomes %q, %v; want %q", given, header.Get("X-Amz-Copy-Source"), err, want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	text := []byte("123456789")
	// The check values of the CRC catalogue, in big endian base64.
	header := http.Header{"X-Amz-Checksum-Crc32": {"y/Q5Jg=="}, "X-Amz-Checksum-Crc32c": {"4waSgw=="}, "Content-Md5": {md5Of(text)},
		"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}, "X-Other": {"kept"}}
	if err := verify(header, text); err != nil || len(header["X-Other"]) != 1 || header.Get("X-Amz-Checksum-Crc32") != "" {
		t.Errorf("%v, %v", err, header)
	}
	for _, name := range []string{"Content-Md5", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Rot13"} {
		if err := verify(http.Header{name: {"AAAA"}}, text); err == nil {
			t.Errorf("a wrong %s is not found", name)
		}
	}
}

func TestVersionFilter(t *testing.T) {
	t.Parallel()
	stored := func() *storedVersions {
		return &storedVersions{
			Versions:      []versionEntry{{Key: "a", VersionID: "02"}, {Key: "a", VersionID: "03", IsLatest: true}, {Key: "b", VersionID: "null", LastModified: "2026-01-01"}, {Key: "b", VersionID: "01", LastModified: "2026-01-02"}},
			DeleteMarkers: []versionEntry{{Key: "a", VersionID: "01"}},
		}
	}
	for name, c := range map[string]struct {
		list versionList
		want string
	}{
		"all":             {versionList{}, "a03 a02 a01 b01 bnull"},
		"after a version": {versionList{keyMarker: "a", versionMarker: "02"}, "a01 b01 bnull"},
		"after a key":     {versionList{keyMarker: "a"}, "b01 bnull"},
		"between keys":    {versionList{keyMarker: "aa"}, "b01 bnull"},
		"after the last":  {versionList{keyMarker: "b", versionMarker: "null"}, ""},
	} {
		filter := newVersionFilter(&c.list)
		var got []string
		for _, e := range append(filter.unseen(stored()), filter.unseen(stored())...) {
			got = append(got, e.Key+e.VersionID)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	r := &http.Request{Header: http.Header{"Authorization": {"x"}, "X-Amz-Date": {"x"}, "X-Amz-Security-Token": {"x"}, "X-Amz-Meta-A": {"b"}, "Content-Type": {"t"},
		"Content-Encoding": {"gzip, aws-chunked"}, "X-Amz-Decoded-Content-Length": {"1"}, "Expect": {"100-continue"}, "If-Match": {"e"}}}
	header, params := forwarded(r, map[string][]string{"X-Amz-Signature": {"s"}, "x-id": {"GetObject"}, "versionId": {"v"}, "response-content-type": {"t"}})
	var names []string
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := fmt.Sprint(names, header.Get("Content-Encoding"), params.Encode()); got != "[Content-Encoding Content-Type If-Match X-Amz-Meta-A]gzipresponse-content-type=t&versionId=v" {
		t.Error(got)
	}
}
