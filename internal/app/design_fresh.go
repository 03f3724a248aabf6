package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
)

// configInput is the name among a design's inputs of what it takes from
// landfall.yaml.
const configInput = "landfall.yaml"

// configFingerprint is that of what a design takes from landfall.yaml. The
// subscription is left out: a deployment puts its own in its place.
func configFingerprint(c *config.Config) (string, error) {
	o := designOptions(c, inventory.Inventory{})
	o.Subscription = ""
	content, err := json.Marshal(o)
	if err != nil {
		return "", fault.Of(fault.Internal, "fingerprint settings", configInput, err)
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// freshDesign reads design.json and refuses it when it was made from anything
// else than what is in the workspace: what would be done then is not what the
// newest assessment or landfall.yaml asks for. doing names the verb for the
// error.
func (a *App) freshDesign(doing string) (*design.Design, error) {
	d, err := a.readDesign()
	if err != nil {
		return nil, err
	}
	changed, err := a.changedInputs(d)
	if err != nil {
		return nil, err
	}
	if len(changed) == 0 {
		return d, nil
	}
	verb := "has changed since"
	if len(changed) > 1 {
		verb = "have changed since"
	}
	return nil, fault.Newf(fault.Refused, "%s: the design is older than what it was made from: %s %s", doing, strings.Join(changed, ", "), verb).
		Hintf("landfall design")
}

// changedInputs names what a design was made from and what is another thing
// now, or not there any more, in order.
func (a *App) changedInputs(d *design.Design) ([]string, error) {
	w, err := a.need()
	if err != nil {
		return nil, err
	}
	current, err := configFingerprint(a.Config)
	if err != nil {
		return nil, err
	}
	inputs := map[string]string{configInput: current}
	for _, name := range []store.Name{store.Inventory, store.Graph, store.Baseline, store.Catalog} {
		switch fingerprint, err := w.Fingerprint(name); {
		case err == nil:
			inputs[string(name)] = fingerprint
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	var out []string
	for name, fingerprint := range inputs {
		if d.Inputs[name] != fingerprint {
			out = append(out, name)
		}
	}
	for name := range d.Inputs {
		if _, there := inputs[name]; !there {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}
