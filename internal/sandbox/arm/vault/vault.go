package vault

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"github.com/google/uuid"
)

// maxSecret is the most a secret's value may have: 25 kB.
const maxSecret = 25 << 10

// Store holds the secrets of all vaults.
type Store struct {
	now func() time.Time

	mu     sync.Mutex
	vaults map[string]map[string]*secret
	serial int64
}

// NewStore returns a store without secrets.
func NewStore(now func() time.Time) *Store {
	return &Store{now: now, vaults: map[string]map[string]*secret{}}
}

// secret is one name with its versions, oldest first.
type secret struct {
	name     string
	versions []*version
	deleted  time.Time
}

type version struct {
	id               string
	value            string
	contentType      string
	tags             map[string]string
	enabled          bool
	expires, start   *int64
	created, updated int64
}

// Content is what a client may set.
type Content struct {
	Value       *string           `json:"value"`
	ContentType *string           `json:"contentType"`
	Tags        map[string]string `json:"tags"`
	Attributes  *struct {
		Enabled *bool  `json:"enabled"`
		Expires *int64 `json:"exp"`
		Start   *int64 `json:"nbf"`
	} `json:"attributes"`
}

func (c Content) apply(v *version) {
	if c.ContentType != nil {
		v.contentType = *c.ContentType
	}
	if c.Tags != nil {
		v.tags = maps.Clone(c.Tags)
	}
	if a := c.Attributes; a != nil {
		if a.Enabled != nil {
			v.enabled = *a.Enabled
		}
		if a.Expires != nil {
			v.expires = a.Expires
		}
		if a.Start != nil {
			v.start = a.Start
		}
	}
}

// Set makes a new version.
func (s *Store) Set(vault, name string, c Content) (map[string]any, error) {
	if c.Value == nil || len(*c.Value) > maxSecret {
		return nil, armerror.BadRequest("BadParameter", "The secret '%s' has no value, or one longer than %d bytes.", name, maxSecret)
	}
	if !validName(name) {
		return nil, armerror.BadRequest("BadParameter", "The request URI contains an invalid name: %s", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.vaults[vault]
	if in == nil {
		in = map[string]*secret{}
		s.vaults[vault] = in
	}
	held := in[strings.ToLower(name)]
	if held == nil {
		held = &secret{name: name}
		in[strings.ToLower(name)] = held
	}
	if !held.deleted.IsZero() {
		return nil, armerror.Conflict("Conflict", "Secret %s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", name)
	}
	s.serial++
	now := s.now().Unix()
	v := &version{id: s.versionID(vault, name), value: *c.Value, enabled: true, created: now, updated: now}
	c.apply(v)
	held.versions = append(held.versions, v)
	return held.body(v, true), nil
}

func (s *Store) versionID(vault, name string) string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s/%s/%d", vault, name, s.serial))
	return strings.ReplaceAll(id.String(), "-", "")
}

func validName(name string) bool {
	if name == "" || len(name) > 127 {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// find returns a secret and one of its versions, the newest when id is "".
func (s *Store) find(vault, name, id string) (*secret, *version, error) {
	held := s.vaults[vault][strings.ToLower(name)]
	if held == nil || !held.deleted.IsZero() {
		return nil, nil, missing(name, id)
	}
	if id == "" {
		return held, held.versions[len(held.versions)-1], nil
	}
	i := slices.IndexFunc(held.versions, func(v *version) bool { return v.id == id })
	if i < 0 {
		return nil, nil, missing(name, id)
	}
	return held, held.versions[i], nil
}

func missing(name, id string) error {
	return armerror.NotFound("SecretNotFound", "A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.", strings.TrimSuffix(name+"/"+id, "/"))
}

// Get reads a secret with its value.
func (s *Store) Get(vault, name, id string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, v, err := s.find(vault, name, id)
	if err != nil {
		return nil, err
	}
	now := s.now().Unix()
	if !v.enabled || v.expires != nil && *v.expires < now || v.start != nil && *v.start > now {
		return nil, armerror.New(403, "Forbidden", "Operation get is not allowed on a disabled secret, or on one outside of its time of validity.")
	}
	return held.body(v, true), nil
}

// Update changes the attributes of a version.
func (s *Store) Update(vault, name, id string, c Content) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, v, err := s.find(vault, name, id)
	if err != nil {
		return nil, err
	}
	c.apply(v)
	v.updated = s.now().Unix()
	return held.body(v, false), nil
}

// List gives the newest version of each secret, deleted ones or the others.
func (s *Store) List(vault string, deleted bool) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(s.vaults[vault])) {
		held := s.vaults[vault][key]
		if held.deleted.IsZero() == deleted {
			continue
		}
		body := held.body(held.versions[len(held.versions)-1], false)
		body["id"] = "/secrets/" + held.name
		out = append(out, held.withDeletion(body))
	}
	return out
}

// Versions lists the versions of a secret.
func (s *Store) Versions(vault, name string) ([]map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, _, err := s.find(vault, name, "")
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, v := range held.versions {
		out = append(out, held.body(v, false))
	}
	return out, nil
}

// Delete puts a secret aside; Recover brings it back; Purge forgets it.
func (s *Store) Delete(vault, name string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, v, err := s.find(vault, name, "")
	if err != nil {
		return nil, err
	}
	held.deleted = s.now()
	return held.withDeletion(held.body(v, false)), nil
}

func (s *Store) deleted(vault, name string) (*secret, error) {
	held := s.vaults[vault][strings.ToLower(name)]
	if held == nil || held.deleted.IsZero() {
		return nil, armerror.NotFound("SecretNotFound", "Deleted Secret not found: %s", name)
	}
	return held, nil
}

// Deleted reads a secret that was put aside.
func (s *Store) Deleted(vault, name string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.deleted(vault, name)
	if err != nil {
		return nil, err
	}
	return held.withDeletion(held.body(held.versions[len(held.versions)-1], false)), nil
}

// Recover brings a deleted secret back.
func (s *Store) Recover(vault, name string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.deleted(vault, name)
	if err != nil {
		return nil, err
	}
	held.deleted = time.Time{}
	return held.body(held.versions[len(held.versions)-1], false), nil
}

// Purge forgets a deleted secret.
func (s *Store) Purge(vault, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.deleted(vault, name); err != nil {
		return err
	}
	delete(s.vaults[vault], strings.ToLower(name))
	return nil
}

// body renders a version. The id is relative; the handler makes it a URL.
func (s *secret) body(v *version, value bool) map[string]any {
	attributes := map[string]any{"enabled": v.enabled, "created": v.created, "updated": v.updated, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
	if v.expires != nil {
		attributes["exp"] = *v.expires
	}
	if v.start != nil {
		attributes["nbf"] = *v.start
	}
	out := map[string]any{"id": "/secrets/" + s.name + "/" + v.id, "attributes": attributes}
	if value {
		out["value"] = v.value
	}
	if v.contentType != "" {
		out["contentType"] = v.contentType
	}
	if len(v.tags) > 0 {
		out["tags"] = maps.Clone(v.tags)
	}
	return out
}

func (s *secret) withDeletion(body map[string]any) map[string]any {
	if s.deleted.IsZero() {
		return body
	}
	body["recoveryId"] = "/deletedsecrets/" + s.name
	body["deletedDate"], body["scheduledPurgeDate"] = s.deleted.Unix(), s.deleted.AddDate(0, 0, 90).Unix()
	return body
}
