package config_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/config"
)

// What is wrong under runbook is reported with its line, and nothing else.
func TestBrokenRunbookKeys(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"strategy: red-black":                                        `5:13: "runbook.strategy" wants`,
		"window: {opens: tomorrow}":                                  `5:19: "runbook.window.opens" wants a time such as`,
		"window: {opens: 2027-03-06}":                                `5:19: "runbook.window.opens" wants a string`,
		"window: {lengthMinutes: -1}":                                `5:27: "runbook.window.lengthMinutes" wants a whole number`,
		"window: {zone: berlin}":                                     `5:18: "runbook.window.zone" wants a name such as`,
		"contacts: [{role: lead, name: A}]":                          `5:14: key "runbook.contacts[0].reach" is missing`,
		"checks: [{name: a}]":                                        `5:12: "runbook.checks[0]" wants either a url or a command`,
		"checks: [{name: a, command: x, status: 200}]":               `5:12: "runbook.checks[0]" has a status or a text for a command`,
		"checks: [{name: a, url: 'https://a.example/', for: load}]":  `5:12: "runbook.checks[0]" asks a url`,
		"checks: [{name: a, url: 'https://u:p@a.example/'}]":         `5:27: "runbook.checks[0].url" holds a user name`,
		"checks: [{name: a, url: 'https://a.example/', status: 99}]": `5:57: "runbook.checks[0].status" wants a status`,
		"ttlSeconds: 29":                                             `5:15: "runbook.ttlSeconds" wants a whole number from 30`,
		"observationHours: 0":                                        `5:21: "runbook.observationHours" wants`,
		"shares: [0, 100]":                                           `5:12: "runbook.shares[0]" wants a whole number from 1 to 100`,
		"data: [{of: shop-db}]":                                      `5:10: "runbook.data[0]" says nothing`,
		"data: [{of: shop-db, gib: 1.5}]":                            `5:29: "runbook.data[0].gib" wants`,
		"data: [{of: shop-db, method: fast}]":                        `5:32: "runbook.data[0].method" wants`,
		"data: [{of: covers, names: drop}]":                          `5:30: "runbook.data[0].names" wants`,
		"data: [{of: covers, metadata: drop}]":                       `5:33: "runbook.data[0].metadata" wants`,
		"owners: {dba: me}":                                          `5:12: "runbook.owners" wants`,
		"data: [{of: a, gib: 1}, {of: a, gib: 2}]":                   `5:27: of "a" stands twice`,
		"contact: []":                                                `5:3: unknown key "contact" in "runbook"; the nearest key is "contacts"`,
		"window: {length: 3}":                                        `5:12: unknown key "length" in "runbook.window"`,
		"tolerancePercent: '5'":                                      `5:21: "runbook.tolerancePercent" wants a whole number`,
		"owners: {database: ''}":                                     `5:22: "runbook.owners.database" is empty`,
		"resolvers: dns.example":                                     `5:14: "runbook.resolvers" wants IP addresses`,
		"resolvers: '192.0.2.53,192.0.2.54:0'":                       `5:14: "runbook.resolvers" wants IP addresses`,
		"nameServerPort: 0":                                          `5:19: "runbook.nameServerPort" wants a whole number from 1`,
		"shares: [5, 5]":                                             `5:15: "5" stands twice`,
		"checks: [{name: a, command: x, url: 'b'}]":                  `5:39: "runbook.checks[0].url" wants an address`,
	} {
		t.Run(content, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(minimal + "runbook:\n  " + content + "\n")})
			if err == nil || !strings.HasPrefix(err.Error(), "landfall.yaml:"+want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}
