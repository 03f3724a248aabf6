package app

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
)

// idFile holds the id of the workspace, inside the private folder. It is made
// once and goes wherever the workspace goes: the queues of its runs are named by
// it, and two workspaces that share a cluster never have the same.
const idFile = "workspace.id"

// queuePrefix is that of every queue of Landfall.
const queuePrefix = "landfall-"

// idBytes is the length of an id.
const idBytes = 6

var idForm = regexp.MustCompile(`^[0-9a-f]{12}$`)

// workspaceID returns the id of the workspace, which gets one when it has none.
func workspaceID(w *store.Workspace) (string, error) {
	id, err := readID(w)
	if !fault.Is(err, fault.NotFound) {
		return id, err
	}
	if id, err = newID(w); err != nil {
		return "", err
	}
	path, err := w.Private(idFile)
	if err != nil {
		return "", err
	}
	// Another landfall may be doing the same: the first id counts.
	if err := durable.Create(path, []byte(id+"\n"), 0o600); err != nil && !fault.Is(err, fault.Conflict) {
		return "", err
	}
	return readID(w)
}

func readID(w *store.Workspace) (string, error) {
	path, err := w.Private(idFile)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(err, "read the id of the workspace", path)
	}
	id := strings.TrimSpace(string(content))
	if !idForm.MatchString(id) {
		return "", fault.Newf(fault.Invalid, "read the id of the workspace: %q holds %q, which is none", path, id).Hintf("bring the file back from a copy of the workspace")
	}
	return id, nil
}

// newID makes an id. A workspace with a run that was begun before queues were
// named by ids keeps the name that its queue has: the hash of where it lies.
func newID(w *store.Workspace) (string, error) {
	all, err := w.Executions()
	if err != nil {
		return "", err
	}
	for i := range all {
		if unnamed(&all[i]) {
			sum := sha256.Sum256([]byte(w.Root()))
			return hex.EncodeToString(sum[:idBytes]), nil
		}
	}
	id := make([]byte, idBytes)
	_, err = rand.Read(id)
	return hex.EncodeToString(id), fault.Wrap(err, "make an id for", w.Root())
}

// unnamed says that a run is under way whose queues were not named by an id.
func unnamed(x *store.Execution) bool { return x != nil && x.Ended == nil && x.Queue == "" }

// runQueue is the queue of the runs of a workspace.
func runQueue(id string, rehearsal bool) string {
	if rehearsal {
		return queuePrefix + id + "-rehearsal"
	}
	return queuePrefix + id
}

// placeQueue is the queue of the steps of a place, for which landfall.yaml has a
// name; a whole name of a queue stays as it is.
func placeQueue(id, name string) string {
	if strings.HasPrefix(name, queuePrefix) {
		return name
	}
	return queuePrefix + id + "." + name
}

// queues are the queues of the workers by place.
func (a *App) queues(w *store.Workspace) (map[runbook.Place]string, error) {
	id, err := workspaceID(w)
	if err != nil {
		return nil, err
	}
	out := map[runbook.Place]string{}
	for place, name := range a.Config.Engine.Queues {
		out[runbook.Place(place)] = placeQueue(id, name)
	}
	return out, nil
}

// servedQueue is the queue that a worker is to serve which was told the name of
// landfall.yaml, or the whole one. On another machine nobody but the whole name
// says which workspace it is for, unless the id came along.
func servedQueue(w *store.Workspace, name string) (string, error) {
	if strings.HasPrefix(name, queuePrefix) {
		return name, nil
	}
	open, err := openExecution(w)
	if err != nil {
		return "", err
	}
	if unnamed(open) {
		return name, nil
	}
	id, err := readID(w)
	if fault.Is(err, fault.NotFound) {
		return "", fault.Newf(fault.NotFound, "work on the queue %q: the folder %q is not the workspace that runs, and no id says which one is", name, w.Root()).
			Hintf("landfall worker --queue %sID.%s, with the ID in .landfall/%s of the workspace, or copy that file here", queuePrefix, name, idFile)
	}
	return placeQueue(id, name), err
}
