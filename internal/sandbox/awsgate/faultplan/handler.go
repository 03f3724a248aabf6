package faultplan

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"example.com/landfall/internal/fault"
)

// maxRulesBytes bounds a posted list of rules.
const maxRulesBytes = 4 << 20

// Handler serves the plan: POST adds a rule or a list of rules, GET lists them
// with how often each matched and fired, DELETE removes all. Answers are JSON.
func (p *Plan) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			rules, err := readRules(http.MaxBytesReader(w, r.Body, maxRulesBytes))
			if err == nil {
				err = p.Add(rules...)
			}
			if err != nil {
				answer(w, fault.HTTPStatus(err), map[string]string{"error": err.Error()})
				return
			}
		case http.MethodDelete:
			p.Clear()
		case http.MethodGet:
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			answer(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, POST or DELETE"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"rules": p.List()})
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The caller is gone when this fails, and there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}

// readRules accepts one rule, a list, or {"rules": [...]} as GET prints it.
func readRules(body io.Reader) ([]Rule, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read fault rules", "", err)
	}
	var list []Rule
	if strict(text, &list) == nil {
		return list, nil
	}
	var wrapped struct {
		Rules []Status `json:"rules"`
	}
	if strict(text, &wrapped) == nil && wrapped.Rules != nil {
		for _, s := range wrapped.Rules {
			list = append(list, s.Rule)
		}
		return list, nil
	}
	var one Rule
	if err := strict(text, &one); err != nil {
		return nil, fault.Of(fault.Invalid, "read fault rules", "", err)
	}
	return []Rule{one}, nil
}

// strict refuses unknown keys: a misspelt "maxcuont" would otherwise make a
// rule that never stops.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.Newf(fault.Invalid, "read JSON: more than one value")
	}
	return nil
}
