package awsgate

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/faultplan"
	"example.com/landfall/internal/sandbox/awsgate/objects"
	"example.com/landfall/internal/sandbox/awsgate/recorder"
	"example.com/landfall/internal/sandbox/awsgate/trail"
)

// Limits of the gate.
const (
	// maxInFlight bounds the calls served at once; one more is told to slow
	// down, as AWS does.
	maxInFlight = 2048
	// maxRPCBytes bounds the body of a call that is not S3's. The largest in
	// AWS is Lambda's code, 70 MB of base64.
	maxRPCBytes = 256 << 20
)

// Gate is the AWS endpoint. Create it with New, close it with Close.
type Gate struct {
	options   Options
	table     *awsapi.Table
	parser    *awsapi.Parser
	identity  *identities
	plan      *faultplan.Plan
	trail     *trail.Trail
	objects   *objects.Router
	services  []awsapi.Service
	observers []awsapi.Observer
	recorder  *recorder.Recorder
	upstream  *forwarder
	settling  settling
	requestID func() string
	slots     chan struct{}
	admin     http.Handler
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// ServeHTTP answers one call.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_landfall/") {
		g.admin.ServeHTTP(w, r)
		return
	}
	start := g.options.Now()
	call, err := g.parse(w, r)
	if err != nil {
		send(w, awsapi.EncodeError(call, err))
		return
	}
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		send(w, awsapi.EncodeError(call, throttled(call)))
		return
	}
	hit := g.plan.Next(call.Service, call.Operation)
	c := &capture{ResponseWriter: w}
	defer g.begin(c, call)()
	// Deferred, because a call whose client went away happened all the same.
	defer func() {
		if c.status != 0 {
			g.observe(context.WithoutCancel(r.Context()), call, c, g.options.Now().Sub(start))
		}
	}()
	g.serve(c, r, call, hit)
	if c.lost || hit.Kind == faultplan.EffectThenTimeout {
		panic(http.ErrAbortHandler)
	}
}

// parse returns the call, also with an error, so that there is always a
// protocol to answer in.
func (g *Gate) parse(w http.ResponseWriter, r *http.Request) (*awsapi.Call, error) {
	var unpacked error
	if awsapi.ReadScope(r).Service != "s3" && r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, maxRPCBytes)
		unpacked = unpack(w, r)
	}
	id := g.requestID()
	call, err := g.parser.Parse(r)
	if unpacked != nil {
		err = unpacked
	}
	if call == nil {
		call = &awsapi.Call{Protocol: awsapi.JSON11, Method: r.Method, Header: r.Header}
	}
	call.RequestID = id
	if err != nil {
		return call, err
	}
	// The body was read whole, so its length is known even where the client
	// sent chunks, which moto's server does not take.
	if r.ContentLength < 0 && call.BodyWhole {
		r.ContentLength = int64(len(call.Body))
		r.TransferEncoding = nil
	}
	call.Identity = g.identity.who(call.AccessKey)
	return call, nil
}

// begin arranges that the call counts as settling from the first byte of its
// answer on, until the returned function is called.
func (g *Gate) begin(c *capture, call *awsapi.Call) func() {
	done := func() {}
	c.begun = func() {
		// The bytes of an object may take long and say nothing more.
		c.keep = call.Operation != "GetObject" || c.status >= 400
		if !trail.IsData(call) {
			done = g.settling.begin()
		}
	}
	return func() { done() }
}

// serve answers the call, or does to it what the fault says.
func (g *Gate) serve(c *capture, r *http.Request, call *awsapi.Call, hit faultplan.Fault) {
	switch hit.Kind {
	case faultplan.Reset:
		cut(c)
	case faultplan.Throttle:
		send(c, awsapi.EncodeError(call, throttled(call)))
		return
	case faultplan.Error500:
		send(c, awsapi.EncodeError(call, internalError(call)))
		return
	case faultplan.Delay:
		pause(r.Context(), hit.Delay)
	case faultplan.EffectThenTimeout:
		c.ResponseWriter = newBlackHole()
	}
	if err := g.answer(c, r, call); err != nil {
		send(c, awsapi.EncodeError(call, err))
	}
}

// answer finds who answers the call. An error was not sent yet.
func (g *Gate) answer(c *capture, r *http.Request, call *awsapi.Call) error {
	for _, s := range g.services {
		if s.Answers(call.Service, call.Operation) {
			return g.answerHere(c, r, call, s)
		}
	}
	if g.objects != nil && call.Service == "s3" && call.Model != "s3control" {
		return g.objects.Serve(c, r, call)
	}
	if call.Protocol == awsapi.CBOR {
		return g.upstreamCBOR(c, r, call)
	}
	return g.upstream.serve(c, r)
}

func (g *Gate) answerHere(c *capture, r *http.Request, call *awsapi.Call, s awsapi.Service) error {
	// What it answers must tell of every call that was answered before.
	g.settling.wait(r.Context())
	if !call.BodyWhole {
		return &awsapi.Error{Code: "RequestEntityTooLarge", Message: "the body is too long",
			Status: http.StatusRequestEntityTooLarge, Sender: true}
	}
	result, err := s.Answer(r.Context(), call)
	if err != nil {
		if _, ok := errors.AsType[*awsapi.Error](err); !ok {
			g.options.Log.Error("answer call", "service", call.Service, "operation", call.Operation, "error", err)
		}
		return err
	}
	a, err := awsapi.EncodeResult(call, result)
	if err != nil {
		g.options.Log.Error("encode answer", "service", call.Service, "operation", call.Operation, "error", err)
		return err
	}
	send(c, a)
	return nil
}

// observe tells whoever wants to know. It runs after the answer left.
func (g *Gate) observe(ctx context.Context, call *awsapi.Call, c *capture, took time.Duration) {
	outcome := awsapi.DecodeOutcome(call, c.status, c.Header(), c.whole())
	outcome.Duration = took
	if outcome.RequestID == "" {
		outcome.RequestID = call.RequestID
	}
	g.identity.learn(call, outcome)
	for _, o := range g.observers {
		o.Observed(ctx, call, outcome)
	}
}

// Close delivers what the trails still owe, stops the gate's own goroutines
// and releases its files. Calls that are still running are not waited for: the
// server that serves the gate is shut down first.
func (g *Gate) Close(ctx context.Context) error {
	g.stop()
	g.running.Wait()
	g.recorder.Close()
	err := g.trail.Close(ctx)
	if g.objects != nil {
		g.objects.Close()
	}
	g.upstream.close()
	return fault.Wrap(err, "close AWS gate", "")
}

func send(w http.ResponseWriter, a *awsapi.Answer) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
	// A client that is gone cannot be told anything.
	_, _ = w.Write(a.Body)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
