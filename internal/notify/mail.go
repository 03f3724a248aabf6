package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"example.com/landfall/internal/fault"
)

const (
	mailWithin = 10 * time.Second
	// smtpsPort speaks TLS from the start (RFC 8314).
	smtpsPort = 465
)

// mail gives a message for one address to the mail server.
func (n *Notifier) mail(ctx context.Context, to string, l letter) error {
	m, err := n.compose(to, l)
	if err != nil {
		return err
	}
	client, err := n.mailer()
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return mailFault("connect to the mail server", err)
	}
	err = client.Send(m)
	// The server has answered for the message: how the parting goes changes
	// nothing.
	_ = client.Close()
	if err != nil {
		return mailFault("send", err)
	}
	return nil
}

// compose writes the mail. Its id comes from run and number, so that a mail
// that went out twice is seen to be the same.
func (n *Notifier) compose(to string, l letter) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := m.From(n.s.From); err != nil {
		return nil, fault.Newf(fault.Invalid, "notify.from is no mail address: %q", n.s.From)
	}
	if err := m.To(to); err != nil {
		return nil, fault.Newf(fault.Invalid, "%q is no mail address", to)
	}
	sender, err := netmail.ParseAddress(n.s.From)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "notify.from is no mail address: %q", n.s.From)
	}
	_, domain, _ := strings.Cut(sender.Address, "@")
	sum := sha256.Sum256([]byte(l.key()))
	m.SetMessageIDWithValue(strconv.FormatInt(l.number, 10) + "." + hex.EncodeToString(sum[:12]) + ".landfall@" + domain)
	m.SetDateWithValue(n.s.Now())
	m.Subject(l.Title)
	// RFC 3834: no answer by a machine to a mail of a machine.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Landfall-Message", strings.Join(strings.Fields(l.key()), " "))
	var about strings.Builder
	for _, f := range l.facts() {
		about.WriteString(f.name + ": " + f.value + "\n")
	}
	m.SetBodyString(mail.TypeTextPlain, l.Text+"\n\n"+about.String())
	return m, nil
}

// mailer returns a client that has encryption, unless the server is on this
// machine, and gives a password only over it.
func (n *Notifier) mailer() (*mail.Client, error) {
	host, portText, err := net.SplitHostPort(n.s.SMTP)
	port, portErr := strconv.Atoi(portText)
	if err != nil || portErr != nil {
		return nil, fault.Newf(fault.Invalid, "notify.smtp is no host:port: %q", n.s.SMTP)
	}
	options := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(mailWithin),
		mail.WithTLSConfig(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: n.s.Roots}),
	}
	switch {
	case loopback(host):
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case port == smtpsPort:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if n.s.Dial != nil {
		options = append(options, mail.WithDialContextFunc(n.dialer(host, port)))
	}
	user, password, err := n.credentials()
	if err != nil {
		return nil, err
	}
	if user != "" {
		auth := mail.SMTPAuthAutoDiscover
		if loopback(host) {
			auth = mail.SMTPAuthPlain
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(user), mail.WithPassword(password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "use the mail server", n.s.SMTP, err)
	}
	return client, nil
}

// dialer keeps TLS from the start where a connection is made by Dial: the
// library leaves it to whoever dials.
func (n *Notifier) dialer(host string, port int) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := n.s.Dial(ctx, network, address)
		if err != nil || port != smtpsPort || loopback(host) {
			return c, err
		}
		return tls.Client(c, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: n.s.Roots}), nil
	}
}

func (n *Notifier) credentials() (user, password string, err error) {
	if n.s.UserVariable == "" {
		return "", "", nil
	}
	user, _ = n.s.Getenv(n.s.UserVariable)
	password, _ = n.s.Getenv(n.s.PasswordVariable)
	if user == "" || password == "" {
		return "", "", fault.Newf(fault.Denied, "the credentials of the mail server are not set").Hintf("set %s and %s", n.s.UserVariable, n.s.PasswordVariable)
	}
	return user, password, nil
}

// mailFault says whether trying again can help: after an answer of 400 to 499
// it can (RFC 5321, "Reply Code Severities"), and where the network did not
// carry it.
func mailFault(what string, err error) error {
	kind := fault.Denied
	var wire net.Error
	answer, answered := errors.AsType[*textproto.Error](err)
	sent, tried := errors.AsType[*mail.SendError](err)
	switch {
	case errors.Is(err, context.Canceled):
		kind = fault.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		kind = fault.Timeout
	case answered && answer.Code/100 == 4, tried && sent.IsTemp():
		kind = fault.Unavailable
	case answered, tried && sent.ErrorCode()/100 == 5:
	case errors.As(err, &wire), errors.Is(err, net.ErrClosed), tried && sent.ErrorCode() == 0:
		kind = fault.Unavailable
		if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad {
			kind = fault.Denied
		}
	case strings.Contains(err.Error(), "EOF"):
		// The library does not wrap what ends a connection.
		kind = fault.Unavailable
	}
	return fault.Newf(kind, "%s: %s", what, shorten(strings.Join(strings.Fields(clean(err.Error())), " "), 200))
}
