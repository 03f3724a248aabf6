package sam

import "strings"

// mergeGlobals gives every serverless resource the properties that the
// Globals section has for its kind: mappings are merged, the resource's own
// entries winning, lists are joined with the global part first, anything else
// is the resource's own if it has one ("Globals section" in the SAM guide).
func (t *transform) mergeGlobals() {
	for _, id := range keys(t.in) {
		body := mapping(t.in[id])
		name, ok := strings.CutPrefix(text(body["Type"]), "AWS::Serverless::")
		global := mapping(t.globals[name])
		if !ok || len(global) == 0 {
			continue
		}
		own, _ := body["Properties"].(map[string]any)
		if own == nil {
			own = map[string]any{}
		}
		body["Properties"] = merge(clone(without(global, body["IgnoreGlobals"])), own)
	}
}

// without leaves out the globals that a resource does not want.
func without(global map[string]any, ignored any) map[string]any {
	out := map[string]any{}
	for k, v := range global {
		out[k] = v
	}
	if ignored == "*" {
		return map[string]any{}
	}
	for _, name := range list(ignored) {
		delete(out, text(name))
	}
	return out
}

func merge(global, own any) any {
	g, bothMaps := global.(map[string]any)
	o, ok := own.(map[string]any)
	if bothMaps && ok && !isIntrinsic(g) && !isIntrinsic(o) {
		for k, v := range o {
			if had, there := g[k]; there {
				v = merge(had, v)
			}
			g[k] = v
		}
		return g
	}
	gl, bothLists := global.([]any)
	ol, isList := own.([]any)
	if bothLists && isList {
		return append(append([]any{}, gl...), ol...)
	}
	return own
}
