package stock

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Covers are drawn in a few designs only, because drawing and compressing
// takes a hundred times as long as putting; a comment segment in the JPEG
// makes each cover an object of its own.
const (
	designs     = 96
	coverWidth  = 120
	coverHeight = 180
)

// Artist makes covers. It is safe for concurrent use.
type Artist struct {
	seed    uint64
	designs [][]byte
}

// NewArtist draws the designs.
func NewArtist(seed uint64) (*Artist, error) {
	a := &Artist{seed: seed, designs: make([][]byte, designs)}
	for i := range a.designs {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, draw(rand.New(rand.NewPCG(seed, uint64(i)))), &jpeg.Options{Quality: 60 + i%4*8}); err != nil {
			return nil, trouble.Of(trouble.Internal, "draw cover", "", err)
		}
		a.designs[i] = b.Bytes()
	}
	return a, nil
}

// Cover returns the image of book id, a JPEG of 1 to 6 KiB.
func (a *Artist) Cover(id int) []byte {
	r := rand.New(rand.NewPCG(a.seed, 1<<32+uint64(id)))
	base := a.designs[r.IntN(len(a.designs))]
	note := fmt.Appendf(nil, "bookshop cover %d seed %d ", id, a.seed)
	for range r.IntN(900) { // scanners leave notes of all sizes
		note = append(note, byte('a'+r.IntN(26)))
	}
	// A JPEG begins with the two bytes of the SOI marker; a COM segment (FF FE,
	// a length that counts itself, text) may stand right behind it.
	out := make([]byte, 0, len(base)+len(note)+4)
	out = append(out, base[:2]...)
	out = append(out, 0xff, 0xfe)
	out = binary.BigEndian.AppendUint16(out, uint16(len(note)+2)) // at most 1,000
	out = append(out, note...)
	return append(out, base[2:]...)
}

// draw paints a sky, hills and a sun or moon in two related colours.
func draw(r *rand.Rand) image.Image {
	hue := r.Float64()
	top, bottom := hsv(hue, 0.35+r.Float64()*0.4, 0.45+r.Float64()*0.4), hsv(hue+0.08+r.Float64()*0.25, 0.3+r.Float64()*0.4, 0.65+r.Float64()*0.3)
	hill := hsv(hue+0.5+r.Float64()*0.1, 0.4, 0.25+r.Float64()*0.3)
	sunX, sunY, sunR := 20+r.Float64()*80, 90+r.Float64()*40, 10+r.Float64()*22
	sun := hsv(hue+0.45, 0.25, 0.97)
	waves, height, phase := 1+r.Float64()*2, 8+r.Float64()*18, r.Float64()*6
	img := image.NewRGBA(image.Rect(0, 0, coverWidth, coverHeight))
	for y := range coverHeight {
		sky := mix(top, bottom, float64(y)/coverHeight)
		for x := range coverWidth {
			c := sky
			if math.Hypot(float64(x)-sunX, float64(y)-sunY) < sunR {
				c = sun
			}
			ridge := 140 + height*math.Sin(phase+waves*float64(x)/coverWidth*math.Pi)
			if float64(y) > ridge {
				c = mix(hill, top, (float64(y)-ridge)/90)
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func mix(a, b color.RGBA, share float64) color.RGBA {
	part := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*share) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// hsv converts a colour; the hue is a fraction of the circle.
func hsv(h, s, v float64) color.RGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+h*6, 6)
		return uint8(255 * (v - v*s*math.Max(0, math.Min(1, math.Min(k, 4-k)))))
	}
	return color.RGBA{channel(5), channel(3), channel(1), 255}
}

// CoverOptions say which covers to put.
type CoverOptions struct {
	Count       int
	Seed        uint64
	Concurrency int            // 0 means 16
	Progress    func(done int) // called now and then from several goroutines; may be nil
}

// CoverResult says what Covers did.
type CoverResult struct {
	Put, Kept int
	PutBytes  int64
}

// Covers puts covers 1 to Count under "covers/ID.jpg". A cover that is there
// with the same bytes is kept, so a run that was stopped can be repeated.
func Covers(ctx context.Context, store blob.Store, opts CoverOptions) (CoverResult, error) {
	artist, err := NewArtist(opts.Seed)
	if err != nil {
		return CoverResult{}, err
	}
	there := make(map[string]blob.Info, opts.Count)
	err = store.List(ctx, "covers/", func(i blob.Info) error {
		there[i.Name] = i
		return nil
	})
	if err != nil {
		return CoverResult{}, err
	}
	p := &putter{store: store, artist: artist, there: there, opts: opts}
	return p.run(ctx)
}

// putter puts covers with a few goroutines that live as long as the run: one
// per cover would grow its stack anew for each call into an SDK.
type putter struct {
	store  blob.Store
	artist *Artist
	there  map[string]blob.Info
	opts   CoverOptions

	next, put, kept, size atomic.Int64
}

func (p *putter) run(ctx context.Context) (CoverResult, error) {
	concurrency := 16
	if p.opts.Concurrency > 0 {
		concurrency = p.opts.Concurrency
	}
	group, ctx := errgroup.WithContext(ctx)
	for range concurrency {
		group.Go(func() error {
			for id := int(p.next.Add(1)); id <= p.opts.Count; id = int(p.next.Add(1)) {
				if err := p.one(ctx, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return CoverResult{Put: int(p.put.Load()), Kept: int(p.kept.Load()), PutBytes: p.size.Load()}, err
}

func (p *putter) one(ctx context.Context, id int) error {
	name, body := fmt.Sprintf("covers/%d.jpg", id), p.artist.Cover(id)
	if old, found := p.there[name]; found && same(old, body) {
		p.kept.Add(1)
	} else if err := p.store.Put(ctx, name, body, "image/jpeg"); err != nil {
		return err
	} else {
		p.put.Add(1)
		p.size.Add(int64(len(body)))
	}
	if done := int(p.put.Load() + p.kept.Load()); p.opts.Progress != nil && done%2000 == 0 {
		p.opts.Progress(done)
	}
	return nil
}

func same(old blob.Info, body []byte) bool {
	if old.SizeBytes != int64(len(body)) {
		return false
	}
	sum := md5.Sum(body)
	return old.MD5 == nil || bytes.Equal(old.MD5, sum[:])
}
