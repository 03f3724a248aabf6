package seed

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
)

// Options say where to seed and how much.
type Options struct {
	// AWS is the configuration of every client; its endpoint is the sandbox's.
	AWS aws.Config
	// Admin is the base of the sandbox's admin endpoints
	// ("http://127.0.0.1:4566/_landfall/"). Nil leaves out what only they can
	// take: metric history, past CloudTrail records and node inventory.
	Admin   *url.URL
	Account cloud.Account
	Region  cloud.Region
	// DatabaseHost and DatabasePort are the real PostgreSQL behind the RDS
	// instance. The port is also that of the instance. The host is written
	// nowhere: a real account knows only the endpoint's name, which the
	// sandbox's name server turns into this host.
	DatabaseHost     string
	DatabasePort     int
	DatabasePassword string
	// FrontPort is where the shop's entrance listens on loopback.
	FrontPort int
	// Objects is how many covers the shop will stock; the history says so.
	Objects int
	// HistoryDays is how far back the history reaches; 0 means 14.
	HistoryDays int
	Seed        uint64
	// Now is where the history ends.
	Now time.Time
	// Progress hears about finished work; nil is silence. It is called from
	// several goroutines.
	Progress func(stage string, done, total int)
	Log      *slog.Logger
}

// defaultDays is two weeks: two of every weekday.
const defaultDays = 14

// Run seeds the account and says what it made. An account that holds a seed
// already, whole or broken off, is refused with fault.Conflict before anything
// is changed. After any other error the account is half seeded and has to be
// thrown away; a cancelled context is such an error.
func Run(ctx context.Context, o Options) (Summary, error) {
	if err := o.complete(); err != nil {
		return Summary{}, err
	}
	s := &seeder{clients: newClients(o), o: o, log: o.Log, ids: map[string]string{}}
	if err := s.refuseSecond(ctx); err != nil {
		return Summary{}, err
	}
	began := time.Now()
	if err := s.build(ctx); err != nil {
		return Summary{}, err
	}
	s.log.Info("made resources", "count", len(s.resources), "seconds", time.Since(began).Seconds())
	sum := s.summary()
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return s.putObjects(inner) })
	group.Go(func() error { return s.writeHistory(inner, &sum) })
	if err := group.Wait(); err != nil {
		return Summary{}, err
	}
	sum.Objects = s.objects
	s.log.Info("seeded the account", "objects", sum.Objects, "logLines", sum.LogLines, "seconds", time.Since(began).Seconds())
	return sum, nil
}

// complete checks the options and fills in what was left out.
func (o *Options) complete() error {
	switch {
	case o.Account == "" || o.Region == "":
		return fault.Newf(fault.Usage, "seed an account: account and region are required")
	case o.DatabasePort < 1 || o.DatabasePort > 65_535:
		return fault.Newf(fault.Usage, "seed an account: database port %d is out of range", o.DatabasePort)
	case o.DatabasePassword == "":
		return fault.Newf(fault.Usage, "seed an account: the database password is required")
	case o.Now.IsZero():
		return fault.Newf(fault.Usage, "seed an account: the time at which the history ends is required")
	case o.Objects < 0:
		return fault.Newf(fault.Usage, "seed an account: %d objects", o.Objects)
	}
	if o.HistoryDays == 0 {
		o.HistoryDays = defaultDays
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	o.Now = o.Now.UTC()
	return nil
}

// refuseSecond looks for the two things a seed makes first. The control plane
// and the object store are two servers, and either may have outlived the other.
func (s *seeder) refuseSecond(ctx context.Context) error {
	vpcs, err := s.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: []types.Filter{{Name: aws.String("tag:workload"), Values: []string{string(bookshop)}}}})
	if err != nil {
		return callFault(err, "ec2 DescribeVpcs")
	}
	if len(vpcs.Vpcs) > 0 {
		return alreadySeeded("VPC", aws.ToString(vpcs.Vpcs[0].VpcId))
	}
	existing, err := s.s3.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return callFault(err, "s3 ListBuckets")
	}
	for _, b := range existing.Buckets {
		for _, row := range buckets() {
			if aws.ToString(b.Name) == s.bucket(row.name) {
				return alreadySeeded("bucket", s.bucket(row.name))
			}
		}
	}
	return nil
}

func alreadySeeded(kind, id string) error {
	return fault.Newf(fault.Conflict, "seed an account: it was seeded before: %s %q is there", kind, id).
		Hintf("landfall sandbox down && landfall sandbox up")
}

// random returns the generator for a purpose; equal seeds give equal draws.
func (s *seeder) random(purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(s.o.Seed, h.Sum64()))
}

// part is one stage of the build.
type part struct {
	name  string
	owner workload
	run   func(s *scope)
}

// parts are the stages in the order of their references. They run one after
// another: the control plane is one process with one lock, so running them
// side by side would gain little and would shuffle the order in which ids are
// handed out.
func parts() []part {
	return []part{
		{"keys", bookshop, (*scope).kms}, {"identities", bookshop, (*scope).iam}, {"network", bookshop, (*scope).vpc}, {"firewall", bookshop, (*scope).firewall},
		{"buckets", bookshop, (*scope).s3}, {"certificate", bookshop, (*scope).acm}, {"balancer", bookshop, (*scope).elb}, {"database", bookshop, (*scope).rds},
		{"cache", bookshop, (*scope).elasticache}, {"endpoints", bookshop, (*scope).endpoints}, {"queues", bookshop, (*scope).sqs},
		{"topics", bookshop, (*scope).sns}, {"secrets", bookshop, (*scope).secrets}, {"log groups", bookshop, (*scope).logGroups}, {"instances", bookshop, (*scope).autoscaling},
		{"functions", bookshop, (*scope).lambda}, {"events", bookshop, (*scope).events}, {"sessions", bookshop, (*scope).dynamodb},
		{"payroll instance", payroll, (*scope).payrollApp}, {"payroll database", payroll, (*scope).payrollRDS}, {"payroll services", payroll, (*scope).payrollServices},
		{"distribution", bookshop, (*scope).cloudfront}, {"web acl", bookshop, (*scope).wafv2}, {"names", bookshop, (*scope).route53}, {"bucket events", bookshop, (*scope).s3Events},
		{"alarms", bookshop, (*scope).alarms}, {"images", bookshop, (*scope).ecr}, {"backups", bookshop, (*scope).backup}, {"trail", bookshop, (*scope).cloudtrail}, {"recorder", platform, (*scope).config},
		{"strays", stray, (*scope).strays}, {"interfaces", bookshop, (*scope).requesterFaces}, {"flow logs", bookshop, (*scope).flowLogs},
	}
}

// build makes all resources.
func (s *seeder) build(ctx context.Context) error {
	list := parts()
	for i, p := range list {
		began := time.Now()
		run := &scope{seeder: s, stage: &stage{ctx: ctx}, owner: p.owner}
		p.run(run)
		if run.err != nil {
			return fault.Wrap(run.err, "make", p.name)
		}
		s.log.Debug("made part", "part", p.name, "milliseconds", time.Since(began).Milliseconds())
		s.o.Progress("resources", i+1, len(list))
	}
	return nil
}
