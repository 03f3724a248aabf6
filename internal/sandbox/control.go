package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"

	"example.com/landfall/internal/fault"
)

// controlTimeout bounds one question to the supervisor, who answers from memory.
const controlTimeout = 5 * time.Second

// maxControlBytes bounds an answer of the supervisor.
const maxControlBytes = 8 << 20

// controlFile says how to reach the supervisor. The token is in a file that
// only the user can read: any program on the machine can connect to loopback.
type controlFile struct {
	Address string `json:"address"`
	Token   string `json:"token"`
}

// controlServer is the supervisor's end.
type controlServer struct {
	record *record
	token  string
	stop   func()
	server *http.Server
}

// serveControl listens on loopback and writes how to reach it. stop is called
// when somebody asks the supervisor to end.
func serveControl(r *record, stop func()) (*controlServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Wrap(err, "listen for control", "")
	}
	c := &controlServer{record: r, token: rand.Text(), stop: stop}
	c.server = &http.Server{Handler: c.handler(), ReadHeaderTimeout: controlTimeout, ReadTimeout: controlTimeout, WriteTimeout: controlTimeout}
	file := controlFile{Address: listener.Addr().String(), Token: c.token}
	if err := writeJSON(r.layout.control(), file); err != nil {
		listener.Close()
		return nil, err
	}
	go func() { _ = c.server.Serve(listener) }() // returns when close is called
	return c, nil
}

func (c *controlServer) close() { _ = c.server.Close() } // open connections are ours and idle

func (c *controlServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.record.snapshot()) // a caller that is gone needs no answer
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		c.stop()
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+c.token)) != 1 {
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ask sends a request to the supervisor. into may be nil.
func ask(ctx context.Context, l layout, method, path string, into any) error {
	var file controlFile
	if err := readJSON(l.control(), &file); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+file.Address+path, nil)
	if err != nil {
		return fault.Wrap(err, "ask the supervisor", "")
	}
	req.Header.Set("Authorization", "Bearer "+file.Token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	res, err := client.Do(req)
	if err != nil {
		return fault.Of(fault.Unavailable, "ask the supervisor", "", err).Hintf("landfall sandbox down")
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxControlBytes))
	if err != nil {
		return fault.Of(fault.Unavailable, "ask the supervisor", "", err)
	}
	if res.StatusCode >= 300 {
		return fault.Newf(fault.Unavailable, "ask the supervisor: status %d: %s", res.StatusCode, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	return fault.Wrap(json.Unmarshal(raw, into), "read the supervisor's answer", "")
}
