package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
)

// The movers.
const (
	moverLandfall    = "landfall"
	moverPipeline    = "pipeline"
	moverRclone      = "rclone"
	moverRcloneTuned = "rclone-tuned"
	moverAzCopy      = "azcopy"
)

// mover is a program that copies buckets.
type mover struct {
	name, path, version string
	// command is how it carries a bucket over.
	command func(mover, work) command
}

// work is one call of a mover.
type work struct {
	store  store
	bucket string
	to     place
	// folder is the mover's own, and stays from the first pass to the last.
	folder string
	// again says that the container has everything already.
	again bool
}

// find looks for the movers. Those that are not there, or cannot be compared, are
// named in the notes.
func find(ctx context.Context, o options) (movers []mover, notes []string, err error) {
	for _, name := range o.movers {
		m := mover{name: name}
		switch name {
		case moverLandfall:
			m.path, m.command = o.landfall, (mover).landfall
			m.version, err = says(ctx, o.landfall, "--version")
		case moverPipeline:
			m.path, err = os.Executable()
			m.version, m.command = "internal/move/objects of this program", (mover).pipeline
		case moverRclone, moverRcloneTuned:
			m.path, m.command = o.rclone, (mover).rclone
			m.version, err = says(ctx, o.rclone, "version")
		case moverAzCopy:
			notes = append(notes, azcopyNote(ctx))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		movers = append(movers, m)
	}
	if len(movers) == 0 {
		return nil, notes, fmt.Errorf("compare movers: there is none")
	}
	return movers, notes, nil
}

// azcopyNote says why there is no row of AzCopy. It reads from hosts of AWS only
// ("Copy data from Amazon S3 to Azure Storage by using AzCopy": the source is a
// URL of amazonaws.com), and lets Azure fetch, which neither the sink nor Azurite
// does from another host.
func azcopyNote(ctx context.Context) string {
	version, err := says(ctx, "azcopy", "--version")
	if err != nil {
		return "AzCopy: absent, there is no azcopy on PATH"
	}
	return version + ": not measured, for it takes no source but AWS itself and lets Azure fetch from there"
}

// says is the first line that a program prints.
func says(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "", fault.Of(fault.Missing, "start mover", program, err).Hintf("make bench-objects")
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line), nil
}

// landfall runs outside of a workspace: its state is then in the cache folder.
func (m mover) landfall(w work) command {
	return command{
		path: m.path, args: []string{"move", "objects", "s3://" + w.bucket, "az://" + account + "/" + w.to.container}, dir: w.folder,
		env: append(w.store.environment(), "AZURE_STORAGE_CONNECTION_STRING="+w.to.connection(), "LANDFALL_CACHE="+w.folder),
	}
}

// environment is what the SDKs of AWS read.
func (s store) environment() []string {
	none := filepath.Join(os.DevNull, "none")
	return []string{
		"AWS_ENDPOINT_URL=" + s.url, "AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + s.key, "AWS_SECRET_ACCESS_KEY=" + s.secret,
		"AWS_CONFIG_FILE=" + none, "AWS_SHARED_CREDENTIALS_FILE=" + none,
	}
}

func (m mover) rclone(w work) command {
	args := []string{"sync", "s3:" + w.bucket, "az:" + w.to.container, "--quiet"}
	if m.name == moverRcloneTuned {
		args = append(args, "--transfers", "32", "--checkers", "32", "--fast-list", "--s3-no-head", "--azureblob-no-check-container")
		if w.again {
			args = append(args, "--checksum")
		}
	}
	return command{path: m.path, args: args, dir: w.folder, env: []string{
		"RCLONE_CONFIG=" + filepath.Join(w.folder, "rclone.conf"),
		"RCLONE_CONFIG_S3_TYPE=s3", "RCLONE_CONFIG_S3_PROVIDER=Other", "RCLONE_CONFIG_S3_ENDPOINT=" + w.store.url, "RCLONE_CONFIG_S3_REGION=" + region,
		"RCLONE_CONFIG_S3_ACCESS_KEY_ID=" + w.store.key, "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY=" + w.store.secret,
		"RCLONE_CONFIG_AZ_TYPE=azureblob", "RCLONE_CONFIG_AZ_ACCOUNT=" + account, "RCLONE_CONFIG_AZ_KEY=" + w.to.key, "RCLONE_CONFIG_AZ_ENDPOINT=" + w.to.url,
	}}
}
