package wire

import (
	"context"
	"path/filepath"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/approve"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/notify"
	"example.com/landfall/internal/store"
)

// messagesFolder holds the workspace's own texts of messages.
const messagesFolder = "messages"

// identify binds who is speaking to what landfall.yaml says of approvals.
func identify(s app.Setup, c *config.Config) func(ctx context.Context, statement string) (app.Identity, error) {
	a := c.Approvals
	who := approve.New(approve.Settings{
		Way: a.Identity, User: s.User, SignersFile: a.SignersFile, Key: keyFile(s), Issuer: a.Issuer, Audience: a.Audience, Roles: a.Roles,
		Getenv: s.Getenv, Now: s.Now,
	})
	return func(ctx context.Context, statement string) (app.Identity, error) {
		is, err := who(ctx, statement)
		return app.Identity(is), err
	}
}

// keyFile is the file of the key that the user named, from where the user is.
func keyFile(s app.Setup) string {
	if s.SSHKey == "" || filepath.IsAbs(s.SSHKey) {
		return s.SSHKey
	}
	return filepath.Join(s.Dir, s.SSHKey)
}

// judge binds what the proof of a person's word is worth. It needs no
// configuration: a ledger is checked anywhere.
func judge(c app.Claim, signers []byte) (string, error) {
	worth, err := approve.Verify(approve.Claim(c), signers)
	return string(worth), err
}

// telling binds messages to the channels and addresses that landfall.yaml names.
func telling(s app.Setup, c *config.Config, w *store.Workspace) app.Telling {
	n := c.Notify
	return notify.New(notify.Settings{
		Webhooks: n.Webhooks, SMTP: n.SMTP, From: n.From, To: n.To, UserVariable: n.UserVariable, PasswordVariable: n.PasswordVariable,
		Templates: filepath.Join(w.Root(), messagesFolder), Getenv: s.Getenv, Now: s.Now,
	}).Tell
}
