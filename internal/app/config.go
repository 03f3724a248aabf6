package app

import (
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/view"
)

// Settings lists each effective configuration value and where it came from.
func (a *App) Settings() (view.Settings, error) {
	w, err := a.need()
	if err != nil {
		return view.Settings{}, err
	}
	result := view.Settings{File: w.ConfigPath()}
	variables := map[string]string{}
	for _, k := range config.Keys() {
		variables[k.Path] = k.Env
	}
	for _, s := range a.Config.Effective() {
		result.Settings = append(result.Settings, view.Setting{
			Key: s.Key, Value: s.Value, Shown: s.Text(), Origin: s.Origin, Environment: variables[s.Key],
		})
	}
	return result, nil
}
