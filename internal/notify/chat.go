package notify

import (
	"encoding/json"
	"strings"
)

type object map[string]any

// teamsHosts are where channels and workflows of Microsoft Teams take messages
// ("Create incoming webhooks with Workflows for Microsoft Teams", Microsoft
// Support; the older connectors are at webhook.office.com).
func teamsHosts() []string {
	return []string{"webhook.office.com", "outlook.office.com", "logic.azure.com", "api.powerplatform.com", "logic.azure.us", "api.powerplatform.us"}
}

func teams(host string) bool {
	for _, name := range teamsHosts() {
		if host = strings.ToLower(host); host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

// shape writes a message as the chat at this host takes it.
func shape(host string, l letter) ([]byte, error) {
	if teams(host) {
		return json.Marshal(card(l))
	}
	return json.Marshal(blocks(l))
}

// blocks is the message of Slack ("Sending messages using incoming webhooks"
// and "Reference: blocks"): a text for notifications, and blocks to read. The
// blocks are plain text, so that nothing in a name or a detail is a mention or
// a link; in the text the three characters that begin one are escaped. A header
// takes 150 characters, a section 3000.
func blocks(l letter) object {
	plain := func(text string) object { return object{"type": "plain_text", "text": text, "emoji": false} }
	all := []object{
		{"type": "header", "text": plain(l.Title)},
		{"type": "section", "text": plain(l.Text)},
	}
	var about []string
	for _, f := range l.facts() {
		about = append(about, f.name+": "+f.value)
	}
	if len(about) > 0 {
		all = append(all, object{"type": "section", "text": plain(shorten(strings.Join(about, "\n"), maxBody))})
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	return object{"text": escape.Replace(l.Title + "\n" + l.Text), "blocks": all}
}

// card is the message of Teams: an adaptive card as an attachment. Runs of a
// RichTextBlock are the only text of a card that knows no Markdown ("Text
// features" and "RichTextBlock" of adaptivecards.io).
func card(l letter) object {
	rich := func(runs ...object) object { return object{"type": "RichTextBlock", "inlines": runs} }
	run := func(text string) object { return object{"type": "TextRun", "text": text} }
	head := run(l.Title)
	head["weight"], head["size"] = "bolder", "medium"
	body := []object{rich(head)}
	for line := range strings.Lines(l.Text) {
		if line = strings.TrimSpace(line); line != "" {
			body = append(body, rich(run(line)))
		}
	}
	for _, f := range l.facts() {
		name := run(f.name + ": ")
		name["weight"] = "bolder"
		body = append(body, rich(name, run(f.value)))
	}
	return object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil,
		"content": object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body},
	}}}
}
