package approve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
)

func TestSignersThatAreRefused(t *testing.T) {
	t.Parallel()
	a, b := edPair(t), ecPair(t)
	_, encoded, _ := strings.Cut(a.line, " ")
	for line, want := range map[string]string{
		"ann":                                   "the line wants",
		"ann " + encoded:                        "neither a kind of key",
		"ann ssh-ed25519":                       "the line wants",
		"ann ssh-ed25519 AAAA":                  "cannot be read",
		"ann ssh-ed25519 !!":                    "no key follows",
		"ann ssh-rsa " + encoded:                `of the kind "ssh-ed25519"`,
		"ann rsa-sha2-512 " + encoded:           "of the kind",
		"ann cert-authority " + a.line:          "cert-authority is not supported",
		"ann cert-authority " + encoded:         "cert-authority is not supported",
		"*@example.com " + a.line:               "not the name of one person",
		"ann,bob " + a.line:                     "not the name of one person",
		"!ann " + a.line:                        "not the name of one person",
		`"ann smith" ` + a.line:                 "not the name of one person",
		`"" ` + a.line:                          "not the name of one person",
		`ann namespaces="git ` + a.line:         "a quote is not closed",
		`ann namespaces="" ` + a.line:           "namespaces is empty",
		`ann namespaces=git ` + a.line:          "value in quotes",
		`ann no-touch-required ` + a.line:       "value in quotes",
		`ann source="x" ` + a.line:              "is not known",
		`ann valid-after="2027" ` + a.line:      "time zone",
		`ann valid-after="20271301Z" ` + a.line: "no time of the form",
		`ann valid-after="Z" ` + a.line:         "no time of the form",
		`ann valid-after="20270101Z",valid-after="20260101Z" ` + a.line:         "twice",
		`ann valid-after="20270102Z",VALID-BEFORE="20270101Z" ` + a.line:        "not later",
		"ann " + a.line + "\nbob " + a.line:                                     "one key would be two persons",
		"ann " + a.line + "\nAnn " + b.line:                                     "in capitals only",
		"ann " + a.line + "\n" + strings.Repeat("# x\n", 3) + "bob ssh-ed25519": "line 5",
		strings.Repeat("#", maxSignersBytes+1):                                  "larger than",
	} {
		_, err := parseSigners([]byte(line))
		if err == nil || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.90s: %v, want %q", line, err, want)
		}
	}
}

func TestSignersThatAreRead(t *testing.T) {
	t.Parallel()
	a, b := edPair(t), ecPair(t)
	content := "# comment\r\n\r\n  \"ann@example.com\"\tNamespaces=\"git,land*\",valid-after=\"20270101Z\",valid-before=\"202703011200Z\"  " + a.line + " her key \"at home\r\n" +
		"bob " + b.line + "\nbob " + b.line + " twice is no harm\nbob valid-before=\"20260101Z\" " + edPair(t).line
	known, err := parseSigners([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if len(known.all) != 4 {
		t.Fatalf("%d signers", len(known.all))
	}
	for _, c := range []struct {
		key ssh.PublicKey
		at  time.Time
		by  string
	}{
		{a.signer.PublicKey(), noon(), "ann@example.com"}, // "at or before"
		{a.signer.PublicKey(), noon().Add(time.Second), ""},
		{a.signer.PublicKey(), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "ann@example.com"},
		{a.signer.PublicKey(), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), ""},
		{b.signer.PublicKey(), noon(), "bob"},
		{edPair(t).signer.PublicKey(), noon(), ""},
	} {
		if by, err := known.find(c.key, c.at); by != c.by || (err == nil) != (by != "") {
			t.Errorf("at %s: %q, %v, want %q", c.at, by, err, c.by)
		}
	}
}

// A key that is there twice counts when one of its lines allows it.
func TestOneLineThatAllowsIsEnough(t *testing.T) {
	t.Parallel()
	a := edPair(t)
	known, err := parseSigners([]byte("ann valid-before=\"20200101Z\" " + a.line + "\nann " + a.line + "\nann namespaces=\"git\" " + a.line))
	if err != nil {
		t.Fatal(err)
	}
	if by, err := known.find(a.signer.PublicKey(), noon()); by != "ann" || err != nil {
		t.Errorf("%q, %v", by, err)
	}
}

// OpenSSH takes every file that Landfall takes: an auditor needs no other one.
func TestOpenSSHReadsWhatWeRead(t *testing.T) {
	t.Parallel()
	a := edPair(t)
	for _, options := range []string{"", `namespaces="landfall" `, `namespaces="git,land*" `, `valid-after="20200101Z" `, `valid-after="202001010000Z",valid-before="20990101000000Z" `} {
		s := withSSH(t, "ann "+options+a.line+" comment\n", map[string]string{KeyVariable: a.file(t, "")})
		s.Now = time.Now // ssh-keygen takes the time of the machine
		who, err := New(s)(t.Context(), said)
		if err != nil {
			t.Fatalf("%q: %v", options, err)
		}
		if out, err := keygen(t, said, "-Y", "verify", "-f", s.SignersFile, "-I", "ann", "-n", Namespace, "-s", write(t, "sig", who.Proof["signature"])); err != nil {
			t.Errorf("%q: %s", options, out)
		}
	}
}

func TestMatchList(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]bool{
		"landfall": true, "Landfall": false, "land*": true, "*fall": true, "l?ndfall": true, "l?fall": false, "git": false, "git,landfall": true,
		"*": true, "": false, "!landfall": false, "*,!landfall": false, "!git,*": true, "landfall*": true, "landfall?": false, "**d**l": true,
	} {
		if got := matchList(list, Namespace); got != want {
			t.Errorf("%q: %v", list, got)
		}
	}
	// A pattern that is tried in every way would not come to an end.
	if match(strings.Repeat("*a", 2000), strings.Repeat("a", 1999)+"b") {
		t.Error("it matches")
	}
}

// Whatever stands in the file, a key that is not in it never counts, and what
// is read is whole.
func FuzzSigners(f *testing.F) {
	f.Add([]byte("ann ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB c"))
	f.Add([]byte("ann namespaces=\"a,b\\\"\",valid-after=\"20270101Z\" ssh-ed25519 AAAA\n# x\n\"a b\" cert-authority"))
	f.Add([]byte("a \"\"\"\\\" ,=\",\" ssh-rsa =\x00\xff\r"))
	f.Fuzz(func(t *testing.T, content []byte) {
		known, err := parseSigners(content)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q", err)
			}
			return
		}
		for _, s := range known.all {
			if s.principal == "" || s.key == nil || strings.ContainsAny(s.principal, "*?!, \n") {
				t.Fatalf("%+v", s)
			}
			if by, err := known.find(s.key, time.Unix(1<<31, 0)); err == nil && by != s.principal {
				t.Fatalf("the key of %q is that of %q", s.principal, by)
			}
		}
	})
}

// A line is read as it was written, whatever the names are.
func TestSignersRoundTrip(t *testing.T) {
	t.Parallel()
	a := edPair(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zA-Z0-9@._+-]{1,40}`).Draw(t, "name")
		space := rapid.StringMatching(`[ \t]{1,3}`).Draw(t, "space")
		options := ""
		if rapid.Bool().Draw(t, "options") {
			options = `namespaces="` + rapid.StringMatching(`[a-z*?!,]{1,20}`).Draw(t, "namespaces") + `"` + space
		}
		known, err := parseSigners([]byte(name + space + options + a.line))
		if err != nil || len(known.all) != 1 || known.all[0].principal != name {
			t.Fatalf("%v, %+v", err, known)
		}
	})
}

func TestASignersFileThatIsTooLarge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signers")
	if err := os.WriteFile(path, make([]byte, maxSignersBytes+10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Settings{Way: SSH, SignersFile: path, Now: noon}
	if _, err := New(s)(t.Context(), said); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}
