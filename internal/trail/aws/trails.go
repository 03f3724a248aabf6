package aws

import (
	"context"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail"
)

// covered notes for which accounts and regions a trail's files can be read.
type covered map[string]bool

func (c covered) has(a cloud.Account, r cloud.Region) bool {
	return c[string(a)+"/"+string(r)]
}

// trails finds the files of CloudTrail; where none can be read, the event
// history takes their place, which has management events of 90 days.
func (g *finding) trails(ctx context.Context) []trail.Logs {
	accounts, regions := g.places()
	var list []trail.Logs
	have, seen := covered{}, map[string]bool{}
	for _, r := range g.live("AWS::CloudTrail::Trail") {
		name, prefix := text(r.Properties, "S3BucketName"), text(r.Properties, "S3KeyPrefix")
		// A trail of several regions is listed in each of them.
		if at := name + "/" + prefix; name == "" || seen[at] {
			continue
		} else {
			seen[at] = true
		}
		list = append(list, g.oneTrail(ctx, r, under(prefix, "AWSLogs/"), have)...)
	}
	for _, a := range accounts {
		for _, r := range historyRegions(regions) {
			if !have.has(a, r) && ctx.Err() == nil {
				list = append(list, g.history(a, r))
			}
		}
	}
	return list
}

// historyRegions adds the region where the events of global services are.
func historyRegions(regions []cloud.Region) []cloud.Region {
	for _, r := range regions {
		if r == "us-east-1" || strings.HasPrefix(string(r), "cn-") || strings.HasPrefix(string(r), "us-gov-") {
			return regions
		}
	}
	return append([]cloud.Region{"us-east-1"}, regions...)
}

// oneTrail walks AWSLogs/[organisation/]account/CloudTrail/region/day.
func (g *finding) oneTrail(ctx context.Context, r inventory.Resource, base string, have covered) []trail.Logs {
	b := g.bucket(ctx, text(r.Properties, "S3BucketName"), r.Account, r.Region)
	hides := "who calls which service, by trail " + r.Name
	folders, err := g.accountFolders(ctx, b, base)
	if err != nil {
		g.unread("s3:ListBucket", r.Account, r.Region, err, hides)
		return nil
	}
	_, wanted := g.places()
	var list []trail.Logs
	for _, folder := range folders {
		regions, err := b.folders(ctx, folder.prefix)
		if err != nil {
			g.unread("s3:ListBucket", r.Account, r.Region, err, hides)
			continue
		}
		for _, region := range wantedRegions(regions, wanted) {
			logs, ok := g.gather(ctx, place{resource: r, bucket: b.name, base: folder.prefix + region + "/", layout: slashed, logs: trail.Logs{Kind: trail.Events, Hides: hides}})
			if !ok {
				continue
			}
			if err := readable(ctx, logs.Files[0]); err != nil {
				g.unread("s3:GetObject", folder.account, cloud.Region(region), err, hides)
				continue
			}
			have[string(folder.account)+"/"+region] = true
			list = append(list, logs)
		}
	}
	return list
}

type accountFolder struct {
	account cloud.Account
	prefix  string
}

// accountFolders are those of the wanted accounts; an organisation's trail has
// a folder of its own around them.
func (g *finding) accountFolders(ctx context.Context, b *bucket, base string) ([]accountFolder, error) {
	names, err := b.folders(ctx, base)
	if err != nil {
		return nil, err
	}
	accounts, _ := g.places()
	var list []accountFolder
	add := func(base string, names []string) {
		for _, name := range names {
			for _, a := range accounts {
				if name == string(a) {
					list = append(list, accountFolder{a, base + name + "/CloudTrail/"})
				}
			}
		}
	}
	add(base, names)
	for _, name := range names {
		if !strings.HasPrefix(name, "o-") {
			continue
		}
		inner, err := b.folders(ctx, base+name+"/")
		if err != nil {
			return list, err
		}
		add(base+name+"/", inner)
	}
	return list, nil
}

// historyDays is how far back the event history goes.
const historyDays = 90

func (g *finding) historyStart() time.Time {
	oldest := g.o.Now().UTC().AddDate(0, 0, -historyDays)
	if g.window.From.Before(oldest) {
		return oldest
	}
	return g.window.From.UTC()
}
