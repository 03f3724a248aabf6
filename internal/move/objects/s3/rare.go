package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/object"
)

// Tags reads the tags of an object.
func (s *Source) Tags(ctx context.Context, ref object.Ref) (map[string]string, error) {
	query := "tagging="
	if v := version(ref); v != "" {
		query += "&" + v
	}
	response, err := s.do(ctx, ask{op: "read the tags of object", method: http.MethodGet, key: ref.Key, query: query})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	tags := map[string]string{}
	var key, value string
	scan := markup.NewScanner(response.Body)
	for kind := scan.Step(); kind != markup.End; kind = scan.Step() {
		switch {
		case kind == markup.Open && string(scan.Name()) == "Tag":
			key, value = "", ""
		case kind != markup.Close:
		case string(scan.Name()) == "Key":
			key = string(scan.Text())
		case string(scan.Name()) == "Value":
			value = string(scan.Text())
		case string(scan.Name()) == "Tag":
			tags[key] = value
		}
	}
	if scan.Err() != nil {
		return nil, fault.Of(fault.Unavailable, "read the tags of object", s.bucket+"/"+ref.Key, scan.Err())
	}
	return tags, nil
}

// Restore asks for an archived object to be readable. Of the archive tiers of
// INTELLIGENT_TIERING it becomes so for good, and S3 refuses a number of days:
// there it is 0 (Amazon S3 API Reference, "RestoreObject").
func (s *Source) Restore(ctx context.Context, ref object.Ref, days int, tier string) error {
	span := ""
	if days > 0 {
		span = "<Days>" + strconv.Itoa(days) + "</Days>"
	}
	body := []byte(`<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + span +
		`<GlacierJobParameters><Tier>` + tier + `</Tier></GlacierJobParameters></RestoreRequest>`)
	switch {
	case tier != "Standard" && tier != "Bulk" && tier != "Expedited":
		return fault.Newf(fault.Usage, "restore object: no such tier %q: Standard, Bulk or Expedited", tier)
	case days < 0:
		return fault.Newf(fault.Usage, "restore object for %d days", days)
	}
	query := "restore="
	if v := version(ref); v != "" {
		query += "&" + v
	}
	hash := sha256.Sum256(body)
	a := ask{op: "restore object", method: http.MethodPost, key: ref.Key, query: query, body: body, bodyHash: hex.EncodeToString(hash[:]),
		headers: []header{{"Content-Type", "application/xml"}}}
	response, err := s.do(ctx, a)
	if fault.Is(err, fault.Conflict) {
		return nil // RestoreAlreadyInProgress
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// longestPresign is a week (Amazon S3 API Reference, "Authenticating Requests:
// Using Query Parameters").
const longestPresign = 7 * 24 * time.Hour

// Presign returns a URL that reads the object, or, of a public bucket that is
// read without credentials, its plain one.
func (s *Source) Presign(ctx context.Context, ref object.Ref, valid time.Duration) (string, error) {
	if valid < time.Second || valid > longestPresign {
		return "", fault.Newf(fault.Usage, "presign object for %s: between a second and a week", valid)
	}
	r := s.unsigned(ctx, ask{method: http.MethodGet, key: ref.Key, query: version(ref)})
	r.Header = http.Header{}
	if s.options.Anonymous {
		return r.URL.String(), nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", fault.Of(fault.Invalid, "presign object", ref.Key, err)
	}
	query.Set("X-Amz-Expires", strconv.FormatInt(int64(valid/time.Second), 10))
	if s.options.RequesterPays {
		query.Set("x-amz-request-payer", "requester")
	}
	r.URL.RawQuery = query.Encode()
	credentials, err := s.credentials(ctx)
	if err != nil {
		return "", err
	}
	where := s.site.Load()
	signed, _, err := s.signer.PresignHTTP(ctx, credentials, r, "UNSIGNED-PAYLOAD", where.service, where.region, s.clock())
	if err != nil {
		return "", fault.Of(fault.Invalid, "presign object", ref.Key, err)
	}
	return signed, nil
}

// Parts returns the sizes of the parts of an upload. S3 says how long the first
// is and how many there are; uploaders make all but the last of one size. Where
// that does not add up, and there are few, each is asked for.
func (s *Source) Parts(ctx context.Context, ref object.Ref) ([]int64, error) {
	whole, err := s.Head(ctx, ref)
	if err != nil {
		return nil, err
	}
	if whole.Parts <= 1 {
		return []int64{whole.Size}, nil
	}
	size, count, err := s.part(ctx, ref, 1)
	if err != nil || count != whole.Parts {
		return nil, err
	}
	if sizes, ok := checksum.EqualParts(whole.Size, size, count); ok {
		return sizes, nil
	}
	const few = 100
	if count > few {
		return nil, nil
	}
	sizes, sum := []int64{size}, size
	for n := 2; n <= count; n++ {
		if size, _, err = s.part(ctx, ref, n); err != nil {
			return nil, err
		}
		sizes, sum = append(sizes, size), sum+size
	}
	if sum != whole.Size {
		return nil, nil
	}
	return sizes, nil
}

// part returns the size of one part, and how many there are.
func (s *Source) part(ctx context.Context, ref object.Ref, number int) (size int64, count int, err error) {
	query := "partNumber=" + strconv.Itoa(number)
	if v := version(ref); v != "" {
		query += "&" + v
	}
	response, err := s.head(ctx, ref, query)
	if err != nil {
		return 0, 0, err
	}
	count, _ = strconv.Atoi(first(response.Header, "X-Amz-Mp-Parts-Count"))
	return response.ContentLength, count, nil
}
