package database

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"

	"example.com/landfall/internal/fault"
)

// hintDrain is what to do with a store that this engine cannot use.
const hintDrain = "start it with the engine version that made it, or start with an empty folder and resume the run from its checkpoint"

// PrepareStore makes the store at path, or checks that it has the form that
// this engine's server works with. An older store is migrated, after a copy
// of it was put beside it. A file of another program, one of a newer engine
// and one whose tables are not what its version says are refused and stay as
// they are.
func PrepareStore(ctx context.Context, path string, log *slog.Logger) error {
	want, err := versionNumber(Schema())
	if err != nil {
		return err
	}
	text, err := readSchema(storeSchema)
	if err != nil {
		return err
	}
	there, err := exists(path)
	if err != nil {
		return err
	}
	if !there {
		return newFile(ctx, path, text, form{storeApplication, want})
	}
	db, err := connect(path, "rw")
	if err != nil {
		return err
	}
	err = checkStore(ctx, db, path, want, log)
	if err == nil {
		err = sameColumns(ctx, db, path, text)
	}
	return errors.Join(err, db.Close())
}

func checkStore(ctx context.Context, db *sql.DB, path string, want int64, log *slog.Logger) error {
	f, err := readForm(ctx, db)
	switch {
	case err != nil:
		return fault.Of(fault.Invalid, "open the engine's store", path, err).Hintf("restore it from a backup")
	case f.application != storeApplication:
		return fault.Newf(fault.Invalid, "open the engine's store %q: it is a database of another program", path).Hintf(hintDrain)
	case f.version > want:
		return fault.Newf(fault.Unsupported, "open the engine's store %q: it has schema %s, this engine works with %s", path, versionText(f.version), versionText(want)).
			Hintf(hintDrain)
	case f.version == want:
		return nil
	}
	copied := path + ".schema-" + versionText(f.version)
	if there, err := exists(copied); err != nil {
		return err
	} else if !there { // a copy from an earlier attempt is as old as can be
		if err := copyDatabase(ctx, db, copied); err != nil {
			return err
		}
	}
	log.Info("migrate the store", slog.String("from", versionText(f.version)), slog.String("to", versionText(want)), slog.String("copy", copied))
	return migrate(ctx, db, path, f.version)
}

// migrate runs all steps in one transaction: half a migration is none.
func migrate(ctx context.Context, db *sql.DB, path string, from int64) error {
	steps, err := migrations(from)
	if err != nil {
		return err
	}
	err = inTransaction(ctx, db, func(tx *sql.Tx) error {
		for _, step := range steps {
			if _, err := tx.ExecContext(ctx, step.statements); err != nil {
				return fault.Of(fault.Unsupported, "migrate to schema", versionText(step.version), err)
			}
			if err := (form{storeApplication, step.version}).stamp(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fault.Of(fault.Unsupported, "migrate the engine's store", path, err).Hintf(hintDrain)
	}
	return nil
}

// sameColumns refuses a store whose tables are not those of the schema.
func sameColumns(ctx context.Context, db *sql.DB, path, schema string) error {
	want, err := inMemory(ctx, schema, columns)
	if err != nil {
		return fault.Of(fault.Internal, "read schema", storeSchema, err)
	}
	have, err := columns(ctx, db)
	if err != nil {
		return fault.Of(fault.Invalid, "open the engine's store", path, err).Hintf("restore it from a backup")
	}
	for _, name := range want {
		if !slices.Contains(have, name) {
			return fault.Newf(fault.Unsupported, "open the engine's store %q: it has no %q, which schema %s has", path, name, Schema()).Hintf(hintDrain)
		}
	}
	return nil
}

// PrepareVisibility makes the list at path unless it has exactly the form that
// this engine's server works with; remade says that it did. The version of
// this schema stays "0.1" while its tables change from release to release of
// the server, so the tables themselves are compared.
func PrepareVisibility(ctx context.Context, path string) (remade bool, err error) {
	text, err := readSchema(visibilitySchema)
	if err != nil {
		return false, err
	}
	there, err := exists(path)
	if err != nil {
		return false, err
	}
	if there {
		want, err := inMemory(ctx, text, statements)
		if err != nil {
			return false, fault.Of(fault.Internal, "read schema", visibilitySchema, err)
		}
		if have, err := describe(ctx, path); err == nil && slices.Equal(have, want) {
			return false, nil
		}
	}
	if err := removeDatabase(path); err != nil {
		return false, err
	}
	return true, newFile(ctx, path, text, form{application: visibilityApplication})
}

func describe(ctx context.Context, path string) ([]string, error) {
	db, err := connect(path, "rw")
	if err != nil {
		return nil, err
	}
	all, err := statements(ctx, db)
	return all, errors.Join(err, db.Close())
}
