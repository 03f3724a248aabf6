package app

import (
	"context"

	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// Movers builds what carries data, from the configuration. Wire makes it.
type Movers struct {
	// Objects returns both sides of a move of objects.
	Objects func(ctx context.Context, o ObjectSides) (ObjectPorts, error)
	// Events opens the queue to which a bucket sends its events. What it returns
	// reads it until its ctx ends.
	Events func(ctx context.Context, queue, bucket string, trouble func(error)) (read func(context.Context) <-chan objects.Change, err error)
	// Key returns the key with which a workspace signs manifests, and whether it
	// was made just now.
	Key func(path string) (key ManifestKey, made bool, err error)
	// CheckSignature checks a signature of such a key by its public half.
	CheckSignature func(statement, signature, public string) error
}

// ObjectSides names a bucket and a container.
type ObjectSides struct {
	Bucket        string
	RequesterPays bool
	Account       string
	Container     string
	// Slowed hears when "source" or "target" asks to slow down.
	Slowed func(side string)
}

// ObjectPorts are both sides, with what is known of the target's account.
type ObjectPorts struct {
	Source  object.Source
	Target  object.Target
	Account name.Account
	// Notes are what a person should know about how the account was found.
	Notes []string
}

// ManifestKey signs manifests in the name of a workspace.
type ManifestKey interface {
	Public() string
	Fingerprint() string
	Sign(statement string) (signature string, err error)
}
