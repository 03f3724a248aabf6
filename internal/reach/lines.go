package reach

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// span is a run of points on the line of all (protocol, port) pairs: the
// protocol number in the upper 8 bits of 24, in the lower 16 the destination
// port, or an ICMP message's type and code, or anything for protocols that
// have neither. One line for all protocols makes "all traffic" a single span.
type span struct{ first, last uint32 }

// lines is a set of points: spans in order, apart from each other.
type lines []span

const (
	protocolICMP   = 1
	protocolIPIP   = 4
	protocolTCP    = 6
	protocolUDP    = 17
	protocolGRE    = 47
	protocolICMPv6 = 58

	// endOfLine is the last point of protocol 255.
	endOfLine = 1<<24 - 1
)

func everything() lines { return lines{{0, endOfLine}} }

// ofProtocol are the points of one protocol in ranges of ports; no range means
// all of them.
func ofProtocol(protocol int, ranges []Range) lines {
	if protocol < 0 {
		return everything()
	}
	base := uint32(protocol&0xff) << 16
	if len(ranges) == 0 {
		return lines{{base, base | 0xffff}}
	}
	out := make(lines, 0, len(ranges))
	for _, r := range ranges {
		if r.First <= r.Last {
			out = append(out, span{base | uint32(r.First), base | uint32(r.Last)})
		}
	}
	return out.tidy()
}

// tidy orders spans and joins those that touch.
func (a lines) tidy() lines {
	slices.SortFunc(a, func(x, y span) int { return int(int64(x.first) - int64(y.first)) })
	out := a[:0]
	for _, s := range a {
		if n := len(out); n > 0 && s.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, s.last)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (a lines) union(b lines) lines {
	return slices.Concat(a, b).tidy()
}

func (a lines) intersect(b lines) lines {
	var out lines
	for i, j := 0, 0; i < len(a) && j < len(b); {
		first, last := max(a[i].first, b[j].first), min(a[i].last, b[j].last)
		if first <= last {
			out = append(out, span{first, last})
		}
		if a[i].last < b[j].last {
			i++
		} else {
			j++
		}
	}
	return out
}

// minus are the points of a that b lacks.
func (a lines) minus(b lines) lines {
	var out lines
	j := 0
	for _, s := range a {
		for j < len(b) && b[j].last < s.first {
			j++
		}
		at := s.first
		covered := false
		for k := j; k < len(b) && b[k].first <= s.last; k++ {
			if b[k].first > at {
				out = append(out, span{at, b[k].first - 1})
			}
			if covered = b[k].last >= s.last; covered {
				break
			}
			at = max(at, b[k].last+1)
		}
		if !covered {
			out = append(out, span{at, s.last})
		}
	}
	return out
}

func (a lines) has(p uint32) bool {
	i, found := slices.BinarySearchFunc(a, p, func(s span, p uint32) int { return int(int64(s.first) - int64(p)) })
	return found || i > 0 && a[i-1].last >= p
}

// lineID is an interned set; equal sets have equal ids.
type lineID uint32

// The sets that every book begins with.
const (
	none lineID = iota
	all
)

// book interns sets and remembers what was computed of them: of the millions
// of pairs of endpoints, few have sets of their own.
type book struct {
	sets []lines
	ids  map[string]lineID
	and  map[[2]lineID]lineID
}

func newBook() *book {
	b := &book{ids: map[string]lineID{}, and: map[[2]lineID]lineID{}}
	b.put(nil)
	b.put(everything())
	return b
}

func (b *book) put(set lines) lineID {
	key := make([]byte, 0, 8*len(set))
	for _, s := range set {
		key = binary.BigEndian.AppendUint32(key, s.first)
		key = binary.BigEndian.AppendUint32(key, s.last)
	}
	if id, ok := b.ids[string(key)]; ok {
		return id
	}
	id := lineID(len(b.sets))
	b.sets = append(b.sets, set)
	b.ids[string(key)] = id
	return id
}

func (b *book) both(x, y lineID) lineID {
	switch {
	case x == y || y == all:
		return x
	case x == all:
		return y
	case x == none || y == none:
		return none
	case x > y:
		x, y = y, x
	}
	key := [2]lineID{x, y}
	id, ok := b.and[key]
	if !ok {
		id = b.put(b.sets[x].intersect(b.sets[y]))
		b.and[key] = id
	}
	return id
}

// protocolName is a protocol as people write it.
func protocolName(p uint32) string {
	switch p {
	case protocolICMP:
		return "icmp"
	case protocolTCP:
		return "tcp"
	case protocolUDP:
		return "udp"
	case 50:
		return "esp"
	case 51:
		return "ah"
	case protocolGRE:
		return "gre"
	case protocolICMPv6:
		return "icmpv6"
	}
	return strconv.FormatUint(uint64(p), 10)
}

// text says which protocol and which ports a set holds. Several protocols are
// "any"; the ports are then written with each.
func (a lines) text() (protocol, ports string) {
	if len(a) == 0 {
		return "any", "none"
	}
	if a[0].first>>16 == a[len(a)-1].last>>16 {
		p := a[0].first >> 16
		var parts []string
		for _, s := range a {
			parts = append(parts, portText(p, s))
		}
		return protocolName(p), strings.Join(parts, ",")
	}
	var parts []string
	for _, s := range a {
		parts = append(parts, spanText(s)...)
	}
	if len(parts) == 1 && parts[0] == "all" {
		return "any", "all"
	}
	return "any", strings.Join(parts, ",")
}

// spanText writes a span that may run over several protocols.
func spanText(s span) []string {
	if s.first == 0 && s.last == endOfLine {
		return []string{"all"}
	}
	var parts []string
	for at := s.first; at <= s.last; {
		p := at >> 16
		end := min(s.last, p<<16|0xffff)
		if whole := at&0xffff == 0 && s.last>>16 > p && end&0xffff == 0xffff; whole {
			last := s.last >> 16
			if s.last&0xffff != 0xffff {
				last--
			}
			if last > p {
				parts = append(parts, fmt.Sprintf("protocols %d-%d", p, last))
				at = (last + 1) << 16
				continue
			}
		}
		text := portText(p, span{at, end})
		if text == "all" {
			parts = append(parts, protocolName(p))
		} else {
			parts = append(parts, protocolName(p)+" "+text)
		}
		at = end + 1
	}
	return parts
}

func portText(protocol uint32, s span) string {
	first, last := s.first&0xffff, s.last&0xffff
	switch {
	case first == 0 && last == 0xffff:
		return "all"
	case protocol == protocolICMP || protocol == protocolICMPv6:
		return icmpText(first, last)
	case first == last:
		return strconv.FormatUint(uint64(first), 10)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func icmpText(first, last uint32) string {
	if first&0xff == 0 && last&0xff == 0xff {
		if first>>8 == last>>8 {
			return fmt.Sprintf("type %d", first>>8)
		}
		return fmt.Sprintf("types %d-%d", first>>8, last>>8)
	}
	if first == last {
		return fmt.Sprintf("type %d code %d", first>>8, first&0xff)
	}
	return fmt.Sprintf("type %d code %d to type %d code %d", first>>8, first&0xff, last>>8, last&0xff)
}
