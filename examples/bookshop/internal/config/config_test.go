package config_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

func from(values map[string]string) (config.Config, error) {
	return config.FromEnv(func(name string) string { return values[name] })
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	got, err := from(map[string]string{
		"BOOKSHOP_LISTEN": "127.0.0.1:9999", "BOOKSHOP_DATABASE_URL": "postgres://x", "BOOKSHOP_BLOBS": "azblob://account/covers/",
		"BOOKSHOP_QUEUE": "sqs://sqs.us-east-1.amazonaws.com/123456789012/orders", "BOOKSHOP_INSTANCE": "i-1", "BOOKSHOP_DRAIN": "3s",
	})
	if err != nil {
		t.Fatal(err)
	}
	account, container, err := got.Blobs.Pair()
	if err != nil || account != "account" || container != "covers" || got.Blobs.Scheme != "azblob" {
		t.Errorf("blobs: %+v, %q, %q, %v", got.Blobs, account, container, err)
	}
	if got.Queue.Rest != "sqs.us-east-1.amazonaws.com/123456789012/orders" || got.Drain != 3*time.Second || got.Instance != "i-1" {
		t.Errorf("got %+v", got)
	}
	if err := got.Need("BOOKSHOP_DATABASE_URL", "BOOKSHOP_BLOBS", "BOOKSHOP_QUEUE"); err != nil {
		t.Error(err)
	}
	defaults, err := from(nil)
	if err != nil || defaults.Listen != "127.0.0.1:8080" || defaults.Instance != "bookshop" || defaults.Drain != time.Second || !defaults.Queue.IsZero() {
		t.Errorf("defaults: %+v, %v", defaults, err)
	}
	if err := defaults.Need("BOOKSHOP_QUEUE"); !trouble.Is(err, trouble.Usage) || !strings.Contains(err.Error(), "BOOKSHOP_QUEUE") {
		t.Errorf("a missing setting gave %v", err)
	}
}

func TestWrongValuesAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"BOOKSHOP_LISTEN": "nowhere", "BOOKSHOP_BLOBS": "https://covers?sig=topsecret", "BOOKSHOP_QUEUE": "azqueue://", "BOOKSHOP_DRAIN": "2h",
	} {
		_, err := from(map[string]string{name: value})
		if !trouble.Is(err, trouble.Usage) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
	for _, rest := range []string{"account", "account/", "/container", "a/b/c"} {
		if _, _, err := (config.Location{Scheme: "azblob", Rest: rest}).Pair(); err == nil {
			t.Errorf("%q is a pair", rest)
		}
	}
}

// The README is what a team reads; a setting that is not in it does not exist.
func TestReadmeListsEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range config.Names() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("README.md does not mention %s", name)
		}
	}
	asked := map[string]bool{}
	if _, err := config.FromEnv(func(name string) string { asked[name] = true; return "" }); err != nil {
		t.Fatal(err)
	}
	for _, name := range config.Names() {
		if !asked[name] {
			t.Errorf("Names lists %s, which is not read", name)
		}
		delete(asked, name)
	}
	if len(asked) > 0 {
		t.Errorf("read, but not in Names: %v", asked)
	}
}
