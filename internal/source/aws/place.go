package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory/kinds"
)

// place is one account and region to read, with credentials for it.
type place struct {
	place  kinds.Place
	config sdk.Config
	// first marks the place of an account at which global services are read.
	first bool
}

type identityReader interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

type regionReader interface {
	DescribeRegions(context.Context, *ec2.DescribeRegionsInput, ...func(*ec2.Options)) (*ec2.DescribeRegionsOutput, error)
}

// places finds out which accounts and regions can be read. Those that cannot
// are unread; the error is for no account at all.
func (r *scan) places(ctx context.Context, config sdk.Config) ([]place, error) {
	accounts := r.options.Accounts
	if len(accounts) == 0 {
		accounts = []AccountRole{{}}
	}
	if slices.ContainsFunc(accounts, func(a AccountRole) bool { return a.RoleARN != "" }) {
		// Who takes the roles on is the operator too. If it cannot be asked, the
		// roles cannot be taken on either, which is told then.
		_, _ = r.identity(ctx, sts.NewFromConfig(config))
	}
	var found []place
	var last error
	seen := map[cloud.Account]bool{}
	for _, a := range accounts {
		at, own, err := r.account(ctx, config, a)
		if ctx.Err() != nil {
			return nil, fault.Wrap(ctx.Err(), "scan the account", "")
		}
		if err != nil {
			last = err
			continue
		}
		if seen[at.Account] {
			continue
		}
		seen[at.Account] = true
		found = append(found, r.regions(ctx, at, own)...)
	}
	if len(seen) == 0 {
		return nil, last
	}
	return found, nil
}

// account takes the role of an account and asks who that is.
func (r *scan) account(ctx context.Context, config sdk.Config, a AccountRole) (kinds.Place, sdk.Config, error) {
	own := assumed(config, a)
	operation := "sts:GetCallerIdentity"
	if a.RoleARN != "" {
		operation = "sts:AssumeRole"
	}
	at, err := r.identity(ctx, sts.NewFromConfig(own))
	if err == nil && a.ID != "" && at.Account != a.ID {
		err = fault.Newf(fault.Invalid, "the credentials are of account %s", at.Account).
			Hintf("aws sts get-caller-identity; then set the account's role in landfall.yaml")
	}
	if err != nil {
		r.misses.add(missKey{operation, a.ID, "", reasonOf(err)}, "everything in the account", "")
		kind := awserror.Kind(err)
		return at, own, fault.Of(kind, "ask AWS who is calling", a.RoleARN, awserror.Brief(err)).Hintf("%s", awserror.Hint(kind))
	}
	return at, own, nil
}

func (r *scan) identity(ctx context.Context, api identityReader) (kinds.Place, error) {
	out, err := again(ctx, r, func() (*sts.GetCallerIdentityOutput, error) {
		return api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	})
	if err != nil {
		return kinds.Place{}, err
	}
	r.mu.Lock()
	r.operators = append(r.operators, identityARN(sdk.ToString(out.Arn)))
	r.mu.Unlock()
	partition := "aws"
	if parts := strings.Split(sdk.ToString(out.Arn), ":"); len(parts) > 1 {
		partition = parts[1]
	}
	return kinds.Place{Partition: partition, Account: cloud.Account(sdk.ToString(out.Account))}, nil
}

// again makes a call of the preparation, and again while that can help.
func again[O any](ctx context.Context, r *scan, call func() (*O, error)) (*O, error) {
	for try := 1; ; try++ {
		out, err := call()
		if err == nil || ctx.Err() != nil || try >= triesOther || !fault.Retryable(&fault.Error{Kind: awserror.Kind(err)}) {
			return out, err
		}
		if err := r.sleep(ctx, r.backoff<<(try-1)); err != nil {
			return nil, err
		}
	}
}

// identityARN returns the IAM identity behind a caller's ARN: a session of a
// role ("arn:aws:sts::1:assumed-role/NAME/SESSION") is the role. The path of
// the role is not part of the session's ARN, so a role with a path is told by
// its tag alone.
func identityARN(caller string) string {
	parts := strings.SplitN(caller, ":", 6)
	if len(parts) < 6 {
		return caller
	}
	name, ok := strings.CutPrefix(parts[5], "assumed-role/")
	if !ok {
		return caller
	}
	name, _, _ = strings.Cut(name, "/")
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + name
}

// regions returns the account's places. A region that is not switched on for
// the account is unread, because it may hold things from when it was.
func (r *scan) regions(ctx context.Context, at kinds.Place, config sdk.Config) []place {
	wanted := slices.Clone(r.options.Regions)
	status, err := r.regionStatus(ctx, config)
	if err != nil {
		r.misses.add(missKey{"ec2:DescribeRegions", at.Account, cloud.Region(config.Region), reasonOf(err)}, "which regions are switched on", "")
	}
	if slices.Contains(wanted, "all") {
		wanted = nil
		for region, is := range status {
			if is != "not-opted-in" {
				wanted = append(wanted, region)
			}
		}
		if err != nil && len(wanted) == 0 {
			wanted = []cloud.Region{cloud.Region(config.Region)}
		}
	}
	slices.Sort(wanted)
	var found []place
	for _, region := range slices.Compact(wanted) {
		is, known := status[region]
		switch {
		case is == "not-opted-in":
			r.misses.add(missKey{"ec2:DescribeRegions", at.Account, region, "denied: the region is not switched on for the account"}, "everything in the region", "")
			continue
		case err == nil && !known:
			r.misses.add(missKey{"ec2:DescribeRegions", at.Account, region, "not-found: AWS has no such region in this partition"}, "everything in the region", "")
			continue
		}
		at.Region = region
		r.sink.Scope(string(at.Account), string(region))
		found = append(found, place{place: at, config: config, first: len(found) == 0})
	}
	return found
}

func (r *scan) regionStatus(ctx context.Context, config sdk.Config) (map[cloud.Region]string, error) {
	var api regionReader = ec2.NewFromConfig(config)
	out, err := again(ctx, r, func() (*ec2.DescribeRegionsOutput, error) {
		return api.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: sdk.Bool(true)})
	})
	if err != nil {
		return nil, err
	}
	status := map[cloud.Region]string{}
	for _, region := range out.Regions {
		status[cloud.Region(sdk.ToString(region.RegionName))] = sdk.ToString(region.OptInStatus)
	}
	return status, nil
}

// globalRegion is where a partition's global services have their endpoint.
func globalRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-iso":
		return "us-iso-east-1"
	case "aws-iso-b":
		return "us-isob-east-1"
	case "aws-eusc":
		return "eusc-de-east-1"
	}
	return "us-east-1"
}

// fingerprint names what was looked at, for the artefact's inputs.
func fingerprint(places []place) string {
	var names []string
	for _, p := range places {
		names = append(names, string(p.place.Account)+"/"+string(p.place.Region))
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// unreachable reports whether a name has no address: trying again is no use.
func unreachable(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// notHere reports whether the service is not offered in the region. AWS has no
// endpoint then, so the name has no address; the region's EC2 endpoint, which
// every region has, tells that from a name service that does not work.
func (l *lane) notHere(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok || !dns.IsNotFound || l.place.Region == "" {
		return false
	}
	suffix := ".amazonaws.com"
	if l.place.Partition == "aws-cn" {
		suffix += ".cn"
	}
	region := string(l.place.Region)
	return strings.HasSuffix(dns.Name, suffix) && l.scan.resolves("ec2."+region+suffix)
}

// resolves reports whether a host has an address.
func resolves(host string) bool {
	addresses, err := net.LookupHost(host)
	return err == nil && len(addresses) > 0
}
