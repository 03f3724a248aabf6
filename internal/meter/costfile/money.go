package costfile

import (
	"errors"
	"math/big"
	"strings"
)

// money is an exact sum of decimal numbers, so that the order of lines does
// not matter: in units of 10^-18.
type money struct{ units big.Int }

const places = 18

// parse reads a decimal number as reports write it: digits, a point, an
// exponent. A number with more than eighteen places is cut there.
func (m *money) parse(s string) error {
	s = strings.TrimSpace(s)
	if len(s) > 64 || strings.ContainsAny(s, "/xXpP_bBoOnNiI") {
		return errors.New("the cost is no number")
	}
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var ok bool
		if exponent, ok = small(s[i+1:]); !ok {
			return errors.New("the cost is no number")
		}
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits := whole + fraction
	shift := places - len(fraction) + exponent
	if shift > 60 || strings.Trim(strings.TrimLeft(digits, "+-"), "0123456789") != "" || strings.Trim(digits, "+-") == "" {
		return errors.New("the cost is no number")
	}
	var v big.Int
	if _, ok := v.SetString(digits, 10); !ok {
		return errors.New("the cost is no number")
	}
	ten := big.NewInt(10)
	if shift >= 0 {
		v.Mul(&v, new(big.Int).Exp(ten, big.NewInt(int64(shift)), nil))
	} else {
		v.Quo(&v, new(big.Int).Exp(ten, big.NewInt(int64(-shift)), nil))
	}
	m.units.Add(&m.units, &v)
	return nil
}

// small reads an exponent of at most two digits.
func small(s string) (int, bool) {
	sign := 1
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	s = strings.TrimPrefix(s, "+")
	if s == "" || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return sign * n, true
}

func (m *money) add(o *money) { m.units.Add(&m.units, &o.units) }

func (m *money) float() float64 {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	v, _ := new(big.Rat).SetFrac(&m.units, scale).Float64()
	return v
}
