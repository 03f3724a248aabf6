package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

// Settings say where people are told.
type Settings struct {
	// Webhooks are the names of the environment variables with the addresses of
	// chat channels, by role; "*" hears all.
	Webhooks map[string]string
	// SMTP is host:port of the mail server, "" for none. Port 465 speaks TLS from
	// the start, any other has to offer STARTTLS, unless it is on this machine.
	SMTP string
	// From is the sender; To are the addresses by role, "*" hears all.
	From string
	To   map[string]string
	// UserVariable and PasswordVariable name the environment variables of the
	// mail server's credentials, or "".
	UserVariable, PasswordVariable string
	// Templates is the folder with the texts of the workspace, or "".
	Templates string
	// Getenv reads one environment variable.
	Getenv func(string) (string, bool)
	// Now is the clock; Pause waits, or less when ctx ends. Both may be nil.
	Now   func() time.Time
	Pause func(ctx context.Context, d time.Duration) error
	// Transport carries requests to chat channels; nil for the system's.
	Transport http.RoundTripper
	// Roots are the authorities of the mail server's certificate; nil for the
	// system's. Dial connects to it; nil for the network.
	Roots *x509.CertPool
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

// Names in the result of Tell.
const (
	// Sent lists where the message went, and for which roles.
	Sent = "sent"
	// Failed lists where it did not go, and why.
	Failed = "failed"
	// Nobody lists the roles that nobody listens to.
	Nobody = "nobody"
	// Template says why the text of the workspace was not used.
	Template = "template"
)

// everyone is the name under which a channel hears all roles.
const everyone = "*"

// tellWithin bounds one message to all channels; the engine gives it a minute.
const tellWithin = 45 * time.Second

// maxRemembered bounds what a Notifier remembers of what it has sent.
const maxRemembered = 4096

// Notifier sends messages.
type Notifier struct {
	s      Settings
	client *http.Client

	mu   sync.Mutex
	sent map[string]bool
}

// New returns a notifier.
func New(s Settings) *Notifier {
	if s.Getenv == nil {
		s.Getenv = func(string) (string, bool) { return "", false }
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Pause == nil {
		s.Pause = pause
	}
	return &Notifier{s: s, sent: map[string]bool{}, client: &http.Client{
		Transport: s.Transport, Timeout: requestWithin,
		// Nobody who is asked to move on knows whether the new place is the
		// channel's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// channel is a place where people are told.
type channel struct {
	// name is what may be shown: never an address of a chat channel.
	name  string
	roles []string
	send  func(ctx context.Context, l letter) error
}

// Tell sends a message to everyone who listens to one of its roles, each place
// once, and says where it went. A place that does not take it changes nothing
// for the others; the error names it and is retryable when trying again can
// help. Told again, it leaves out the places that have it, as far as this
// process knows.
func (n *Notifier) Tell(ctx context.Context, workload string, t engine.Telling) (map[string]string, error) {
	ctx, stop := context.WithTimeout(ctx, tellWithin)
	defer stop()
	out := map[string]string{}
	channels, nobody := n.channels(t.Message.To)
	if len(nobody) > 0 {
		out[Nobody] = strings.Join(nobody, ", ")
	}
	l, trouble := n.letter(workload, t)
	if trouble != nil {
		out[Template] = trouble.Error()
	}
	troubles := make([]error, len(channels))
	var all sync.WaitGroup
	for i, c := range channels {
		all.Go(func() { troubles[i] = n.once(ctx, c, l) })
	}
	all.Wait()
	var sent, failed []string
	for i, c := range channels {
		if troubles[i] != nil {
			failed = append(failed, troubles[i].Error())
			continue
		}
		sent = append(sent, c.name+" ("+strings.Join(c.roles, ", ")+")")
	}
	if len(sent) > 0 {
		out[Sent] = strings.Join(sent, "; ")
	}
	if len(failed) > 0 {
		out[Failed] = strings.Join(failed, "; ")
	}
	return out, together(troubles)
}

// channels returns the places that listen to the roles, and the roles to which
// none does.
func (n *Notifier) channels(to []string) ([]channel, []string) {
	var out []channel
	heard := map[string]bool{}
	add := func(name, listens string, send func(context.Context, letter) error) {
		var roles []string
		for _, role := range to {
			if (listens == everyone || listens == role) && !slices.Contains(roles, role) {
				roles = append(roles, role)
				heard[role] = true
			}
		}
		if len(roles) == 0 {
			return
		}
		at := slices.IndexFunc(out, func(c channel) bool { return c.name == name })
		if at < 0 {
			out = append(out, channel{name: name, roles: roles, send: send})
			return
		}
		for _, role := range roles {
			if !slices.Contains(out[at].roles, role) {
				out[at].roles = append(out[at].roles, role)
			}
		}
	}
	for _, role := range slices.Sorted(maps.Keys(n.s.Webhooks)) {
		variable := n.s.Webhooks[role]
		add("webhook "+variable, role, func(ctx context.Context, l letter) error { return n.post(ctx, variable, l) })
	}
	if n.s.SMTP != "" {
		for _, role := range slices.Sorted(maps.Keys(n.s.To)) {
			address := n.s.To[role]
			add("mail "+address, role, func(ctx context.Context, l letter) error { return n.mail(ctx, address, l) })
		}
	}
	var nobody []string
	for _, role := range to {
		if !heard[role] && !slices.Contains(nobody, role) {
			nobody = append(nobody, role)
		}
	}
	return out, nobody
}

// once sends to a place that does not have the message yet.
func (n *Notifier) once(ctx context.Context, c channel, l letter) error {
	key := l.key() + " " + c.name
	n.mu.Lock()
	had := n.sent[key]
	n.mu.Unlock()
	if had {
		return nil
	}
	if err := n.persist(ctx, func() error { return c.send(ctx, l) }); err != nil {
		return fault.Of(fault.KindOf(err), "tell by "+c.name, "", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.sent) >= maxRemembered {
		clear(n.sent)
	}
	n.sent[key] = true
	return nil
}

// Attempts and pauses of one message to one place.
const (
	attempts   = 4
	firstPause = time.Second
	maxPause   = 20 * time.Second
)

// later is trouble after which the other side says when to come again.
type later struct {
	error
	after time.Duration
}

// Unwrap returns the trouble.
func (l later) Unwrap() error { return l.error }

// persist tries again while it can help: after a second, then twice as long
// each time, or when the other side says, unless that is too far off.
func (n *Notifier) persist(ctx context.Context, try func() error) error {
	wait := firstPause
	for i := 1; ; i++ {
		err := try()
		if err == nil || !fault.Retryable(err) || i == attempts || ctx.Err() != nil {
			return err
		}
		this := wait
		if l, ok := errors.AsType[later](err); ok && l.after > 0 {
			if this = max(this, l.after); this > maxPause {
				return err
			}
		}
		if n.s.Pause(ctx, this) != nil {
			return err
		}
		wait *= 2
	}
}

// together makes one line of all trouble; trying again can help when it can
// for one.
func together(all []error) error {
	var texts []string
	var kind fault.Kind
	for _, err := range all {
		if err == nil {
			continue
		}
		if kind == "" || fault.Retryable(err) {
			kind = fault.KindOf(err)
		}
		texts = append(texts, err.Error())
	}
	if len(texts) == 0 {
		return nil
	}
	return fault.Of(kind, strings.Join(texts, "; "), "", nil).Hintf("look at notify in landfall.yaml")
}
