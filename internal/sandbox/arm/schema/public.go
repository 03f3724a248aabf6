package schema

import "strings"

// Public returns the body without what a provider never answers: write-only
// and sensitive properties of the definition, and, whatever the type, anything
// that is a password by its name. The input is not changed.
func (d *Definitions) Public(kind string, body map[string]any) map[string]any {
	index := -1
	if d != nil {
		if r, ok := d.Resource(kind); ok {
			index = r.body
		}
	}
	return d.publicObject(index, body)
}

func (d *Definitions) publicObject(index int, object map[string]any) map[string]any {
	kept := make(map[string]any, len(object))
	for key, value := range object {
		next, hidden := d.memberOf(index, object, key)
		if hidden || secretName(key) {
			continue
		}
		kept[key] = d.publicValue(next, value)
	}
	return kept
}

func (d *Definitions) publicValue(index int, value any) any {
	switch v := value.(type) {
	case map[string]any:
		return d.publicObject(index, v)
	case []any:
		item := -1
		if index >= 0 && d.nodes[index].letter == 'Y' {
			item = d.nodes[index].item
		}
		kept := make([]any, len(v))
		for i := range v {
			kept[i] = d.publicValue(item, v[i])
		}
		return kept
	}
	return value
}

// memberOf finds the node of a property and whether it is never answered.
func (d *Definitions) memberOf(index int, object map[string]any, key string) (next int, hidden bool) {
	if index < 0 {
		return -1, false
	}
	n := d.nodes[index]
	p, ok := n.props[strings.ToLower(key)]
	if !ok && n.letter == 'D' {
		p, ok = d.variantMember(n, object, key)
	}
	if !ok {
		return n.extra, false
	}
	return p.node, d.hides(n, p)
}

// hides decides about one property. The definitions also mark some envelope
// parts (a deployment's template, a site's siteConfig) write-only; those hold
// no secret as such, but are not answered either.
func (d *Definitions) hides(_ node, p property) bool {
	return d.nodes[p.node].sensitive || p.has(flagWriteOnly) && !envelopePart(p.name)
}

// envelopePart names parts that one definition marks write-only by a slip of
// its generator: "identity" of a deployment is answered by the service.
func envelopePart(name string) bool { return name == "identity" }

func (d *Definitions) variantMember(n node, object map[string]any, key string) (property, bool) {
	chosen, found := lookup(object, n.key)
	text, isText := chosen.(string)
	if !found || !isText {
		return property{}, false
	}
	for name, variant := range n.variants {
		if strings.EqualFold(name, text) {
			p, ok := d.nodes[variant].props[strings.ToLower(key)]
			return p, ok
		}
	}
	return property{}, false
}

// secretName reports a property that holds a secret in every type that has it.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, "password") || lower == "protectedsettings" || lower == "customdata" || lower == "userdata" || lower == "sharedkey"
}
