package seed

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/sandbox/seed/history"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// clients are the SDK clients of one run.
type clients struct {
	acm         *acm.Client
	autoscaling *autoscaling.Client
	backup      *backup.Client
	cloudfront  *cloudfront.Client
	cloudtrail  *cloudtrail.Client
	cloudwatch  *cloudwatch.Client
	logs        *cloudwatchlogs.Client
	config      *configservice.Client
	dynamodb    *dynamodb.Client
	ec2         *ec2.Client
	ecr         *ecr.Client
	elasticache *elasticache.Client
	elb         *elasticloadbalancingv2.Client
	events      *eventbridge.Client
	iam         *iam.Client
	kms         *kms.Client
	lambda      *lambda.Client
	rds         *rds.Client
	route53     *route53.Client
	s3          *s3.Client
	secrets     *secretsmanager.Client
	sns         *sns.Client
	sqs         *sqs.Client
	ssm         *ssm.Client
	waf         *wafv2.Client
}

func newClients(o Options) clients {
	c := o.AWS
	return clients{
		acm:         acm.NewFromConfig(c),
		autoscaling: autoscaling.NewFromConfig(c),
		backup:      backup.NewFromConfig(c),
		cloudfront:  cloudfront.NewFromConfig(c),
		cloudtrail:  cloudtrail.NewFromConfig(c),
		cloudwatch:  cloudwatch.NewFromConfig(c),
		logs:        cloudwatchlogs.NewFromConfig(c),
		config:      configservice.NewFromConfig(c),
		dynamodb:    dynamodb.NewFromConfig(c),
		ec2:         ec2.NewFromConfig(c),
		ecr:         ecr.NewFromConfig(c),
		elasticache: elasticache.NewFromConfig(c),
		elb:         elasticloadbalancingv2.NewFromConfig(c),
		events:      eventbridge.NewFromConfig(c),
		iam:         iam.NewFromConfig(c),
		kms:         kms.NewFromConfig(c),
		lambda:      lambda.NewFromConfig(c),
		rds:         rds.NewFromConfig(c),
		route53:     route53.NewFromConfig(c),
		// The sandbox's endpoint is one address, so a bucket cannot be a host name.
		s3:      s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
		secrets: secretsmanager.NewFromConfig(c),
		sns:     sns.NewFromConfig(c),
		sqs:     sqs.NewFromConfig(c),
		ssm:     ssm.NewFromConfig(c),
		waf:     wafv2.NewFromConfig(c),
	}
}

// seeder is one run: the clients, what was made so far and where it stands.
type seeder struct {
	clients
	o   Options
	log *slog.Logger

	// ids holds what later stages refer to, by names such as "subnet/app-a".
	// Stages that run at the same time write different names.
	mu        sync.Mutex
	ids       map[string]string
	resources []Resource
	objects   int
	faces     []history.Interface
}

// made records a resource.
func (s *scope) made(r Resource) {
	if r.Workload == "" {
		r.Workload = string(s.owner)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources = append(s.resources, r)
}

// set keeps an id under a name for later stages.
func (s *seeder) set(name, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[name] = id
}

// id is the id kept under a name; empty when the stage that makes it did not
// run, which the service then refuses by name.
func (s *seeder) id(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[name]
}

// idsUnder lists the ids whose names start with the prefix, in the order of their names.
func (s *seeder) idsUnder(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(s.ids)) {
		if strings.HasPrefix(name, prefix) {
			list = append(list, s.ids[name])
		}
	}
	return list
}

// mapUnder is idsUnder with the rest of each name as key.
func (s *seeder) mapUnder(prefix string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := map[string]string{}
	for name, id := range s.ids {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			m[rest] = id
		}
	}
	return m
}

// arn builds an ARN in the run's account and region.
func (s *seeder) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + string(s.o.Region) + ":" + string(s.o.Account) + ":" + resource
}

// iamARN builds an ARN of a service without regions.
func (s *seeder) iamARN(resource string) string {
	return "arn:aws:iam::" + string(s.o.Account) + ":" + resource
}

// bucket is the name of a bucket. Bucket names are one namespace for all of
// AWS, so teams put the account number into them.
func (s *seeder) bucket(name string) string { return name + "-" + string(s.o.Account) }

// zone is the name of the first ("a") or second ("b") availability zone.
func (s *seeder) zone(letter string) string { return string(s.o.Region) + letter }
