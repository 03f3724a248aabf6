package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/store/journal"
)

// databaseFolder holds one folder for each pair of databases.
const databaseFolder = "postgres"

// databaseState is where a pair keeps what it needs to go on.
type databaseState struct {
	moveState
}

var _ postgres.Store = databaseState{}

// databaseState returns the state of a pair.
func (a *App) databaseState(source, target string) (databaseState, error) {
	sum := sha256.Sum256([]byte(source + "\n" + target))
	base, err := a.stateOf(databaseFolder, hex.EncodeToString(sum[:8]))
	return databaseState{base}, err
}

const documentFile = "move.json"

// Load implements postgres.Store.
func (s databaseState) Load() (content []byte, found bool, err error) {
	content, err = os.ReadFile(filepath.Join(s.dir, documentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, fault.Wrap(err, "read how far the move is", s.dir)
}

// Save implements postgres.Store.
func (s databaseState) Save(content []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fault.Wrap(err, "make folder", s.dir)
	}
	return durable.Replace(filepath.Join(s.dir, documentFile), content, 0o600)
}

// journal opens what the comparison behind the fence has kept.
func (s databaseState) journal(pass string) (postgres.Kept, error) {
	j, err := journal.Open(filepath.Join(s.dir, "prove.journal"), journal.Options{Work: pass})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// lock keeps every other process away from the pair.
func (s databaseState) lock() (release func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fault.Wrap(err, "make folder", s.dir)
	}
	return s.hold("move.lock", "move this database")
}

// keepLag writes down how far the other side is behind, for gates; what is not
// known takes an earlier figure away.
func (s databaseState) keepLag(l lagNow, known bool) error {
	if known {
		return s.write(lagFile, l)
	}
	if err := os.Remove(filepath.Join(s.dir, lagFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "take down", lagFile)
	}
	return nil
}
