//go:build !linux

package main

import (
	"io"
	"os/exec"

	"example.com/landfall/internal/fault"
)

func measure(*exec.Cmd, io.Reader) (measured, error) {
	return measured{}, fault.Newf(fault.Unsupported, "measure a mover: only Linux tells the peak memory of a tree of processes")
}
