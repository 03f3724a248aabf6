package part_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

func TestRestartAfterACrash(t *testing.T) {
	t.Parallel()
	h := host(t)
	var mu sync.Mutex
	var seen []part.State
	h.Changed = func(s part.Status) {
		mu.Lock()
		defer mu.Unlock()
		if len(seen) == 0 || seen[len(seen)-1] != s.State {
			seen = append(seen, s.State)
		}
	}
	r := start(t, h, script(`touch ready; while :; do sleep 0.01; done`))
	first := r.Status().Process
	if err := first.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is ready again", func() bool {
		s := r.Status()
		return s.State == part.Ready && s.Restarts == 1 && s.Process != first
	})
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
	<-r.Done()
	mu.Lock()
	defer mu.Unlock()
	if got := fmt.Sprint(seen); got != "[starting ready restarting ready stopped]" {
		t.Errorf("states = %s", got)
	}
	if err := r.Reconfigure(t.Context(), func() {}); !fault.Is(err, fault.Conflict) {
		t.Errorf("restart of a stopped server: %v", err)
	}
}

// A server that ends while it is being renewed comes back with what it is to
// hold, and not empty.
func TestFurnishedAgainAfterACrash(t *testing.T) {
	t.Parallel()
	s := script(`touch ready; while :; do sleep 0.01; done`)
	s.Furnish = func(_ context.Context, s part.Site) error {
		return os.WriteFile(filepath.Join(s.Dir, "goods"), nil, 0o600)
	}
	r := start(t, host(t), s)
	goods := filepath.Join(r.Site().Dir, "goods")
	if err := os.Remove(goods); err != nil {
		t.Fatal("not furnished at the start: ", err)
	}
	if err := r.Status().Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is ready again", func() bool { s := r.Status(); return s.State == part.Ready && s.Restarts == 1 })
	if _, err := os.Stat(goods); err != nil {
		t.Error(err)
	}
}

// Stop does not wait for a restart on request that does not come to an end.
func TestStopDuringARestartOnRequest(t *testing.T) {
	t.Parallel()
	s := script(`[ -e deaf ] || touch ready; while :; do sleep 0.01; done`)
	s.ReadyWithin = time.Hour
	r := start(t, host(t), s)
	dir := r.Site().Dir
	restarted := make(chan error, 1)
	go func() {
		restarted <- r.Reconfigure(context.Background(), func() {
			_ = os.WriteFile(filepath.Join(dir, "deaf"), nil, 0o600)
			_ = os.Remove(filepath.Join(dir, "ready"))
		})
	}()
	eventually(t, "the restart begins", func() bool { return r.Status().State == part.Starting })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-restarted; !fault.Is(err, fault.Canceled) {
		t.Errorf("the restart: %v", err)
	}
}

// A log that takes nothing stops no server, and is no secret either.
func TestLostOutputIsReported(t *testing.T) {
	t.Parallel()
	h := host(t)
	if err := os.MkdirAll(h.LogDir, 0o700); err != nil {
		t.Fatal(err)
	}
	// Writing to this device always fails as on a full disk.
	if err := os.Symlink("/dev/full", filepath.Join(h.LogDir, "script.log")); err != nil {
		t.Fatal(err)
	}
	r := start(t, h, script(`echo hello; touch ready; while :; do sleep 0.01; done`))
	eventually(t, "the lost output is reported", func() bool {
		s := r.Status()
		return s.State == part.Ready && strings.Contains(s.Trouble, "6 bytes of its output are not in its log")
	})
}

// A crash of a server that loses its data is not papered over.
func TestNoRestartWhenDataIsLost(t *testing.T) {
	t.Parallel()
	s := script(`echo "out of memory"; touch ready; while :; do sleep 0.01; done`)
	s.Lost = "everything is gone: run \"landfall sandbox up\""
	r := start(t, host(t), s)
	if err := r.Status().Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-r.Done()
	st := r.Status()
	if st.State != part.Failed || st.Restarts != 0 || !strings.Contains(st.Trouble, s.Lost) || !strings.Contains(st.Trouble, "out of memory") {
		t.Errorf("status = %+v", st)
	}
	if err := r.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Check = %v", err)
	}
	if err := r.Reconfigure(t.Context(), func() {}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("restart of a failed server: %v", err)
	}
}

// A server that keeps crashing is given up, with growing pauses before.
func TestRestartsAreBounded(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := start(t, host(t), script(`echo x >>starts; touch ready; sleep 0.05; exit 7`))
	<-r.Done()
	st := r.Status()
	if st.State != part.Failed || !strings.Contains(st.Trouble, "exit status 7") {
		t.Errorf("status = %+v", st)
	}
	if n := strings.Count(read(filepath.Join(r.Site().Dir, "starts")), "x"); n != 6 {
		t.Errorf("it was started %d times, want once and 5 restarts", n)
	}
	// 200+400+800+1600+3200 ms
	if took := time.Since(began); took < 6*time.Second {
		t.Errorf("given up after %s: the pauses do not grow", took)
	}
}

func TestStopDuringThePauseBeforeARestart(t *testing.T) {
	t.Parallel()
	r := start(t, host(t), script(`touch ready; sleep 0.05; exit 7`))
	eventually(t, "it restarts", func() bool { return r.Status().State == part.Restarting })
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-r.Done()
	if st := r.Status(); st.State != part.Stopped {
		t.Errorf("state = %s", st.State)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	h := host(t)
	begin := func(s part.Server) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := part.Start(ctx, h, s)
		return err
	}
	early := script(`echo "bad option" >&2; exit 3`)
	if err := begin(early); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "exit status 3: bad option") || fault.HintOf(err) == "" {
		t.Errorf("ended at once: %v", err)
	}
	clean := script(`exit 0`)
	if err := begin(clean); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ended at once without an error: %v", err)
	}
	slow := script(`exec sleep 60`)
	slow.Name, slow.ReadyWithin = "slow", 100*time.Millisecond
	if err := begin(slow); !fault.Is(err, fault.Timeout) {
		t.Errorf("never ready: %v", err)
	}
	unprepared := script(`exec sleep 60`)
	unprepared.Name = "unprepared"
	unprepared.Prepare = func(context.Context, part.Site) error { return fault.Newf(fault.Storage, "disk full") }
	if err := begin(unprepared); !fault.Is(err, fault.Storage) {
		t.Errorf("not prepared: %v", err)
	}
	unfurnished := script(`touch ready; exec sleep 60`)
	unfurnished.Name = "unfurnished"
	unfurnished.Furnish = func(context.Context, part.Site) error { return fault.Newf(fault.Invalid, "bad statement") }
	if err := begin(unfurnished); !fault.Is(err, fault.Invalid) {
		t.Errorf("not furnished: %v", err)
	}
	if found, err := proc.Find(t.Context(), proc.Query{Tag: h.Tag}); err != nil || len(found) > 0 {
		t.Errorf("left by starts that did not succeed: %v, %v", found, err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	h := host(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := script(`exec sleep 60`)
	s.Healthy = func(context.Context, part.Site) error { cancel(); return fault.Newf(fault.Unavailable, "not yet") }
	if _, err := part.Start(ctx, h, s); !fault.Is(err, fault.Canceled) {
		t.Errorf("Start = %v", err)
	}
	if found, err := proc.Find(t.Context(), proc.Query{Tag: h.Tag}); err != nil || len(found) > 0 {
		t.Errorf("left: %v, %v", found, err)
	}
}

func TestMissingTool(t *testing.T) {
	t.Parallel()
	h := host(t)
	h.Locate = func(n tools.Name) (tools.Tool, error) { return tools.Locate(t.TempDir(), n) }
	_, err := part.Start(t.Context(), h, part.Moto(part.MotoOptions{}))
	if !fault.Is(err, fault.Missing) || !strings.Contains(fault.HintOf(err), "landfall sandbox setup") {
		t.Errorf("Start = %v, hint %q", err, fault.HintOf(err))
	}
}

func TestFixedPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := script(`touch ready; exec sleep 60`)
	s.Ports = []part.Port{{Fixed: l.Addr().(*net.TCPAddr).Port}}
	_, err = part.Start(t.Context(), host(t), s)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("Start = %v", err)
	}
}

// Somebody takes the chosen port before the server listens. First the server
// ends because of it, then it does not even notice and the stranger answers
// the health check: both times another port is tried.
func TestPortLostToAStranger(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"server ends": "exit 1", "stranger answers": "exec sleep 60"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var strangers []net.Listener
			lost := func() bool { return len(strangers) <= 2 }
			s := script("")
			s.Ports = []part.Port{{}}
			s.Prepare = func(_ context.Context, s part.Site) error {
				l, err := net.Listen("tcp", s.Address(0))
				if strangers = append(strangers, l); !lost() {
					l.Close()
				}
				return err
			}
			s.Command = func(part.Site) part.Command {
				if !lost() {
					return part.Command{Path: "/bin/sleep", Args: []string{"60"}}
				}
				return part.Command{Path: "/bin/sh", Args: []string{"-c", line}}
			}
			s.Healthy = func(ctx context.Context, s part.Site) error {
				if !lost() {
					return nil
				}
				c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address(0))
				if err == nil {
					c.Close()
				}
				return err
			}
			r, err := part.Start(t.Context(), host(t), s)
			for _, l := range strangers {
				l.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(strangers) != 3 {
				t.Errorf("%d ports were tried, want 3", len(strangers))
			}
			if err := r.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
