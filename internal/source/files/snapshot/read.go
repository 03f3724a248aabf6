package snapshot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// Newest knows the newest item of each resource. It is safe for concurrent
// use.
type Newest struct {
	mu    sync.Mutex
	items map[string]stamp
	// accounts are those of which there are items: lists of resources do not
	// say of which account they are.
	accounts map[string]bool
}

// NewNewest returns one that knows nothing.
func NewNewest() *Newest { return &Newest{items: map[string]stamp{}, accounts: map[string]bool{}} }

// note remembers an item if it is newer than what is known. Of equal ones that
// of the earlier file counts, whichever is read first.
func (n *Newest) note(h *head, s stamp) {
	key := h.key()
	if key == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if account := format.First(h.Account, h.FileAccount, h.FromAccount); account != "" {
		n.accounts[account] = true
	}
	known, ok := n.items[key]
	earlier := s.file < known.file || s.file == known.file && s.item < known.item
	if !ok || s.newerThan(known) || !known.newerThan(s) && earlier {
		n.items[key] = s
	}
}

// account is the account of all items, "" if there are several or none.
func (n *Newest) account() cloud.Account {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.accounts) != 1 {
		return ""
	}
	for account := range n.accounts {
		return cloud.Account(account)
	}
	return ""
}

func (n *Newest) is(key string, file, item int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.items[key]
	return !ok || s.file == file && s.item == item
}

// First notes the items of a file, which has the number file in the order of
// all files of the run. A broken file is no error: Second refuses it.
func First(ctx context.Context, d *document.Document, newest *Newest, file int) error {
	err := walk(d, func(decode decoder, _ string, n int) error {
		var h head
		if err := decode(&h); err != nil {
			return onlyBroken(err)
		}
		s := h.stamp()
		s.file, s.item = file, n
		newest.note(&h, s)
		return ctx.Err()
	}, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && fault.Is(err, fault.Storage) {
		return err
	}
	return nil
}

func onlyBroken(err error) error {
	if _, broken := errors.AsType[*document.Broken](err); broken {
		return err
	}
	return nil
}

// Second converts the items of a file that are the newest of their resource.
func Second(ctx context.Context, q format.Request, newest *Newest, file int, to source.Sink) error {
	out := format.NewOutput(to, inventory.ConfigSnapshot, q.Document)
	seen := 0
	err := walk(q.Document, func(decode decoder, place string, n int) error {
		seen++
		var item map[string]any
		if err := decode(&item); err != nil {
			if broken := onlyBroken(err); broken != nil {
				return broken
			}
			out.Refused(place, err)
			return nil
		}
		document.Plain(item)
		if key := keyOf(item); key != "" && !newest.is(key, file, n) {
			return ctx.Err()
		}
		convert(q, out, newest, place, item)
		return errors.Join(ctx.Err(), out.Ended())
	}, out)
	if err == nil && seen == 0 && !out.Recognised() {
		err = fault.Newf(fault.Invalid, "read configuration items: the file has no configurationItems, baseConfigurationItems, Results or resourceIdentifiers")
	}
	return out.Finish(err)
}

func convert(q format.Request, out *format.Output, newest *Newest, place string, item map[string]any) {
	item, err := Normal(item, q.Document.Limits())
	if err != nil {
		out.Refused(place, err)
		return
	}
	if _, ok := item["resourceType"].(string); !ok {
		out.Refused(place, fault.Newf(fault.Invalid, "read item: it has no resourceType").
			Hintf("select at least resourceId, resourceType, accountId, awsRegion and configuration"))
		return
	}
	locate(q, newest, item)
	resources, err := q.Kinds.FromConfig(item)
	if err != nil {
		out.Refused(place, fmt.Errorf("%s: %w", brief(item), err))
		return
	}
	_ = out.Found(place, resources...) // kept in out, which ends the walk
}

// locate fills in account and region where the answer leaves them out (an
// item of ListDiscoveredResources, a narrow SelectResourceConfig).
func locate(q format.Request, newest *Newest, item map[string]any) {
	text, _ := item["ARN"].(string)
	arn, _ := kinds.ParseARN(text)
	account, region := format.FromPath(q.Document.Name)
	if item["awsAccountId"] == nil {
		item["awsAccountId"] = string(format.First(arn.Place.Account, account, q.Account, newest.account()))
	}
	if item["awsRegion"] == nil {
		item["awsRegion"] = string(format.First(arn.Place.Region, region, q.Region))
	}
}

func keyOf(item map[string]any) string {
	text := func(name string) string {
		for have, value := range item {
			if s, ok := value.(string); ok && strings.EqualFold(have, name) {
				return s
			}
		}
		return ""
	}
	h := head{Account: text("accountId"), FileAccount: text("awsAccountId"), FromAccount: text("sourceAccountId"),
		Region: text("awsRegion"), FromRegion: text("sourceRegion"), Type: text("resourceType"), ID: text("resourceId"), ARN: text("arn")}
	return h.key()
}

// decoder decodes the item at hand. It must be called once.
type decoder func(into any) error

// visit is called for each item, with its place and its number in the file.
type visit func(decode decoder, place string, n int) error

// walk calls each for the items of a file. out, if not nil, takes what is
// unread.
func walk(d *document.Document, each visit, out *format.Output) error {
	text, err := d.Text()
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }() // it was only read
	w := walker{each: each, out: out, limits: d.Limits(), bare: isBare(d)}
	j := d.JSON(text)
	for j.Next() {
		if err := w.top(j); err != nil {
			return err
		}
	}
	return nil
}

type walker struct {
	each   visit
	out    *format.Output
	limits document.Limits
	// bare says that each JSON text of the file is an item itself.
	bare bool
	n    int
}

// item visits the next value. One that SelectResourceConfig answers is a text
// that holds JSON.
func (w *walker) item(j *document.JSON, place string, text bool) error {
	decode := decoder(j.Value)
	if text {
		decode = func(into any) error {
			var raw rawItem
			if err := j.Value(&raw); err != nil {
				return err
			}
			return raw.decode(into, w.limits)
		}
	}
	n := w.n
	w.n++
	return w.each(decode, place, n)
}

// top reads one JSON text: an answer or file, a bare list of items, or an item.
func (w *walker) top(j *document.JSON) error {
	if w.bare {
		w.recognise()
		return w.item(j, fmt.Sprintf("#/%d", w.n), false)
	}
	kind, _, err := j.Open()
	if err != nil || kind == document.Scalar {
		return err
	}
	if kind == document.List {
		return w.rest(j, "#/")
	}
	return w.members(j)
}

// rest reads the items of a list that was entered.
func (w *walker) rest(j *document.JSON, place string) error {
	for i := 0; j.Next(); i++ {
		if err := w.item(j, fmt.Sprintf("%s%d", place, i), true); err != nil {
			return err
		}
	}
	return j.Close()
}

func (w *walker) members(j *document.JSON) error {
	for j.Next() {
		name, err := j.Name()
		if err != nil {
			return err
		}
		if err := w.member(j, name); err != nil {
			return err
		}
	}
	return j.Close()
}

func (w *walker) member(j *document.JSON, name string) error {
	switch strings.ToLower(name) {
	case "configurationitems", "baseconfigurationitems", "results", "resourceidentifiers":
		w.recognise()
		_, err := j.Items(func(i int) error {
			return w.item(j, fmt.Sprintf("#/%s/%d", name, i), strings.EqualFold(name, "results"))
		})
		return err
	case "configurationitem": // GetAggregateResourceConfig, and the message of a delivery
		w.recognise()
		return w.item(j, "#/"+name, false)
	case "unprocessedresourcekeys", "unprocessedresourceidentifiers":
		return w.unprocessed(j, name)
	case "nexttoken":
		return w.unfinished(j)
	}
	return j.Skip()
}

func (w *walker) recognise() {
	if w.out != nil {
		w.out.Recognise()
	}
}

// unprocessed are the resources that AWS Config was asked for and did not
// answer.
func (w *walker) unprocessed(j *document.JSON, name string) error {
	_, err := j.Items(func(int) error {
		var h head
		if err := j.Value(&h); err != nil || w.out == nil {
			return onlyBroken(err)
		}
		w.out.Unread(inventory.Unread{
			Account: cloud.Account(h.FromAccount), Region: cloud.Region(h.FromRegion),
			Reason: "AWS Config lists it under " + name, Hides: strings.TrimSpace(h.Type + " " + h.ID),
		})
		return nil
	})
	return err
}

func (w *walker) unfinished(j *document.JSON) error {
	var token any
	if err := j.Value(&token); err != nil || token == nil || token == "" || w.out == nil {
		return onlyBroken(err)
	}
	w.out.Unread(inventory.Unread{
		Reason: "the answer ends with a NextToken: more pages follow that are not in this file",
		Hides:  fmt.Sprintf("items after the first %d", w.n),
	})
	return nil
}
