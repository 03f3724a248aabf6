package part

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"syscall"
	"time"

	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

// Host is the machine side of a sandbox: where servers listen and write.
type Host struct {
	Starter *proc.Starter
	// Tag marks every process of the sandbox; see package proc.
	Tag string
	// Locate finds an installed tool: tools.Locate with its folder.
	Locate func(tools.Name) (tools.Tool, error)
	// Dir holds a data folder for each server, LogDir a log file.
	Dir, LogDir string
	// Address is the loopback address to listen on.
	Address string
	// Environ is what the servers inherit; see proc.BaseEnviron.
	Environ []string
	// Unprivileged finds the user for servers that refuse to run as root; nil
	// means proc.Unprivileged.
	Unprivileged func(ctx context.Context, systemUser string) (proc.RunAs, error)
	// Log is told of crashes and restarts; nil means silence.
	Log *slog.Logger
	// Changed is called after every change of a server's state, never
	// concurrently for one server. nil means nobody wants to know.
	Changed func(Status)
}

// Server describes one program. The zero value of an optional field is the
// ordinary case.
type Server struct {
	Name string
	// Tool is what Host.Locate is asked for; empty when Command knows itself.
	Tool tools.Name
	// Ports are the listening sockets; most have one.
	Ports []Port
	// ReadyWithin bounds the time from start to the first good answer.
	ReadyWithin time.Duration
	// Lost says what a crash destroys: then the server is not started again.
	// Empty when its data is on disk.
	Lost string
	// Unprivileged marks a program that refuses to run as root, and names the
	// system user that it runs as where nothing better can be had.
	Unprivileged string
	// Prepare makes what must be there before the process starts. It is called
	// before every start and must be harmless when repeated. Optional.
	Prepare func(context.Context, Site) error
	// Command says what to run.
	Command func(Site) Command
	// Healthy sends a real request and returns nil when it was answered well.
	Healthy func(context.Context, Site) error
	// Furnish puts in what the server is to hold before anybody else asks it.
	// It is called after the first good answer of every start and must do
	// nothing when all is there. Optional.
	Furnish func(context.Context, Site) error
}

// Port is one listening socket of a server.
type Port struct {
	// Name tells several of one server apart.
	Name string
	// Fixed asks for this port and no other; 0 means any that is free.
	Fixed int
	// Preferred is taken when it is free and Fixed is 0: the port that clients
	// assume when nobody tells them.
	Preferred int
}

// Command is a program to run.
type Command struct {
	Path string
	Args []string
	// Env is added to the environment of the Host.
	Env []string
	// StopSignal and DeathSignal, Grace and Title are those of proc.Spec.
	StopSignal, DeathSignal syscall.Signal
	Grace                   time.Duration
	Title                   string
}

// Site is where one server lives this time.
type Site struct {
	// Tag is the sandbox's, Dir the server's data folder, Host the loopback
	// address.
	Tag, Dir, Host string
	// Ports are in the order of Server.Ports.
	Ports []int
	// Tool is what Locate found; As the user the process runs as.
	Tool tools.Tool
	As   proc.RunAs
	// Environ is the environment for helper programs; it carries the tag, so
	// that a helper is found and killed like the server itself.
	Environ []string
	// fresh says that this start made the data folder.
	fresh bool
}

// Address returns host:port of the i-th socket.
func (s Site) Address(i int) string {
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Ports[i]))
}

// URL returns the http URL of the i-th socket.
func (s Site) URL(i int) string { return "http://" + s.Address(i) }

// State is where a server stands. See the transitions in Running.
type State string

// The states of a server.
const (
	Starting   State = "starting"   // the process was started and has not answered yet
	Ready      State = "ready"      // it answered
	Restarting State = "restarting" // it ended by itself and is started again after a pause
	Failed     State = "failed"     // it ended and stays ended
	Stopped    State = "stopped"    // it was stopped on request
)

// Status is what is known about a server.
type Status struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Addresses are host:port, in the order of Server.Ports.
	Addresses []string      `json:"addresses"`
	Process   proc.Identity `json:"process"`
	Started   time.Time     `json:"started"`
	Log       string        `json:"log"`
	// Restarts counts starts after a crash.
	Restarts int `json:"restarts"`
	// Trouble is why it is not ready, or what the last look at it showed.
	Trouble string `json:"trouble,omitempty"`
}
