package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/notify"
)

// post is a mail server that takes mails, or answers with errors first.
type post struct {
	mu      sync.Mutex
	refuse  []error
	mails   []string
	to      []string
	users   []string
	address string
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &session{p: p}, nil
}

type session struct {
	p *post
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "postman" || password != "letmein99" {
			return smtp.ErrAuthFailed
		}
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		s.p.users = append(s.p.users, user)
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if len(s.p.refuse) > 0 {
		err := s.p.refuse[0]
		s.p.refuse = s.p.refuse[1:]
		return err
	}
	s.p.to = append(s.p.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.mails = append(s.p.mails, string(content))
	return err
}

// newPost serves mail; with a certificate STARTTLS, with implicit TLS only.
func newPost(t *testing.T, certificate *tls.Certificate, implicit bool, refuse ...error) *post {
	t.Helper()
	p := &post{refuse: refuse}
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.example.test", true, quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	if certificate != nil {
		config := &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		if implicit {
			listener = tls.NewListener(listener, config)
		} else {
			server.TLSConfig, server.AllowInsecureAuth = config, false
		}
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// authority makes a certificate for mail.example.test that its pool trusts.
func authority(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, DNSNames: []string{"mail.example.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// dialTo connects to the server of the test, whatever the name.
func (p *post) dialTo(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, p.address)
}

func TestMail(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil, false)
	n := notify.New(notify.Settings{SMTP: p.address, From: "landfall@example.com", To: map[string]string{"lead": "ann@example.com", "dba": "dba@example.com", "*": "log@example.com"}, Now: noon})
	m := approval("lead")
	m.Message.Text += "\nGrüße\r\nBcc: x@example.com"
	m.Step = "execute\r\nBcc: eve@example.com"
	where, err := n.Tell(t.Context(), "shop", m)
	if err != nil || where[notify.Sent] != "mail log@example.com (lead); mail ann@example.com (lead)" {
		t.Fatalf("%v, %v", where, err)
	}
	slices.Sort(p.to)
	if !slices.Equal(p.to, []string{"ann@example.com", "log@example.com"}) || len(p.mails) != 2 {
		t.Fatalf("to %v", p.to)
	}
	ids := map[string]bool{}
	for _, text := range p.mails {
		read, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		h := read.Header
		ids[h.Get("Message-ID")] = true
		if h.Get("Auto-Submitted") != "auto-generated" || h.Get("X-Landfall-Message") != "shop-20270301-120000/65537" || h.Get("Date") == "" || h.Get("Bcc") != "" {
			t.Errorf("header %v", h)
		}
		if subject := h.Get("Subject"); !strings.Contains(subject, "approval needed") {
			t.Errorf("subject %q", subject)
		}
		body, _ := io.ReadAll(read.Body)
		if plain := strings.ReplaceAll(string(body), "=\r\n", ""); !strings.Contains(plain, "Run: shop-20270301-120000") || !strings.Contains(plain, "Next: landfall approve execute") {
			t.Errorf("body %s", plain)
		}
	}
	if len(ids) != 1 || ids[""] {
		t.Errorf("ids %v", ids)
	}
	// Another process that sends it again uses the same id.
	again := notify.New(notify.Settings{SMTP: p.address, From: "landfall@example.com", To: map[string]string{"lead": "ann@example.com"}, Now: time.Now})
	if _, err := again.Tell(t.Context(), "shop", m); err != nil {
		t.Fatal(err)
	}
	for id := range ids {
		if !strings.Contains(p.mails[2], id) || !strings.HasSuffix(id, "@example.com>") {
			t.Errorf("id %q is not in %s", id, p.mails[2])
		}
	}
}

func TestMailOverTLS(t *testing.T) {
	t.Parallel()
	certificate, pool := authority(t)
	env := environment(map[string]string{"MAIL_USER": "postman", "MAIL_PASSWORD": "letmein99", "WRONG": "letmeinXX"})
	for name, c := range map[string]struct {
		server   *post
		port     string
		roots    *x509.CertPool
		password string
		kind     fault.Kind
	}{
		"STARTTLS":             {newPost(t, certificate, false), "587", pool, "", ""},
		"with a password":      {newPost(t, certificate, false), "587", pool, "MAIL_PASSWORD", ""},
		"TLS from the start":   {newPost(t, certificate, true), "465", pool, "", ""},
		"a wrong password":     {newPost(t, certificate, false), "587", pool, "WRONG", fault.Denied},
		"no password":          {newPost(t, certificate, false), "587", pool, "NONE", fault.Denied},
		"an unknown authority": {newPost(t, certificate, false), "587", x509.NewCertPool(), "", fault.Denied},
		"no STARTTLS":          {newPost(t, nil, false), "587", pool, "", fault.Denied},
		"no STARTTLS, with it": {newPost(t, nil, false), "587", pool, "MAIL_PASSWORD", fault.Denied},
	} {
		s := notify.Settings{SMTP: "mail.example.test:" + c.port, From: "landfall@example.com", To: map[string]string{"*": "ann@example.com"}, Roots: c.roots, Dial: c.server.dialTo, Getenv: env, Pause: new(pauses).pause}
		if c.password != "" {
			s.UserVariable, s.PasswordVariable = "MAIL_USER", c.password
		}
		where, err := notify.New(s).Tell(t.Context(), "shop", approval("lead"))
		if fault.KindOf(err) != c.kind || (len(c.server.mails) == 1) != (c.kind == "") {
			t.Errorf("%s: %v (%s), %d mails, %v", name, err, fault.KindOf(err), len(c.server.mails), where)
		}
		if c.password == "MAIL_PASSWORD" && (len(c.server.users) == 1) != (c.kind == "") {
			t.Errorf("%s: users %v", name, c.server.users)
		}
		if err != nil && (strings.Contains(err.Error(), "letmein") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMailTriedAgain(t *testing.T) {
	t.Parallel()
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such person"}
	closed := newPost(t, nil, false)
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.address = nowhere.Addr().String()
	_ = nowhere.Close()
	hangsUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hangsUp.Close() })
	go func() {
		for {
			c, err := hangsUp.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	for name, c := range map[string]struct {
		server *post
		pauses int
		kind   fault.Kind
	}{
		"busy once":      {newPost(t, nil, false, busy), 1, ""},
		"busy for ever":  {newPost(t, nil, false, busy, busy, busy, busy, busy), 3, fault.Unavailable},
		"no such person": {newPost(t, nil, false, never), 0, fault.Denied},
		"nobody there":   {closed, 3, fault.Unavailable},
		"hangs up":       {&post{address: hangsUp.Addr().String()}, 3, fault.Unavailable},
	} {
		p := &pauses{}
		n := notify.New(notify.Settings{SMTP: c.server.address, From: "landfall@example.com", To: map[string]string{"*": "ann@example.com"}, Pause: p.pause})
		if _, err := n.Tell(t.Context(), "shop", approval("lead")); fault.KindOf(err) != c.kind || len(p.all) != c.pauses {
			t.Errorf("%s: %v (%s), pauses %v", name, err, fault.KindOf(err), p.all)
		}
	}
}

func TestMailSettings(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]notify.Settings{
		"no port":   {SMTP: "mail.example.test", From: "a@example.com", To: map[string]string{"*": "b@example.com"}},
		"no sender": {SMTP: "127.0.0.1:1", To: map[string]string{"*": "b@example.com"}},
		"recipient": {SMTP: "127.0.0.1:1", From: "a@example.com", To: map[string]string{"*": "b@@"}},
	} {
		if _, err := notify.New(s).Tell(t.Context(), "shop", approval("lead")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
