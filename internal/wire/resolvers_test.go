package wire

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"example.com/landfall/internal/config"
)

// What landfall.yaml, or the sandbox's variables, say of name servers counts.
func TestNameServersAreThoseOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{"127.0.0.1:5353": {"127.0.0.1:5353"}, "192.0.2.53 , 2001:db8::53": {"192.0.2.53:53", "[2001:db8::53]:53"}} {
		env := map[string]string{config.EnvName("runbook.resolvers"): value, config.EnvName("runbook.nameServerPort"): "5353"}
		c, err := config.Load(config.Input{Data: []byte("schemaVersion: 1\nworkload: {name: shop}\n"), Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
		if err != nil {
			t.Fatal(err)
		}
		if got, port := nameServers(c); !slices.Equal(got, want) || port != "5353" {
			t.Errorf("%s: %v, %s", value, got, port)
		}
	}
}

func TestResolvers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if got := resolvers(path); len(got) != 0 {
		t.Errorf("without a file: %v", got)
	}
	if err := os.WriteFile(path, []byte("search example.test\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := resolvers(path); !slices.Equal(got, []string{"192.0.2.53:53", "[2001:db8::53]:53"}) {
		t.Errorf("resolvers %v", got)
	}
}
