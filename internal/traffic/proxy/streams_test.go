package proxy_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// switched takes a connection over and sends back each line in capitals.
func switched(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
	for rw.Flush() == nil {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprint(rw, strings.ToUpper(line))
	}
}

// upgraded opens such a connection through a proxy.
func upgraded(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprint(conn, "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	return conn, r
}

func said(t *testing.T, conn net.Conn, r *bufio.Reader, text string) {
	t.Helper()
	fmt.Fprintln(conn, text)
	if got, err := r.ReadString('\n'); err != nil || got != strings.ToUpper(text)+"\n" {
		t.Fatalf("%q %v", got, err)
	}
}

// A connection that changed its protocol outlives a change of the
// configuration and a route's timeout, and ends with the drain's.
func TestWebSocketsStayOpen(t *testing.T) {
	t.Parallel()
	url := backend(t, "", switched)
	config := strings.Replace(two(url, backend(t, "target", nil), "routes: [{name: all, side: source, timeout: 1ms}]\n"), "timeout: 30s", "timeout: 100ms", 1)
	p := start(t, config)
	conn, r := upgraded(t, p.address("web"))
	said(t, conn, r, "first")
	if status, body := p.admin("PUT", "/config", strings.Replace(config, "side: source,", "side: target,", 1), "If-Match", "*"); status != 200 {
		t.Fatal(status, body)
	}
	said(t, conn, r, "second")
	p.stop()
	if _, err := r.ReadByte(); err == nil {
		t.Error("the connection is open after the drain")
	}
	err := <-p.ended
	p.ended <- err
}

// answers is a gRPC service without generated code: it answers each message,
// and ends with a trailer.
func answers(t *testing.T) string {
	t.Helper()
	s := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		stream.SetTrailer(metadata.Pairs("counted", "all"))
		for {
			var m wrapperspb.StringValue
			if err := stream.RecvMsg(&m); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if m.Value == "stop" {
				return status.Error(codes.ResourceExhausted, "told to")
			}
			if err := stream.SendMsg(wrapperspb.String("re: " + m.Value)); err != nil {
				return err
			}
		}
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// gRPC streams both ways, with trailers and status, through side and listener without TLS.
func TestGRPCStreamsBothWays(t *testing.T) {
	t.Parallel()
	p := start(t, two(answers(t), backend(t, "target", nil), toSource))
	conn, err := grpc.NewClient(p.address("web"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	open := func() grpc.ClientStream {
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/shop.Chat/Talk")
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	stream := open()
	for i := range 20 { // each answer comes before the next message goes
		var m wrapperspb.StringValue
		if err := errors.Join(stream.SendMsg(wrapperspb.String(fmt.Sprint(i))), stream.RecvMsg(&m)); err != nil || m.Value != fmt.Sprint("re: ", i) {
			t.Fatal(err, m.Value)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&wrapperspb.StringValue{}); !errors.Is(err, io.EOF) || len(stream.Trailer()["counted"]) != 1 {
		t.Errorf("%v, trailers %v", err, stream.Trailer())
	}
	stream = open()
	if err := stream.SendMsg(wrapperspb.String("stop")); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&wrapperspb.StringValue{}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v", err)
	}
}

// pairOf writes a certificate for 127.0.0.1 with a serial number.
func pairOf(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "proxy"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	// Between these two the files do not belong together: the old pair must stay in use.
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TLS on both ways: HTTP/2 to the user, an authority of its own towards the
// side, and a new certificate without a restart.
func TestTLSAndItsReload(t *testing.T) {
	t.Parallel()
	dir, sideDir := t.TempDir(), t.TempDir()
	authorities := x509.NewCertPool()
	authorities.AddCert(pairOf(t, dir, 1))
	pairOf(t, sideDir, 7)
	pair, err := tls.LoadX509KeyPair(filepath.Join(sideDir, "cert.pem"), filepath.Join(sideDir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // ends with the Close below
	t.Cleanup(func() { _ = server.Close() })
	url := "https://" + listener.Addr().String()
	config := two(url, url, toSource)
	config = strings.Replace(config, "unencryptedHTTP2: true", fmt.Sprintf("certificates: [{certFile: %q, keyFile: %q}]", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")), 1)
	config = strings.ReplaceAll(config, `"]}`, fmt.Sprintf(`"], tls: {caFile: %q}}`, filepath.Join(sideDir, "cert.pem")))
	p := start(t, config)
	ask := func() response {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}, ForceAttemptHTTP2: true}}
		defer client.CloseIdleConnections()
		return do(t, client, request(t, "GET", "https://"+p.address("web")+"/", ""))
	}
	res := ask()
	e := decoded(t, res)
	if res.ProtoMajor != 2 || e.Headers.Get("X-Forwarded-Proto") != "https" || res.TLS.PeerCertificates[0].SerialNumber.Int64() != 1 {
		t.Errorf("%s, %v", res.Proto, e.Headers)
	}
	authorities.AddCert(pairOf(t, dir, 2))
	eventually(t, func() error {
		if got := ask().TLS.PeerCertificates[0].SerialNumber.Int64(); got != 2 {
			return fmt.Errorf("certificate %d", got)
		}
		return nil
	})
	if _, err := tls.Dial("tcp", p.address("web"), &tls.Config{RootCAs: authorities, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is taken")
	}
}
