package web

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"example.com/landfall/examples/bookshop/internal/accesslog"
	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Options are what the server needs. AccessLog may be nil, Log may be nil
// (nothing is logged), Ordered may be nil.
type Options struct {
	Store     *store.Store
	Blobs     blob.Store
	Queue     queue.Queue
	Metrics   *metrics.Set
	AccessLog *accesslog.Log
	Instance  string
	Log       *slog.Logger
	Now       func() time.Time
	Ordered   func() // called after an order was accepted
}

// Server answers the shop's requests. Close it after the last one.
type Server struct {
	opts     Options
	handler  http.Handler
	pages    map[string]*template.Template
	views    *viewWriter
	draining atomic.Bool
}

// New returns a server. It starts one goroutine, which Close ends.
func New(opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Ordered == nil {
		opts.Ordered = func() {}
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, trouble.Of(trouble.Internal, "open static files", "", err)
	}
	s := &Server{opts: opts, pages: pages, views: newViewWriter(opts.Store, opts.Metrics, opts.Log)}
	opts.Metrics.Gauge("bookshop_database_connections", "Open database connections.", func() float64 {
		open, _ := opts.Store.Connections()
		return float64(open)
	})
	s.handler = s.observe(s.routes(http.FileServerFS(static)))
	return s, nil
}

func (s *Server) routes(static http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /books", s.books)
	mux.HandleFunc("GET /books/{id}", s.book)
	mux.HandleFunc("GET /search", s.search)
	mux.HandleFunc("GET /covers/{file}", s.cover)
	mux.HandleFunc("PUT /orders/{id}", s.putOrder)
	mux.HandleFunc("GET /orders/{id}", s.getOrder)
	mux.HandleFunc("GET /orders/{id}/invoice", s.invoice)
	mux.HandleFunc("POST /orders", s.postOrder)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.opts.Metrics.Handler())
	mux.Handle("GET /static/", http.StripPrefix("/static/", longLived(static)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, "There is nothing at this address.")
	})
	return mux
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain makes /readyz answer 503, so that a load balancer sends new requests
// elsewhere while the present ones are finished.
func (s *Server) Drain() { s.draining.Store(true) }

// Close writes the buffered page views.
func (s *Server) Close(ctx context.Context) { s.views.close(ctx) }

// HTTPServer returns a net/http server with the shop's time-outs.
func HTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		// Longer than the 60 s of an AWS load balancer: whoever closes first
		// must be the balancer, or it meets a closed connection and answers 502.
		IdleTimeout:    75 * time.Second,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func longLived(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		next.ServeHTTP(w, r)
	})
}
