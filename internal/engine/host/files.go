package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// The files of an engine's folder, by name.
const (
	FileStore      = "engine.db"     // runs: the one that matters, and that backup copies
	FileVisibility = "visibility.db" // the server's list of runs; made again when lost
	FileCA         = "ca.pem"        // certificate authority of this folder alone
	FileCAKey      = "ca.key"        // its key
	FileServerCert = "server.pem"    // what the server shows
	FileServerKey  = "server.key"    // its key
	FileClientCert = "client.pem"    // what a client shows
	FileClientKey  = "client.key"    // its key
	FileKeyring    = "keyring.json"  // keys of the payloads
	FileSeal       = "keyring.check" // a payload that the keyring must open
	FileLock       = "lock"          // held by the engine, with its process id
	FileAddress    = "address.json"  // where it answers, as long as it answers
	FilePorts      = "ports.json"    // the ports it had, to have them again
	FileLog        = "engine.log"    // its log
	FileErrors     = "engine.err"    // its standard error when Start started it
)

// Namespace is the namespace of the engine in which all of Landfall runs.
const Namespace = "landfall"

// ServerName is the name that the server's certificate is made for.
const ServerName = "landfall-engine"

// KeyringVariable is the environment variable whose value, a keyring document,
// takes the place of the folder's keyring file.
const KeyringVariable = "LANDFALL_ENGINE_KEYRING"

// Getenv looks up an environment variable, like os.LookupEnv.
type Getenv func(name string) (string, bool)

// get returns the variable's value, and "" without one or without a Getenv.
func (g Getenv) get(name string) string {
	if g == nil {
		return ""
	}
	value, _ := g(name)
	return value
}

// Keyring reads the keyring: from the environment when it is given there, else
// from the folder. Without either the error is NotFound.
func Keyring(dir string, env Getenv) (*codec.Keyring, error) {
	if document := env.get(KeyringVariable); document != "" {
		k, err := codec.Parse([]byte(document))
		return k, fault.Wrap(err, "use "+KeyringVariable, "")
	}
	path := filepath.Join(dir, FileKeyring)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Of(fault.NotFound, "read keyring", path, err).
			Hintf("put the keyring back, or export %s", KeyringVariable)
	}
	if err != nil {
		return nil, fault.Wrap(err, "read keyring", path)
	}
	k, err := codec.Parse(data)
	return k, fault.Wrap(err, "use keyring", path)
}

// WriteKeyring puts the keyring into the folder, readable by its owner alone.
func WriteKeyring(dir string, k *codec.Keyring) error {
	return durable.Replace(filepath.Join(dir, FileKeyring), k.Marshal(), 0o600)
}
