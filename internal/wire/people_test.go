package wire_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/wire"
)

// What landfall.yaml says of approvals reaches who identifies people: the file
// of signers lies beside it, and the key is that of the environment.
func TestPeopleAreIdentified(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	file := valid + "approvals: {identity: ssh, signersFile: signers, roles: {ann@example.com: lead}}\n"
	a := build(t, file, map[string]string{"LANDFALL_SSH_KEY": key})
	if _, err := a.Identify(t.Context(), "approve runbook sha256:1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("without signers: %v", err)
	}
	line := "ann@example.com " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	if err := os.WriteFile(filepath.Join(a.Workspace.Root(), "signers"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	who, err := a.Identify(t.Context(), "approve runbook sha256:1")
	if err != nil || who.By != "ann@example.com" || who.Role != "lead" || !strings.HasPrefix(who.How, "ssh signature of SHA256:") || who.Proof["statement"] != "approve runbook sha256:1" {
		t.Errorf("%+v, %v", who, err)
	}
	if role := a.RoleOf("ANN@example.com"); role != "lead" {
		t.Errorf("role %q", role)
	}
	claim := app.Claim{By: who.By, How: who.How, Statement: who.Proof["statement"], At: time.Now(), Proof: who.Proof}
	if worth, err := a.Judge(claim, []byte(line)); err != nil || worth != "signed" {
		t.Errorf("%q, %v", worth, err)
	}
	// A key that is named wins over that of the environment, from where the user is.
	named, err := wire.Build(app.Setup{Dir: filepath.Dir(key), Workspace: a.Workspace.Root(), SSHKey: "key", Now: time.Now,
		Getenv: func(name string) (string, bool) { return "nowhere", name == "LANDFALL_SSH_KEY" }})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := named.Identify(t.Context(), "x"); err != nil || who.By != "ann@example.com" {
		t.Errorf("%+v, %v", who, err)
	}
	if none := build(t, "", nil); none.Identify != nil || none.Tell != nil {
		t.Error("without a workspace somebody is identified or told")
	}
}

// What landfall.yaml says of messages reaches who sends them, with the texts of
// the workspace.
func TestPeopleAreTold(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var content strings.Builder
		_ = r.Write(&content)
		got <- content.String()
	}))
	defer chat.Close()
	a := build(t, valid+"notify: {webhooks: {lead: CHAT}}\n", map[string]string{"CHAT": chat.URL})
	folder := filepath.Join(a.Workspace.Root(), "messages")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "phase.tmpl"), []byte("In our words: {{.Text}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	where, err := a.Tell(t.Context(), "shop", engine.Telling{Run: "r", Number: 1, Message: runbook.Message{When: "phase", To: []string{"lead", "dba"}, Text: "it begins"}})
	if err != nil || where["sent"] != "webhook CHAT (lead)" || where["nobody"] != "dba" {
		t.Fatalf("%v, %v", where, err)
	}
	if text := <-got; !strings.Contains(text, "In our words: it begins") {
		t.Error(text)
	}
}
