package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	common "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/proto"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// ensureKeyring makes sure that this process can read what is in the folder.
// A folder without a store gets a keyring; one with a store must have its own.
//
// A worker with another keyring would do harm: to the code of a run, a result
// that cannot be opened looks like a step that went wrong.
func ensureKeyring(dir string, env host.Getenv) error {
	k, err := host.Keyring(dir, env)
	if fault.Is(err, fault.NotFound) {
		if _, statErr := os.Stat(filepath.Join(dir, host.FileStore)); !errors.Is(statErr, fs.ErrNotExist) {
			return err
		}
		k = codec.NewKeyring()
		err = host.WriteKeyring(dir, k)
	}
	if err != nil {
		return err
	}
	return checkSeal(dir, k)
}

// checkSeal opens the folder's sealed mark, and makes it when it is not there.
func checkSeal(dir string, k *codec.Keyring) error {
	c, err := codec.New(k)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, host.FileSeal)
	data, err := os.ReadFile(path)
	if err == nil {
		var mark common.Payload
		if err := proto.Unmarshal(data, &mark); err != nil {
			return fault.Of(fault.Invalid, "read the folder's sealed mark", path, err)
		}
		if _, err := c.Decode([]*common.Payload{&mark}); err != nil {
			return fault.Of(fault.Denied, "use the keyring: it is not the one of the runs in", dir, err).
				Hintf("put the folder's own %s back, or export %s", host.FileKeyring, host.KeyringVariable)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "read the folder's sealed mark", path)
	}
	return writeSeal(path, c)
}

// writeSeal seals the mark anew, so that it follows the current key.
func writeSeal(path string, c *codec.Codec) error {
	sealed, err := c.Encode([]*common.Payload{{Data: []byte("landfall")}})
	if err != nil {
		return err
	}
	data, err := proto.Marshal(sealed[0])
	if err != nil {
		return fault.Of(fault.Internal, "write the folder's sealed mark", path, err)
	}
	return durable.Replace(path, data, 0o600)
}

// rotate gives the folder a new current key. The engine must not run: it and
// its clients would go on with the keyring that they have read.
func rotate(dir string, env host.Getenv) (codec.KeyID, error) {
	if _, set := env(host.KeyringVariable); set {
		return "", fault.Newf(fault.Refused, "rotate the key: the keyring comes from %s", host.KeyringVariable).
			Hintf("rotate it where that variable is set")
	}
	release, err := host.Lock(dir)
	if err != nil {
		return "", err
	}
	defer release()
	k, err := host.Keyring(dir, env)
	if err != nil {
		return "", err
	}
	k = k.Rotated()
	return k.Current(), host.WriteKeyring(dir, k)
}
