package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// smallEvery is how many files a day the bucket's and the CDN's logs have.
const smallEvery = 6 * time.Hour

// smallLogs writes the server access log of the covers bucket and the standard
// log of the distribution: a sample of what the shop's customers fetched.
func (j *dayJob) smallLogs(ctx context.Context) error {
	first, end := j.m.binStart(j.first), j.m.binStart(j.end-1).Add(bin)
	for at := first.Truncate(smallEvery); at.Before(end); at = at.Add(smallEvery) {
		from, to := at, at.Add(smallEvery)
		if from.Before(first) {
			from = first
		}
		if to.After(end) {
			to = end
		}
		if !from.Before(to) {
			continue
		}
		if err := j.bucketLog(ctx, from, to); err != nil {
			return err
		}
		if err := j.cdnLog(ctx, from, to); err != nil {
			return err
		}
	}
	return nil
}

// moments draws ordered times between two others.
func moments(r *rand.Rand, from, to time.Time, number int) []time.Time {
	list := make([]time.Time, number)
	step := to.Sub(from) / time.Duration(max(number, 1))
	for i := range list {
		list[i] = from.Add(step*time.Duration(i) + time.Duration(r.Int64N(int64(max(step, 1)))))
	}
	return list
}

// bucketLog is in the format of Amazon S3 server access logs. Their keys have
// no partitions: the prefix, the time and a tag.
func (j *dayJob) bucketLog(ctx context.Context, from, to time.Time) error {
	r := j.m.random("bucket-log", from.Unix())
	w := &j.m.World
	var b strings.Builder
	owner := j.m.owner()
	for _, at := range moments(r, from, to, 20+poisson(r, 40*level(from))) {
		key := fmt.Sprintf("covers/%d.jpg", popular(r, j.m.Objects))
		app := j.m.app(r.IntN(2))
		requester := fmt.Sprintf("arn:aws:sts::%s:assumed-role/bookshop-instance/%s", w.Account, app.Instance)
		size := int64(lognormal(r, 38_000, 0.3))
		fmt.Fprintf(&b, "%s %s [%s] %s %s %s REST.GET.OBJECT %s \"GET /%s HTTP/1.1\" 200 - %d %d %d %d \"-\" \"%s\" - %s SigV4 TLS_AES_128_GCM_SHA256 AuthHeader %s.s3.%s.amazonaws.com TLSv1.3 - -\n",
			owner, w.Covers, at.Format("02/Jan/2006:15:04:05 -0700"), app.Address, requester, strings.ToUpper(strconv.FormatUint(r.Uint64(), 36)), key, key,
			size, size, 8+r.IntN(40), 4+r.IntN(20), goSDK, strconv.FormatUint(r.Uint64(), 36), w.Covers, w.Region)
		j.truth.BucketLines++
	}
	j.truth.Files++
	key := "s3/covers/" + to.Format("2006-01-02-15-04-05") + "-" + strings.ToUpper(j.m.tag("bucket-log", from.Unix(), 16))
	return j.sink.Put(ctx, File{Bucket: w.Logs, Key: key, ContentType: "text/plain", Body: []byte(b.String())})
}

// owner is the canonical user id of the account.
func (m *model) owner() string {
	r := m.random("owner", 0)
	return fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
}

// cdnFields are those of CloudFront standard logs, version 1.0.
func cdnFields() []string {
	return strings.Fields(`date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type
x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status
fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end`)
}

func (j *dayJob) cdnLog(ctx context.Context, from, to time.Time) error {
	r := j.m.random("cdn-log", from.Unix())
	w := &j.m.World
	var b strings.Builder
	b.WriteString("#Version: 1.0\n#Fields: " + strings.Join(cdnFields(), " ") + "\n")
	for _, at := range moments(r, from, to, 30+poisson(r, 55*level(from))) {
		result := "Hit"
		if r.IntN(12) == 0 {
			result = "Miss"
		}
		size := int64(lognormal(r, 38_000, 0.3))
		fmt.Fprintf(&b, "%s\tIAD89-C1\t%d\t%s\tGET\t%s\t/covers/%d.jpg\t200\thttps://%s/\tMozilla/5.0%%20(X11;%%20Linux%%20x86_64)\t-\t-\t%s\t%s==\tstatic.bookshop.example\thttps\t%d\t0.%03d\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\t%s\tHTTP/2.0\t-\t-\t%d\t0.%03d\t%s\timage/jpeg\t%d\t-\t-\n",
			at.Format("2006-01-02\t15:04:05"), size+420, j.m.clients[r.IntN(len(j.m.clients))], w.DistributionDomain, popular(r, j.m.Objects), w.ShopName,
			result, j.m.tag("cdn-request", at.UnixNano(), 54), 60+r.IntN(90), 1+r.IntN(80), result, 1024+r.IntN(60_000), 1+r.IntN(60), result, size)
		j.truth.CDNLines++
	}
	body, err := j.pack.pack([]byte(b.String()))
	if err != nil {
		return err
	}
	j.truth.Files++
	key := "cdn/" + w.Distribution + "." + from.Format("2006-01-02-15") + "." + j.m.tag("cdn", from.Unix(), 8) + ".gz"
	return j.sink.Put(ctx, File{Bucket: w.Logs, Key: key, ContentType: "application/gzip", Body: body})
}
