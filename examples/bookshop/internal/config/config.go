package config

import (
	"errors"
	"net"
	"strings"
	"time"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Config is the environment, read. Empty strings are settings that were not
// given; which of them a verb needs, the verb says with Need.
type Config struct {
	Listen      string
	DatabaseURL string
	Blobs       Location
	Queue       Location
	Instance    string
	AccessLog   string
	Drain       time.Duration
	Azure       azureaccount.Settings
}

// Location is where objects or messages live: "s3://covers" has the scheme
// "s3" and the rest "covers".
type Location struct {
	Scheme, Rest string
}

// IsZero reports whether the location was not given.
func (l Location) IsZero() bool { return l == Location{} }

// Names returns the variables that FromEnv reads, in the order of the README.
func Names() []string {
	return []string{
		"BOOKSHOP_LISTEN", "BOOKSHOP_DATABASE_URL", "BOOKSHOP_BLOBS", "BOOKSHOP_QUEUE", "BOOKSHOP_INSTANCE",
		"BOOKSHOP_ACCESS_LOG", "BOOKSHOP_DRAIN", "BOOKSHOP_BLOB_ENDPOINT", "BOOKSHOP_QUEUE_ENDPOINT",
		"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY",
	}
}

// FromEnv reads the environment through get, which is os.Getenv outside tests.
func FromEnv(get func(string) string) (Config, error) {
	cfg := Config{
		Listen:      get("BOOKSHOP_LISTEN"),
		DatabaseURL: get("BOOKSHOP_DATABASE_URL"),
		Instance:    get("BOOKSHOP_INSTANCE"),
		AccessLog:   get("BOOKSHOP_ACCESS_LOG"),
		Drain:       time.Second,
		Azure: azureaccount.Settings{
			ConnectionString: get("AZURE_STORAGE_CONNECTION_STRING"),
			Name:             get("AZURE_STORAGE_ACCOUNT"),
			Key:              get("AZURE_STORAGE_KEY"),
			BlobEndpoint:     get("BOOKSHOP_BLOB_ENDPOINT"),
			QueueEndpoint:    get("BOOKSHOP_QUEUE_ENDPOINT"),
		},
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:8080"
	}
	if cfg.Instance == "" {
		cfg.Instance = "bookshop"
	}
	if _, _, err := net.SplitHostPort(cfg.Listen); err != nil {
		return Config{}, wrong("BOOKSHOP_LISTEN", err.Error())
	}
	var err error
	if cfg.Blobs, err = location("BOOKSHOP_BLOBS", get("BOOKSHOP_BLOBS"), "s3", "azblob"); err != nil {
		return Config{}, err
	}
	if cfg.Queue, err = location("BOOKSHOP_QUEUE", get("BOOKSHOP_QUEUE"), "sqs", "azqueue"); err != nil {
		return Config{}, err
	}
	if text := get("BOOKSHOP_DRAIN"); text != "" {
		cfg.Drain, err = time.ParseDuration(text)
		if err != nil || cfg.Drain < 0 || cfg.Drain > time.Minute {
			return Config{}, wrong("BOOKSHOP_DRAIN", "want a duration from 0s to 1m, such as 5s")
		}
	}
	return cfg, nil
}

func location(name, text string, schemes ...string) (Location, error) {
	if text == "" {
		return Location{}, nil
	}
	want := "want " + strings.Join(schemes, "://... or ") + "://..."
	scheme, rest, found := strings.Cut(text, "://")
	for _, known := range schemes {
		if found && scheme == known && rest != "" {
			return Location{scheme, strings.TrimRight(rest, "/")}, nil
		}
	}
	// The value is not quoted: somebody may have put a URL with a signature
	// into the wrong variable.
	return Location{}, wrong(name, want)
}

// Pair splits "account/name".
func (l Location) Pair() (account, name string, err error) {
	account, name, found := strings.Cut(l.Rest, "/")
	if !found || account == "" || name == "" || strings.Contains(name, "/") {
		return "", "", trouble.Of(trouble.Usage, "read location", l.Scheme+"://"+l.Rest, errors.New("want "+l.Scheme+"://ACCOUNT/NAME"))
	}
	return account, name, nil
}

// Need returns an error that names the first of the variables that was not
// given.
func (c Config) Need(names ...string) error {
	for _, name := range names {
		missing := false
		switch name {
		case "BOOKSHOP_DATABASE_URL":
			missing = c.DatabaseURL == ""
		case "BOOKSHOP_BLOBS":
			missing = c.Blobs.IsZero()
		case "BOOKSHOP_QUEUE":
			missing = c.Queue.IsZero()
		}
		if missing {
			return wrong(name, "it is not set")
		}
	}
	return nil
}

func wrong(name, why string) error {
	return trouble.Of(trouble.Usage, "read environment variable", name, errors.New(why))
}
