package sandbox

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/seed"
)

// bookshopProgram is the name of the sample workload's executable.
const bookshopProgram = "bookshop"

// instanceRole is the role that the seed gives the shop's EC2 instances.
const instanceRole = "bookshop-instance"

// coversBucket is what the seed calls the bucket of the covers.
const coversBucket = "bookshop-covers"

// stockWithin bounds one run of a bookshop verb that comes to an end.
const stockWithin = 20 * time.Minute

// findBookshop returns the sample workload's executable: the one beside
// landfall's, else the first on PATH.
func findBookshop(exe string, environ []string) (string, error) {
	dirs := append([]string{filepath.Dir(exe)}, filepath.SplitList(pathOf(environ))...)
	for _, dir := range dirs {
		path := filepath.Join(dir, bookshopProgram)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 && filepath.IsAbs(path) {
			return path, nil
		}
	}
	return "", fault.Of(fault.Missing, "find the sample workload", bookshopProgram, nil).
		Hintf("go build -o %s ./examples/bookshop", filepath.Dir(exe)+string(filepath.Separator))
}

// fewestBooks keeps a sandbox without objects usable: the load generator
// needs books to order.
const fewestBooks = 50

// shopDatabase is the URL of the shop's database on the AWS side.
func (s *supervisor) shopDatabase() string {
	return part.PostgresURL(s.sourceDatabase.Address(0), masterUser, s.secrets.SourcePassword, "bookshop", "require")
}

// migrateShop makes the shop's tables.
func (s *supervisor) migrateShop(ctx context.Context) error {
	return s.bookshop(ctx, "shop-migrate", []string{"BOOKSHOP_DATABASE_URL=" + s.shopDatabase()}, "migrate")
}

// stockRows fills the catalogue. It needs the database only, and goes on while
// the account is seeded.
func (s *supervisor) stockRows(ctx context.Context) error {
	return s.bookshop(ctx, "shop-rows", []string{"BOOKSHOP_DATABASE_URL=" + s.shopDatabase()}, s.stockArgs(0)...)
}

// stockCovers puts a cover for each book. The same verb finds that the rows
// are there and leaves them alone.
func (s *supervisor) stockCovers(ctx context.Context) error {
	environ, err := s.shopEnviron(ctx)
	if err != nil {
		return err
	}
	return s.bookshop(ctx, "shop-covers", environ, s.stockArgs(s.order.Objects)...)
}

func (s *supervisor) stockArgs(covers int) []string {
	return []string{
		"stock", "--books", itoa(max(s.order.Objects, fewestBooks)), "--covers", itoa(covers), "--seed", strconv.FormatUint(s.order.Seed, 10),
	}
}

// shopEnviron is how the shop on the AWS side finds what it uses. It is made
// once, by the first who asks: a second session of its role would look like a
// second caller in CloudTrail.
func (s *supervisor) shopEnviron(ctx context.Context) ([]string, error) {
	if s.shopVariables != nil {
		return s.shopVariables, nil
	}
	made := s.seeded.Bookshop
	if len(made.Instances) == 0 || made.QueueURL == "" || made.Buckets[coversBucket] == "" {
		return nil, fault.Newf(fault.Internal, "start the shop: the seed made no instance, queue or bucket for covers")
	}
	queue, err := s.reachable(made.QueueURL)
	if err != nil {
		return nil, err
	}
	session, err := s.instanceCredentials(ctx, instanceRole, made.Instances[0])
	if err != nil {
		return nil, err
	}
	s.shopVariables = append(session,
		"AWS_ENDPOINT_URL="+s.gateURL, "AWS_REGION="+region, "AWS_EC2_METADATA_DISABLED=true",
		"BOOKSHOP_LISTEN="+s.shopAddress(),
		"BOOKSHOP_DATABASE_URL="+s.shopDatabase(),
		"BOOKSHOP_BLOBS=s3://"+made.Buckets[coversBucket],
		"BOOKSHOP_QUEUE=sqs://"+queue,
		"BOOKSHOP_INSTANCE="+made.Instances[0],
		"BOOKSHOP_ACCESS_LOG="+s.layout.accessLog(),
	)
	return s.shopVariables, nil
}

// reachable returns a queue's URL without the scheme, on the gate's address.
func (s *supervisor) reachable(queue string) (string, error) {
	u, err := url.Parse(queue)
	if err != nil {
		return "", fault.Of(fault.Internal, "read queue URL", queue, err)
	}
	return strings.TrimPrefix(s.gateURL, "http://") + u.Path, nil
}

func (s *supervisor) shopAddress() string {
	aws, _ := s.layout.fronts()
	return net.JoinHostPort(aws, itoa(s.shopPort))
}

// startShop runs the web server and its worker as the EC2 instances.
func (s *supervisor) startShop(ctx context.Context) error {
	program, err := findBookshop(s.order.Exe, s.options.Environ)
	if err != nil {
		return err
	}
	environ, err := s.shopEnviron(ctx)
	if err != nil {
		return err
	}
	front, azure := s.layout.fronts()
	host := s.host
	host.Address = front
	server := part.Server{
		Name: "shop", Ports: []part.Port{{Fixed: s.shopPort}}, ReadyWithin: time.Minute,
		Command: func(part.Site) part.Command {
			return part.Command{Path: program, Args: []string{"serve"}, Env: environ, Grace: 10 * time.Second}
		},
		Healthy: func(ctx context.Context, site part.Site) error { return askShop(ctx, site.URL(0)) },
	}
	running, err := part.Start(ctx, host, server)
	if err != nil {
		return err
	}
	s.stack.add(rankWorkload, "shop", running.Stop)
	s.record.say("shop", "ready")
	s.record.change(func(st *State) {
		st.Endpoints.Shop = running.URL(0)
		st.Endpoints.TargetShop = "http://" + net.JoinHostPort(azure, itoa(s.shopPort))
	})
	return nil
}

func askShop(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return fault.Wrap(err, "ask the shop", "")
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	res, err := client.Do(req)
	if err != nil {
		return fault.Of(fault.Unavailable, "ask the shop", "", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return fault.Newf(fault.Unavailable, "ask the shop: status %d", res.StatusCode)
	}
	return nil
}

// bookshop runs a verb of the sample workload that comes to an end.
func (s *supervisor) bookshop(ctx context.Context, name string, environ []string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, stockWithin)
	defer cancel()
	program, err := findBookshop(s.order.Exe, s.options.Environ)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.layout.data(), "shop")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(err, "make folder", dir)
	}
	child, err := s.host.Starter.Start(proc.Spec{
		Tag: s.layout.tag, Part: name, Path: program, Args: args,
		Environ: append(proc.BaseEnviron(s.options.Environ), environ...),
		Dir:     dir, Log: filepath.Join(s.layout.logs(), name+".log"),
	})
	if err != nil {
		return err
	}
	return s.awaitVerb(ctx, child, name)
}

// counted is how the sample workload tells how far it is.
var counted = regexp.MustCompile(`^covers: (\d{1,9}) of (\d{1,9}) `)

// awaitVerb waits until a verb has ended, and passes on how far it is.
func (s *supervisor) awaitVerb(ctx context.Context, child *proc.Child, name string) error {
	look := time.NewTicker(countEvery)
	defer look.Stop()
	last := ""
	for {
		select {
		case <-child.Done():
			s.tellCount(name, last)
			return child.Err()
		case <-look.C:
			last = s.tellCount(name, last)
		case <-ctx.Done():
			if err := child.Kill(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			return fault.Wrap(context.Cause(ctx), "run "+name, "")
		}
	}
}

// tellCount passes on the last count that a verb logged, unless it is the one
// in last, and returns its line.
func (s *supervisor) tellCount(name, last string) string {
	newest := last
	// A closing line or two may follow the last count.
	for line := range strings.SplitSeq(proc.Tail(filepath.Join(s.layout.logs(), name+".log"), 3), " | ") {
		if counted.MatchString(line) {
			newest = line
		}
	}
	if newest == last {
		return last
	}
	m := counted.FindStringSubmatch(newest)
	// The pattern admits nothing that Atoi refuses.
	done, _ := strconv.Atoi(m[1])
	total, _ := strconv.Atoi(m[2])
	s.record.progress(name, "covers", done, total)
	return newest
}

// seedAccount fills the AWS account.
func (s *supervisor) seedAccount(ctx context.Context) error {
	s.record.phase(PhaseSeeding)
	host, port := s.sourceDatabase.Site().Host, s.sourceDatabase.Site().Ports[0]
	summary, err := seed.Run(ctx, seed.Options{
		AWS: s.awsConfig(s.gateURL), Admin: mustURL(s.gateURL + "/_landfall/"), Account: account, Region: region,
		DatabaseHost: host, DatabasePort: port, DatabasePassword: s.secrets.SourcePassword, FrontPort: s.shopPort,
		Objects: s.order.Objects, HistoryDays: s.order.HistoryDays, Seed: s.order.Seed, Now: s.options.Now(),
		Progress: func(stage string, done, total int) { s.record.progress("seed "+stage, "", done, total) },
		Log:      s.log.With("part", "seed"),
	})
	if err != nil {
		return fault.Wrap(err, "seed the AWS account", "")
	}
	s.seeded = summary
	if err := writeJSON(s.layout.seeded(), summary); err != nil {
		return err
	}
	front, _ := s.layout.fronts()
	made := summary.Bookshop
	return s.nameHosts(front, made.BalancerDNS, made.DatabaseEndpoint, made.DistributionDomain)
}

// Seeded returns what the seed made in the AWS account of a workspace's
// sandbox. NotFound when none was seeded.
func Seeded(workspace string) (seed.Summary, error) {
	l, err := newLayout(workspace)
	if err != nil {
		return seed.Summary{}, err
	}
	var summary seed.Summary
	err = readJSON(l.seeded(), &summary)
	return summary, err
}
