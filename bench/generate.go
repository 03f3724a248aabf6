package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// The kinds of logs.
const (
	whatFlow  = "flow"
	whatTrail = "trail"
)

// Sizes of single files, compressed: about what AWS delivers.
const (
	flowFileBytes  = 16 << 20
	trailFileBytes = 3 << 20
)

// generate writes both kinds of logs.
func generate(ctx context.Context, o options) error {
	for _, kind := range []struct {
		what, name string
		fileBytes  int64
		write      func(w io.Writer, r *rand.Rand, more func() bool) error
	}{
		{whatFlow, "123456789012_vpcflowlogs_us-east-1_fl-0bench_%05d.log.gz", flowFileBytes, flowFile},
		{whatTrail, "123456789012_CloudTrail_us-east-1_%05d.json.gz", trailFileBytes, trailFile},
	} {
		dir := filepath.Join(o.dir, kind.what)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		total := int64(o.mib) << 20
		group, inner := errgroup.WithContext(ctx)
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i := range int((total + kind.fileBytes - 1) / kind.fileBytes) {
			size := min(kind.fileBytes, total-int64(i)*kind.fileBytes)
			group.Go(func() error {
				if err := inner.Err(); err != nil {
					return err
				}
				r := rand.New(rand.NewPCG(o.seed, uint64(i)<<8|uint64(len(kind.what))))
				return file(filepath.Join(dir, fmt.Sprintf(kind.name, i)), size, func(w io.Writer, more func() bool) error { return kind.write(w, r, more) })
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// counted counts what was written to the file.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// file writes a compressed file of about size bytes.
func file(path string, size int64, write func(w io.Writer, more func() bool) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	out := &counted{w: f}
	z, err := gzip.NewWriterLevel(out, gzip.DefaultCompression)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(z, 64<<10)
	if err := write(w, func() bool { return out.n < size-64<<10 }); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// flowHeader is the published fields up to version 5.
const flowHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type " +
	"pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path\n"

// world is the network that is logged: hosts inside that talk to each other on
// a few ports, and clients outside.
const (
	hosts     = 400
	doors     = 8
	outsiders = 20_000
)

func hostAddress(i int) string { return fmt.Sprintf("10.20.%d.%d", i/200, 10+i%200) }

func outsideAddress(i int) string { return fmt.Sprintf("198.18.%d.%d", i/250, 1+i%250) }

func ports() []int { return []int{443, 5432, 6379, 8080, 3306, 9092, 80, 27017} }

// flowFile writes records of conversations: both directions, and both ends'
// interfaces where both are inside.
func flowFile(w io.Writer, r *rand.Rand, more func() bool) error {
	if _, err := io.WriteString(w, flowHeader); err != nil {
		return err
	}
	start := int64(1_790_000_000) + int64(r.IntN(1000))*600
	list := ports()
	for n := 0; more(); n++ {
		if n%200 == 0 {
			start++
		}
		var text []byte
		switch k := r.IntN(100); {
		case k < 3:
			text = fmt.Appendf(nil, "5 123456789012 eni-%017x - - - - - - - %d %d - NODATA vpc-0b subnet-0%d i-%017x - - - - us-east-1 use1-az1 - - - - - -\n", r.IntN(hosts), start, start+600, r.IntN(6), 1)
		case k < 8:
			h := r.IntN(hosts)
			text = record(text, h, outsideAddress(r.IntN(outsiders)), hostAddress(h), 40_000+r.IntN(9000), 22, 1, 60, start, "REJECT", 2, "ingress")
		default:
			text = conversation(r, list, start)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func conversation(r *rand.Rand, list []int, start int64) []byte {
	server := r.IntN(hosts)
	// A server listens on one or two ports, and has its usual clients.
	port := list[(server+r.IntN(2))%len(list)]
	clientPort := 32_768 + r.IntN(28_000)
	out, back := 200+r.IntN(90_000), 300+r.IntN(2_000_000)
	flagsOut, flagsBack := 3, 19
	if r.IntN(3) == 0 { // a window in the middle of a long connection
		flagsOut, flagsBack = 0, 0
	}
	var text []byte
	if r.IntN(4) == 0 {
		// The internet comes in by a few doors, and some clients come often.
		server, port = r.IntN(doors), 443
		u := r.Float64()
		client := outsideAddress(int(u * u * u * outsiders))
		text = record(text, server, client, hostAddress(server), clientPort, port, 1+out/900, out, start, "ACCEPT", flagsOut, "ingress")
		return record(text, server, hostAddress(server), client, port, clientPort, 1+back/900, back, start, "ACCEPT", flagsBack, "egress")
	}
	client := (server + 1 + r.IntN(12)) % hosts
	for _, at := range []int{client, server} {
		in, eg := "ingress", "egress"
		if at == client {
			in, eg = eg, in
		}
		text = record(text, at, hostAddress(client), hostAddress(server), clientPort, port, 1+out/900, out, start, "ACCEPT", flagsOut, in)
		text = record(text, at, hostAddress(server), hostAddress(client), port, clientPort, 1+back/900, back, start, "ACCEPT", flagsBack, eg)
	}
	return text
}

func record(text []byte, at int, source, target string, sourcePort, targetPort, packets, bytes int, start int64, action string, flags int, direction string) []byte {
	path := "-"
	if direction == "egress" {
		path = "1"
	}
	return fmt.Appendf(text, "5 123456789012 eni-%017x %s %s %d %d 6 %d %d %d %d %s OK vpc-0b subnet-0%d i-%017x %d IPv4 %s %s us-east-1 use1-az1 - - - - %s %s\n",
		at, source, target, sourcePort, targetPort, packets, bytes, start, start+59, action, at%6, at, flags, source, target, direction, path)
}
