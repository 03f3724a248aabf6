package sandbox

import (
	"context"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/dns"
)

// awsConfig returns an SDK configuration for the account's root.
func (s *supervisor) awsConfig(endpoint string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(s.secrets.RootKey, s.secrets.RootSecret, ""),
	}
}

// operatorPolicy lets the operator do everything, as the administrator of a
// test account may. The sandbox enforces no policy; it is there to be read.
const operatorPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// makeOperator makes the IAM user behind the credentials of "sandbox env". A
// user, and not the root, because rate limits and CloudTrail treat it as the
// user of a real account; tagged, because discovery has to know it as not
// part of any workload.
func (s *supervisor) makeOperator(ctx context.Context) error {
	client := iam.NewFromConfig(s.awsConfig(s.gateURL))
	user := aws.String(operatorUser)
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{
		UserName: user, Tags: []types.Tag{{Key: aws.String("landfall:role"), Value: aws.String("operator")}},
	}); err != nil {
		return fault.Of(fault.Unavailable, "make IAM user", operatorUser, err)
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: user, PolicyName: aws.String("everything"), PolicyDocument: aws.String(operatorPolicy),
	}); err != nil {
		return fault.Of(fault.Unavailable, "give a policy to IAM user", operatorUser, err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		return fault.Of(fault.Unavailable, "make a key for IAM user", operatorUser, err)
	}
	s.secrets.OperatorKey, s.secrets.OperatorSecret = aws.ToString(key.AccessKey.AccessKeyId), aws.ToString(key.AccessKey.SecretAccessKey)
	return s.saveSecrets()
}

// sessionSeconds is the longest session of a role, 12 hours. moto does not end
// it; the shop would need a new one otherwise, as on a real instance.
const sessionSeconds = 12 * 60 * 60

// instanceCredentials are those an EC2 instance gets for its role: the session
// has the instance's id as its name, which is what CloudTrail shows.
func (s *supervisor) instanceCredentials(ctx context.Context, role, instance string) ([]string, error) {
	client := sts.NewFromConfig(s.awsConfig(s.gateURL))
	out, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: &instance, DurationSeconds: aws.Int32(sessionSeconds),
	})
	if err != nil {
		return nil, fault.Of(fault.Unavailable, "assume role", role, err)
	}
	c := out.Credentials
	return []string{
		"AWS_ACCESS_KEY_ID=" + aws.ToString(c.AccessKeyId), "AWS_SECRET_ACCESS_KEY=" + aws.ToString(c.SecretAccessKey),
		"AWS_SESSION_TOKEN=" + aws.ToString(c.SessionToken),
	}, nil
}

// zoneServers are the name servers that moto gives every zone (moto 5.2.5,
// route53/models.py), one under each of the four suffixes that Route 53 uses.
func zoneServers() []string {
	return []string{"ns-2048.awsdns-64.com", "ns-2049.awsdns-65.net", "ns-2050.awsdns-66.org", "ns-2051.awsdns-67.co.uk"}
}

// startDNS starts the name server. It asks moto directly, so that its reading
// does not show up in CloudTrail.
func (s *supervisor) startDNS(context.Context) error {
	s.hosts = &dns.HostMap{}
	server, err := dns.New(dns.Options{
		Address: "127.0.0.1:0", Zones: dns.NewRoute53(route53.NewFromConfig(s.awsConfig(s.moto.URL(0)))), Hosts: s.hosts, Profiles: &s.profiles,
		Region: region, Location: targetRegion, Seed: s.order.Seed, Now: s.options.Now, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.stack.add(rankFront, "dns", server.Close)
	// The sandbox is the name server of its zones: those that they name are here,
	// on the port that landfall sandbox env gives.
	if err := s.nameHosts(server.Address().Addr().String(), zoneServers()...); err != nil {
		return err
	}
	s.hosted("dns", server.Address().String())
	s.record.change(func(st *State) { st.Endpoints.DNS = server.Address().String() })
	return nil
}

// nameHosts gives names that a cloud hands out the address of a front.
func (s *supervisor) nameHosts(front string, names ...string) error {
	address, err := netip.ParseAddr(front)
	if err != nil {
		return fault.Of(fault.Internal, "read address", front, err)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := s.hosts.Set(name, address); err != nil {
			return err
		}
	}
	return nil
}
