package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/view"
)

// firstWrong is how many objects that are not as they should be are named; the
// manifest has all of them.
const firstWrong = 20

// finish signs and keeps the manifest, clears the pass away, and tells the
// ledger. What is not as it should be is the error, of kind fault.Found.
func (r *moving) finish(ctx context.Context, paper *sheet, result objects.Result) error {
	by := &signer{app: r.App, state: r.state, alone: r.alone}
	signature, err := manifest.Sign(ctx, paper.file, result.Summary, by)
	if err != nil {
		return fault.Wrap(err, "sign the manifest", paper.path)
	}
	if by.why != nil {
		r.out.Notes = append(r.out.Notes, "signed with the workspace's key, because: "+by.why.Error())
	}
	if err := paper.publish(); err != nil {
		return err
	}
	if r.o.Manifest != "" {
		if err := paper.copyTo(r.path(r.o.Manifest)); err != nil {
			return err
		}
	}
	unheld, err := r.accept(ctx, paper.path, &result)
	if err != nil {
		return err
	}
	found := result.Err()
	r.used(result)
	r.out.Results, r.out.Proofs, r.out.Losses = resultsOf(result.Counts, r.verb), proofsOf(result.Counts), result.Counts.Losses
	r.out.Manifest, r.out.Digest, r.out.Key = paper.path, result.Summary.Digest, signature.Key
	if result.Path != "" && r.settings.Path == objects.EitherPath {
		r.out.Notes = append(r.out.Notes, "streamed through this machine, because the target cannot fetch from the source: "+result.Path)
	}
	if keeps, known := r.mover.KeepsVersions(); r.settings.Versions && known && !keeps {
		r.out.Notes = append(r.out.Notes, "the account keeps no versions of blobs: of each object only the newest is there. Switch blob versioning on, and copy into an empty container, to keep them")
	}
	for _, side := range result.Unordered {
		r.out.Notes = append(r.out.Notes, "the "+side+" lists out of order; it was sorted here")
	}
	if n := result.Counts.Results; r.verb == verbCopy && found == nil && n[manifest.Same].Objects == result.Counts.Lines-n[manifest.Extra].Objects {
		r.out.Notes = append(r.out.Notes, "nothing to do: the target has all of it")
	}
	if found != nil {
		if r.out.First, err = wrongLines(ctx, paper.path, firstWrong, r.verb == verbVerify); err != nil {
			return err
		}
	}
	if err := r.closing(ctx, closing{result, by, signature, found, unheld}); err != nil {
		return err
	}
	if err := r.clear(); err != nil {
		return err
	}
	if found != nil {
		return fault.Of(fault.Found, "", "", found).Hintf("%s", r.mend(result))
	}
	return nil
}

// closing is what a pass came to.
type closing struct {
	result    objects.Result
	by        *signer
	signature manifest.Signature
	found     error
	unheld    action.ObjectsUnheld
}

// closing is the entry of the ledger, and the note for who looks next.
func (r *moving) closing(ctx context.Context, c closing) error {
	result, by, signature, found := c.result, c.by, c.signature, c.found
	last := lastPass{
		Verb: r.verb, Level: levelWord(r.level), Run: r.pass.Run, Began: result.Summary.Head.Began, Ended: result.Summary.Head.Ended, Digest: result.Summary.Digest,
		Manifest: r.out.Manifest, Key: signature.Key, Counts: result.Counts, Left: result.Left(), Final: r.o.Final,
		Names: r.names, Unheld: c.unheld,
	}
	if found != nil {
		last.Found = found.Error()
	}
	body := map[string]any{
		"verb": r.verb, "level": levelWord(r.level), "run": r.pass.Run, "source": r.sides.source, "target": r.sides.target, "filters": result.Summary.Head.Filters,
		"began": last.Began, "ended": last.Ended, "digest": last.Digest, "manifest": r.out.Manifest, "counts": result.Counts, "proof": proofName(result),
		"found": last.Found, "final": r.o.Final, "step": r.step, "use": result.Use, "usd": result.Cost, "seconds": r.out.Seconds, "key": signature.Key, "by": signature.By,
	}
	if r.step != "" {
		body["names"], body["unheld"] = r.names, c.unheld
	}
	if by.used != nil {
		body["publicKey"] = by.used.Public()
	} else if r.Config != nil {
		body["how"] = sshBy + signature.Key
		content, err := readSigners(r.Config.Approvals.SignersFile)
		if err != nil {
			return err
		}
		body["signers"] = fingerprintOf(content)
	}
	kind := entryCopied
	if r.verb == verbVerify {
		kind = entryCompared
	}
	if err := r.tell(ctx, kind, body); err != nil {
		return err
	}
	return r.state.keepLast(last)
}

// clear ends the pass: the next one begins with its own listings.
func (r *moving) clear() error {
	if r.journal != nil {
		if err := r.journal.Discard(); err != nil {
			return err
		}
	}
	folder, err := r.state.parts(r.verb, r.pass.Run)
	if err != nil {
		return err
	}
	return fault.Wrap(os.RemoveAll(folder), "clear folder", folder)
}

// used is what the pass has used up.
func (r *moving) used(result objects.Result) {
	r.out.SourceRequests, r.out.TargetRequests = result.Use.Requests()
	r.out.EgressBytes, r.out.USD = result.Use.Egress, result.Cost
	r.out.Seconds = max(r.setup.Now().Sub(r.began).Seconds(), 0.001)
}

// mend is what to do about what was found.
func (r *moving) mend(result objects.Result) string {
	n := result.Counts.Results
	switch {
	case r.verb == verbVerify && n[manifest.Missing].Objects+n[manifest.Different].Objects > 0:
		return "landfall move objects " + r.o.Source + " " + r.o.Target + " copies what is missing or differs"
	case n[manifest.Archived].Objects > 0 && r.o.RestoreDays > 0:
		return "the same command again, when they can be read: mostly 3 to 5 hours from now, of DEEP_ARCHIVE 12"
	case n[manifest.Archived].Objects > 0:
		return "the same command with --restore DAYS asks for the archived ones; run it again when they can be read"
	case r.settings.Path == objects.ServerSide && result.Path != "":
		return "the same command with --server-side auto streams what the target cannot fetch"
	case n[manifest.Refused].Objects > 0 && r.settings.Names.Keys == name.Rename:
		return "the manifest names each with its rule; nothing gives these another name"
	case n[manifest.Refused].Objects > 0:
		return "the manifest names each with its rule; --names rename gives keys that Azure cannot hold another name"
	case n[manifest.Denied].Objects > 0:
		return "allow reading them at the source, then the same command again"
	case n[manifest.Changing].Objects+n[manifest.Failed].Objects > 0:
		return "the same command again tries them once more"
	case n[manifest.Extra].Objects > 0:
		return "landfall move objects --delete --dry-run says which of these are copies of objects that are gone"
	case r.level == objects.LevelListing:
		return "landfall verify objects --level bound, or full, which reads both sides"
	case r.level == objects.LevelHead:
		return "landfall verify objects --level full reads both sides"
	}
	return "landfall verify manifest " + r.out.Manifest
}

// resultsOf are the counts by what became of the objects.
func resultsOf(c manifest.Counts, verb string) []view.MoveCount {
	out := []view.MoveCount{}
	for _, result := range manifest.Results() {
		if n := c.Results[result]; n.Objects > 0 {
			good := result.Good() || result == manifest.Deleted || verb != verbVerify && result == manifest.Extra
			out = append(out, view.MoveCount{Name: string(result), Objects: n.Objects, Bytes: n.Bytes, Good: good})
		}
	}
	return out
}

// proofsOf are the counts by what equality rests on, strongest first.
func proofsOf(c manifest.Counts) []view.MoveCount {
	out := []view.MoveCount{}
	for _, proof := range []string{"read", "bound", "recorded", "unproved"} {
		if n := c.Proofs[proof]; n.Objects > 0 {
			out = append(out, view.MoveCount{Name: proof, Objects: n.Objects, Bytes: n.Bytes, Good: proof != "unproved"})
		}
	}
	return out
}

// proofName is the weakest proof that any equality rests on, "" where nothing is
// equal.
func proofName(result objects.Result) string {
	all := proofsOf(result.Counts)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Name
}

// Assumptions of an estimate of time where no limit says otherwise: a line of a
// gigabit, half of it ours, and objects one after the other in each of 16 lanes
// with 20 ms for each side.
const (
	assumedBytes   = 1e9 / 8 / 2
	assumedObjects = 400
)

// dry says what would be done.
func (r *moving) dry(ctx context.Context) (view.Moved, error) {
	plan, err := r.plan(ctx)
	if err != nil {
		return r.out, r.ended(ctx, err)
	}
	r.out.Verb = "plan"
	count := func(name string, c manifest.Count, good bool) view.MoveCount {
		return view.MoveCount{Name: name, Objects: c.Objects, Bytes: c.Bytes, Good: good}
	}
	source, target := plan.Use.Requests()
	out := &view.MovePlan{
		Fingerprint: planFingerprint(plan), Largest: plan.Largest, SourceRequests: source, TargetRequests: target, EgressBytes: plan.Use.Egress, USD: plan.Cost,
		PriceBasis: r.basis + ", listings included", Seconds: plan.Duration.Seconds(), TimeBasis: r.rateWords(), Shards: len(plan.Shards),
		Counts: []view.MoveCount{
			count("to copy", plan.Copy, true), count("of these over a blob", plan.Overwrite, true), count("there already", plan.Same, true), count("archived", plan.Archived, false),
			count("cannot be moved", plan.Refused, false), count("extra at the target", plan.Extra, true), count("to delete there", plan.Delete, false),
		},
	}
	for _, l := range plan.Named {
		out.Named = append(out.Named, moveLine(l))
	}
	r.out.Plan = out
	r.out.Next = "the same command with --plan " + out.Fingerprint + " instead of --dry-run"
	if plan.Copy.Objects+plan.Delete.Objects == 0 {
		r.out.Next = ""
	}
	return r.out, nil
}

func (r *moving) plan(ctx context.Context) (objects.Plan, error) {
	folder, err := r.state.parts("plan", r.setup.Now().UTC().Format(runForm))
	if err != nil {
		return objects.Plan{}, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // the next plan clears it away
	if r.mover, err = r.newMover(folder, nil); err != nil {
		return objects.Plan{}, err
	}
	defer func() { r.mover = nil }()
	return r.mover.Plan(ctx, r.rates())
}

func (r *moving) rates() objects.Rates {
	out := objects.Rates{BytesPerSecond: assumedBytes, ObjectsPerSecond: assumedObjects}
	if r.limits.BytesPerSecond > 0 {
		out.BytesPerSecond = float64(r.limits.BytesPerSecond)
	}
	if r.limits.RequestsPerSecond > 0 {
		out.ObjectsPerSecond = min(out.ObjectsPerSecond, r.limits.RequestsPerSecond)
	}
	return out
}

func (r *moving) rateWords() string {
	rates := r.rates()
	const mega = 8 / 1e6
	return "assumed: " + several(int(rates.BytesPerSecond*mega), "Mbit/s", "Mbit/s") + " and " + several(int(rates.ObjectsPerSecond), "object", "objects") + " a second"
}

// planFingerprint stands for what may be done: the settings, and what would be
// deleted. How much there is to copy changes while people look at it, and is not
// what they have to agree to.
func planFingerprint(p objects.Plan) string {
	content, err := json.Marshal(map[string]any{"settings": p.Fingerprint, "delete": p.Delete})
	if err != nil {
		panic("a plan is plain values: " + err.Error())
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
