package flowlog

import (
	"encoding/binary"
	"math/bits"

	"example.com/landfall/internal/fault"
)

// TCP flags of a record: the union over its packets. ACK is only written
// together with SYN (VPC user guide, tcp-flags).
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

const (
	protoICMP  = 1
	protoTCP   = 6
	protoUDP   = 17
	protoICMP6 = 58
)

// record is one line, with text fields still pointing into it.
type record struct {
	text [numFields][]byte

	source, target       addr // of the packet as the interface saw it
	pktSource, pktTarget addr // of the packet's own ends
	sourcePort           uint16
	targetPort           uint16
	protocol             uint8
	flags                uint8
	hasFlags             bool
	reject               bool
	direction            int8 // 1 egress, -1 ingress, 0 not known
	path                 uint8
	packets, bytes       int64
	start, end           int64
}

// state says what a record is.
type state uint8

const (
	data state = iota
	noData
	skipData
)

// split cuts a line into the fields of the layout. Eight bytes are looked at
// at once: most of the time of reading a flow log goes by here.
func (r *record) split(line []byte, l *layout) error {
	c := cutter{r: r, l: l, line: line}
	pattern := uint64(l.comma) * lowBits
	i := 0
	for ; i+8 <= len(line); i += 8 {
		x := binary.LittleEndian.Uint64(line[i:]) ^ pattern
		// A byte of x is zero where the separator is; this marks exactly those.
		for marks := ^((x&belowHigh + belowHigh) | x | belowHigh); marks != 0; marks &= marks - 1 {
			if !c.cut(i + bits.TrailingZeros64(marks)/8) {
				return c.tooMany()
			}
		}
	}
	for ; i < len(line); i++ {
		if line[i] == l.comma && !c.cut(i) {
			return c.tooMany()
		}
	}
	if !c.cut(len(line)) {
		return c.tooMany()
	}
	if c.column != len(l.columns) {
		return fault.Newf(fault.Invalid, "read flow record: %d fields under a header of %d", c.column, len(l.columns))
	}
	if l.comma == ',' {
		r.unquote()
	}
	return nil
}

const (
	lowBits   uint64 = 0x0101010101010101
	belowHigh uint64 = 0x7f7f7f7f7f7f7f7f
)

// cutter is the state of split.
type cutter struct {
	r      *record
	l      *layout
	line   []byte
	column int
	start  int
}

// cut ends a field at i; false says that the header has no such field.
func (c *cutter) cut(i int) bool {
	if i == c.start && c.l.comma == ' ' { // several spaces, or one at the end
		c.start = i + 1
		return true
	}
	if c.column >= len(c.l.columns) {
		return false
	}
	c.r.text[c.l.columns[c.column]] = c.line[c.start:i]
	c.column++
	c.start = i + 1
	return true
}

func (c *cutter) tooMany() error {
	return fault.Newf(fault.Invalid, "read flow record: more than the %d fields of the header", len(c.l.columns))
}

func (r *record) unquote() {
	for f, b := range r.text {
		if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
			r.text[f] = b[1 : len(b)-1]
		}
	}
}

func dash(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }

// interpret reads the numbers and addresses of the fields.
func (r *record) interpret(l *layout) (state, error) {
	if s := r.text[fStatus]; len(s) > 2 {
		switch string(s) {
		case "NODATA":
			return noData, nil
		case "SKIPDATA":
			return skipData, nil
		}
	}
	if dash(r.text[fSource]) && dash(r.text[fPktSource]) && dash(r.text[fTarget]) {
		return noData, nil // without log-status, dashes say it
	}
	if err := r.addresses(); err != nil {
		return data, err
	}
	return data, r.numbers(l)
}

func (r *record) addresses() error {
	var ok, ok2 bool
	r.pktSource, ok = parseAddr(r.text[fPktSource])
	if r.source, ok2 = parseAddr(r.text[fSource]); !ok2 {
		r.source = r.pktSource
	} else if !ok {
		r.pktSource = r.source
	}
	if !ok && !ok2 {
		return fault.Newf(fault.Invalid, "read flow record: the source address is none")
	}
	r.pktTarget, ok = parseAddr(r.text[fPktTarget])
	if r.target, ok2 = parseAddr(r.text[fTarget]); !ok2 {
		r.target = r.pktTarget
	} else if !ok {
		r.pktTarget = r.target
	}
	if !ok && !ok2 {
		return fault.Newf(fault.Invalid, "read flow record: the destination address is none")
	}
	return nil
}

func (r *record) numbers(l *layout) error {
	bad := func(f field, limit int64) (n int64, wrong bool) {
		if dash(r.text[f]) {
			return 0, false
		}
		n, ok := parseNumber(r.text[f])
		return n, !ok || n > limit
	}
	sourcePort, wrong1 := bad(fSourcePort, 65535)
	targetPort, wrong2 := bad(fTargetPort, 65535)
	protocol, wrong3 := bad(fProtocol, 255)
	if wrong1 || wrong2 || wrong3 {
		return fault.Newf(fault.Invalid, "read flow record: a port or the protocol is no number")
	}
	r.sourcePort, r.targetPort, r.protocol = uint16(sourcePort), uint16(targetPort), uint8(protocol)
	if r.text[fProtocol] == nil {
		r.protocol = protoTCP // the column was not selected
	}
	const most = 1 << 53
	r.packets, wrong1 = bad(fPackets, most)
	r.bytes, wrong2 = bad(fBytes, most)
	if wrong1 || wrong2 {
		return fault.Newf(fault.Invalid, "read flow record: packets or bytes are no number")
	}
	r.start, wrong1 = bad(fStart, maxUnix)
	r.end, wrong2 = bad(fEnd, maxUnix)
	if wrong1 || wrong2 {
		return fault.Newf(fault.Invalid, "read flow record: start or end is no time")
	}
	flags, wrong1 := bad(fFlags, 255)
	path, wrong2 := bad(fPath, 63)
	if wrong1 || wrong2 {
		return fault.Newf(fault.Invalid, "read flow record: tcp-flags or traffic-path is no number")
	}
	r.flags, r.path = uint8(flags), uint8(path)
	r.hasFlags = !dash(r.text[fFlags])
	return r.action(l)
}

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

func (r *record) action(l *layout) error {
	r.reject = false
	switch a := r.text[fAction]; {
	case len(a) == 6 && a[0] == 'A':
	case len(a) == 6 && string(a) == "REJECT":
		r.reject = true
	case dash(a) || l.gateway: // the column was not selected
	default:
		return fault.Newf(fault.Invalid, "read flow record: the action is neither ACCEPT nor REJECT")
	}
	switch d := r.text[fDirection]; {
	case len(d) == 6 && d[0] == 'e':
		r.direction = 1
	case len(d) == 7 && d[0] == 'i':
		r.direction = -1
	default:
		r.direction = 0
	}
	return nil
}
