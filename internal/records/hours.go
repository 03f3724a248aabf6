package records

import (
	"math/bits"
	"time"
)

// hourSeconds is the grain of Hours; maxHours bounds one set (a hundred years),
// so that a record with a wild time costs no memory.
const (
	hourSeconds = 3600
	maxHours    = 100 * 366 * 24
)

// Hours is the set of hours in which a log has records: it tells where the log
// is silent for longer than it should be. The zero value is empty.
type Hours struct {
	base int64 // the hour of the first bit, a multiple of 64
	bits []uint64
}

// Add takes the hour of a time in seconds since 1970.
func (h *Hours) Add(unix int64) {
	if hour := unix / hourSeconds; unix > 0 {
		h.add(hour)
	}
}

func (h *Hours) add(hour int64) {
	at := hour &^ 63
	switch {
	case h.bits == nil:
		h.base, h.bits = at, []uint64{0}
	case at < h.base:
		if (h.base-at)+int64(len(h.bits))*64 > maxHours {
			return
		}
		more := make([]uint64, (h.base-at)/64+int64(len(h.bits)))
		copy(more[(h.base-at)/64:], h.bits)
		h.base, h.bits = at, more
	case at-h.base > maxHours:
		return
	}
	for i := (at - h.base) / 64; int64(len(h.bits)) <= i; {
		h.bits = append(h.bits, 0)
	}
	h.bits[(at-h.base)/64] |= 1 << (hour & 63)
}

// Span adds all hours that [from, to) touches.
func (h *Hours) Span(from, to time.Time) {
	last := to.Unix() - 1
	for unix, n := from.Unix(), 0; unix <= last && n < maxHours; n++ {
		h.Add(unix)
		unix = (unix/hourSeconds + 1) * hourSeconds
	}
}

// Merge adds the hours of another set.
func (h *Hours) Merge(o *Hours) {
	for i, word := range o.bits {
		for ; word != 0; word &= word - 1 {
			h.add(o.base + int64(i)*64 + int64(bits.TrailingZeros64(word)))
		}
	}
}

// Empty reports whether there is no hour in the set.
func (h *Hours) Empty() bool { return len(h.bits) == 0 }

// Last is the beginning of the last hour in the set, zero for none.
func (h *Hours) Last() time.Time {
	for i := len(h.bits) - 1; i >= 0; i-- {
		if word := h.bits[i]; word != 0 {
			return time.Unix((h.base+int64(i)*64+63-int64(bits.LeadingZeros64(word)))*hourSeconds, 0).UTC()
		}
	}
	return time.Time{}
}

// Has reports whether the hour of a time is in the set.
func (h *Hours) Has(t time.Time) bool { return h.has(t.Unix() / hourSeconds) }

func (h *Hours) has(hour int64) bool {
	i := (hour&^63 - h.base) / 64
	return hour >= h.base && i < int64(len(h.bits)) && h.bits[i]&(1<<(hour&63)) != 0
}

// Silence is a stretch without records.
type Silence struct{ From, To time.Time }

// Silences are the stretches of [from, to) that are longer than tolerated and
// have no record, in order. Hours count whole, so one is found up to an hour
// shorter than it was.
func (h *Hours) Silences(from, to time.Time, tolerated time.Duration) []Silence {
	var list []Silence
	began := from
	keep := func(end time.Time) {
		if end.Sub(began) > tolerated {
			list = append(list, Silence{began, end})
		}
	}
	first, last := from.Unix()/hourSeconds, (to.Unix()-1)/hourSeconds
	for hour := first; hour <= last && hour-first < maxHours; hour++ {
		if !h.has(hour) {
			continue
		}
		if at := time.Unix(hour*hourSeconds, 0).UTC(); at.After(began) {
			keep(at)
		}
		began = time.Unix((hour+1)*hourSeconds, 0).UTC()
	}
	if to.After(began) {
		keep(to)
	}
	return list
}
