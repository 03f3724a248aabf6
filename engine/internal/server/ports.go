package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// loopback is the one address that anything listens on.
const loopback = "127.0.0.1"

// Ports are the ports of the services.
type Ports struct {
	Frontend int `json:"frontend"`
	History  int `json:"history"`
	Matching int `json:"matching"`
	Worker   int `json:"worker"`
}

func (p *Ports) all() []*int { return []*int{&p.Frontend, &p.History, &p.Matching, &p.Worker} }

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// ChoosePorts returns the ports that the folder had last time, as far as they
// are free, and other free ones for the rest, and remembers them. A client
// that stayed while the engine was restarted then finds it again.
func ChoosePorts(dir string) (Ports, error) {
	path := filepath.Join(dir, host.FilePorts)
	had, err := readPorts(path)
	if err != nil {
		return Ports{}, err
	}
	chosen := had
	// All are held until all are chosen: no two can be the same.
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close() // nothing was accepted
		}
	}()
	for _, port := range chosen.all() {
		l, err := listen(*port)
		if err != nil {
			return Ports{}, fault.Wrap(err, "find a free port on", loopback)
		}
		held = append(held, l)
		*port = l.Addr().(*net.TCPAddr).Port
	}
	if chosen == had {
		return chosen, nil
	}
	data, err := json.Marshal(chosen)
	if err != nil {
		return Ports{}, fault.Of(fault.Internal, "write ports", "", err)
	}
	return chosen, durable.Replace(path, append(data, '\n'), 0o600)
}

// readPorts returns the ports of last time; zero ones, which stand for any,
// when there was none or the file is broken.
func readPorts(path string) (Ports, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Ports{}, nil
	}
	if err != nil {
		return Ports{}, fault.Wrap(err, "read ports", path)
	}
	var had Ports
	if json.Unmarshal(data, &had) != nil {
		return Ports{}, nil
	}
	for _, port := range had.all() {
		if *port < 1 || *port > 65535 {
			*port = 0
		}
	}
	return had, nil
}

// listen takes the port, or any free one when it is taken.
func listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", hostPort(port))
	if err != nil && port != 0 {
		return net.Listen("tcp", hostPort(0))
	}
	return l, err
}
