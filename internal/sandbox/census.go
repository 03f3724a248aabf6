package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
)

// Census is what stands on the AWS side of a sandbox at some moment. Objects,
// tables and rows are counted there and then; the rest is what the seed
// reported when it made it.
type Census struct {
	// Services counts resources by service.
	Services map[string]int `json:"services"`
	// Resources is the sum of Services.
	Resources int `json:"resources"`
	// Buckets, Objects and ObjectBytes are listed; versions do not count.
	Buckets     int   `json:"buckets"`
	Objects     int   `json:"objects"`
	ObjectBytes int64 `json:"objectBytes"`
	// Tables and Rows of the workload's database, partitions once.
	Tables int   `json:"tables"`
	Rows   int64 `json:"rows"`
	// LogLines, MetricSeries and TrailEvents of the history.
	LogLines     int `json:"logLines"`
	MetricSeries int `json:"metricSeries"`
	TrailEvents  int `json:"trailEvents"`
}

// TakeCensus counts what stands on the AWS side of the workspace's sandbox,
// which must be ready.
func TakeCensus(ctx context.Context, workspace string) (Census, error) {
	values, l, err := environment(ctx, workspace)
	if err != nil {
		return Census{}, err
	}
	var c Census
	// The seed's summary has the same names for these.
	if err := readJSON(l.seeded(), &c); err != nil {
		return Census{}, err
	}
	c.Objects = 0
	for _, service := range slices.Sorted(maps.Keys(c.Services)) {
		c.Resources += c.Services[service]
	}
	if err := c.countObjects(ctx, values); err != nil {
		return Census{}, err
	}
	return c, c.countRows(ctx, values["LANDFALL_SANDBOX_SOURCE_DATABASE"])
}

// environment returns the sandbox's variables by name.
func environment(ctx context.Context, workspace string) (map[string]string, layout, error) {
	l, err := newLayout(workspace)
	if err != nil {
		return nil, l, err
	}
	list, err := Env(ctx, workspace)
	if err != nil {
		return nil, l, err
	}
	values := make(map[string]string, len(list))
	for _, v := range list {
		values[v.Name] = v.Value
	}
	return values, l, nil
}

func (c *Census) countObjects(ctx context.Context, env map[string]string) error {
	client := s3.New(s3.Options{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	})
	buckets, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return fault.Of(fault.Unavailable, "list buckets of the sandbox", "", err)
	}
	for _, bucket := range buckets.Buckets {
		c.Buckets++
		// A key may hold characters that XML 1.0 cannot; S3 then wants to be
		// asked for URL-encoded keys.
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket.Name, EncodingType: types.EncodingTypeUrl})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fault.Of(fault.Unavailable, "list bucket", aws.ToString(bucket.Name), err)
			}
			c.Objects += len(page.Contents)
			for _, object := range page.Contents {
				c.ObjectBytes += aws.ToInt64(object.Size)
			}
		}
	}
	return nil
}

// tablesQuery lists ordinary and partitioned tables but no partitions: a
// partitioned table answers for the rows of its partitions, so each row counts
// once.
const tablesQuery = `
	SELECT format('%I.%I', n.nspname, c.relname)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
	ORDER BY 1`

func (c *Census) countRows(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fault.Of(fault.Unavailable, "connect to the sandbox's database", "", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // only read
	rows, err := conn.Query(ctx, tablesQuery)
	if err != nil {
		return fault.Of(fault.Unavailable, "list tables", "", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fault.Of(fault.Unavailable, "list tables", "", err)
	}
	for _, t := range tables { // names are quoted by the server's format()
		var n int64
		if err := conn.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s", t)).Scan(&n); err != nil {
			return fault.Of(fault.Unavailable, "count rows of", t, err)
		}
		c.Rows += n
		c.Tables++
	}
	return nil
}
