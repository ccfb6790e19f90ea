package codec

import (
	"encoding/binary"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/desir-go/desir/internal/pack"
)

// The guard checks bytes before the msgpack library decodes them. The library trusts
// every length, has no limit of nesting, and truncates integers that do not fit. The
// guard reads the bytes once, along the plan of the type, and adds up the memory that
// decoding them would allocate: for each element its cost in its container.

// The reasons for refusing msgpack bytes, besides those of package pack.
const (
	errTrailing   refusal = "extra bytes after the value"
	errName       refusal = "a field name that is not text"
	errElements   refusal = "more elements than the array has"
	errFieldCount refusal = "a different number of fields than the struct has"
	errNarrow     refusal = "a floating-point number that float32 does not hold exactly"
	errInexact    refusal = "an integer that a floating-point number does not hold exactly"
)

const (
	whyDepth  = "nested deeper than 64"
	whyBudget = "decoding it needs more memory than 1 MiB and 512 bytes for each of its bytes"
)

type guard struct {
	pack.Tokens
	budget      int
	depth       int
	edits       []edit // replacements of values that the library would misread
	callMethods bool   // call marshalling methods, to find the value that they refuse
	checkNames  bool   // refuse names that are no field of their struct
}

// edit replaces the bytes of one value.
type edit struct {
	from, to int
	with     string
}

const (
	emptyMap = "\x80"
	zeroTime = "\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xf1\x88\x6e\x09\x00" // of time.Time{}
)

// replace adds an edit of the value that begins at from and ends at the current position.
func (g *guard) replace(from int, with string) error {
	g.edits = append(g.edits, edit{from, g.Pos, with})
	return g.charge(editCost + len(with))
}

// edited returns the data with all edits applied.
func (g *guard) edited() []byte {
	if len(g.edits) == 0 {
		return g.Data
	}
	out := make([]byte, 0, len(g.Data)+len(g.edits)*len(zeroTime))
	at := 0
	for _, e := range g.edits {
		out = append(append(out, g.Data[at:e.from]...), e.with...)
		at = e.to
	}
	return append(out, g.Data[at:]...)
}

// check refuses bytes that the library must not decode. It accepts everything that the
// library writes for the type, within the bounds.
func (p *plan) check(data []byte, budget int) error {
	_, err := p.checkAndEdit(data, budget)
	return err
}

// checkAndEdit is check, and returns the bytes that the library decodes: nil is replaced
// by a zero time, and an empty array, which Lua and PHP write, by an empty map.
func (p *plan) checkAndEdit(data []byte, budget int) ([]byte, error) {
	g := guard{Tokens: pack.Tokens{Data: data}, budget: budget - reservedBase - reservedPerByte*len(data)}
	if g.budget < 0 {
		return nil, tooLarge(whyBudget)
	}
	for {
		if err := g.value(p); err != nil {
			return nil, err
		}
		if g.Pos == len(data) {
			return g.edited(), nil
		}
		if !p.needs.multiValue { // a DecodeMsgpack may read what follows
			return nil, errTrailing
		}
	}
}

func (g *guard) charge(n int) error {
	if g.budget -= n; g.budget < 0 {
		return tooLarge(whyBudget)
	}
	return nil
}

// chargeEach is charge for n elements. n is not trusted: n*each may overflow.
func (g *guard) chargeEach(n int, once, each int) error {
	if each > 0 && n > g.budget/each {
		return tooLarge(whyBudget)
	}
	return g.charge(once + n*each)
}

func (g *guard) enter() error {
	if g.depth++; g.depth > maxDepth {
		return tooLarge(whyDepth)
	}
	return nil
}

// value checks one value that is decoded into the type of p.
func (g *guard) value(p *plan) error {
	if g.skipSmall(p) {
		return nil
	}
	pointed := p.shape == pointerShape
	for p.shape == pointerShape {
		if g.Pos < len(g.Data) && g.Data[g.Pos] != msgpcode.Nil {
			if err := g.charge(p.cost); err != nil {
				return err
			}
		}
		p = p.elem
	}
	start := g.Pos
	t, err := g.Next()
	if err != nil {
		return err
	}
	switch p.shape {
	case anyShape:
		return g.any(t, start, true)
	case skipShape:
		return g.skip(t)
	case customShape:
		if err := g.charge(hookCost); err != nil {
			return err
		}
		if err := g.any(t, start, false); err != nil || !g.callMethods {
			return err
		}
		return p.callUnmarshal(g.Data[start:g.Pos])
	case blobShape:
		if err := g.charge(hookCost); err != nil {
			return err
		}
	}
	if t.Class == pack.Nil { // nil is the zero value of every type
		if p.shape == timeShape && !pointed {
			return g.replace(start, zeroTime)
		}
		return nil
	}
	if p.shape == mapShape && t.Class == pack.Array && t.N == 0 {
		if err := g.charge(p.entry.head); err != nil {
			return err
		}
		return g.replace(start, emptyMap)
	}
	switch p.shape {
	case blobShape:
		if g.callMethods && isBytes(t.Class) {
			return p.callUnmarshal(g.Data[start:g.Pos])
		}
		return p.expect(t, isBytes(t.Class))
	case stringShape:
		return p.expect(t, isBytes(t.Class))
	case timeShape:
		return p.expect(t, t.Class == pack.Ext)
	case boolShape:
		return p.expect(t, t.Class == pack.Bool)
	case floatShape:
		if p.bits == 32 && t.Class == pack.Float64 {
			return g.narrow(t, start)
		}
		return p.checkNumber(t)
	case intShape, uintShape:
		return p.checkNumber(t)
	case byteArrayShape:
		if isBytes(t.Class) && t.N > uint64(p.len) {
			return errElements
		}
		return p.expect(t, isBytes(t.Class))
	}
	if err := g.enter(); err != nil {
		return err
	}
	if err := g.container(p, t); err != nil {
		return err
	}
	g.depth--
	return nil
}

// skipSmall skips the most common values: small numbers, short strings and booleans.
func (g *guard) skipSmall(p *plan) bool {
	if g.Pos >= len(g.Data) {
		return false
	}
	c := g.Data[g.Pos]
	switch p.shape {
	case stringShape:
		end := g.Pos + 1 + int(c&msgpcode.FixedStrMask)
		if !msgpcode.IsFixedString(c) || end > len(g.Data) {
			return false
		}
		g.Pos = end
		return true
	case intShape:
		if !msgpcode.IsFixedNum(c) {
			return false
		}
	case uintShape:
		if c > msgpcode.PosFixedNumHigh {
			return false
		}
	case boolShape:
		if c != msgpcode.False && c != msgpcode.True {
			return false
		}
	default:
		return false
	}
	g.Pos++
	return true
}

// isBytes reports whether a class is read into strings and byte slices alike.
func isBytes(c pack.Class) bool { return c == pack.String || c == pack.Binary }

// expect refuses a token that is not of a class that the type accepts.
func (p *plan) expect(t pack.Token, accepted bool) error {
	if accepted {
		return nil
	}
	return p.unexpected(t)
}

// narrow replaces a 64-bit float by a 32-bit float, which the library requires for a
// float32, if both are the same number. Most languages write only 64-bit floats.
func (g *guard) narrow(t pack.Token, start int) error {
	f := math.Float64frombits(t.N)
	if float64(float32(f)) != f && f == f {
		return errNarrow
	}
	return g.replace(start, string(binary.BigEndian.AppendUint32([]byte{msgpcode.Float}, math.Float32bits(float32(f)))))
}

// checkNumber refuses a number that does not fit the kind; the library would truncate it.
func (p *plan) checkNumber(t pack.Token) error {
	switch {
	case p.shape == floatShape:
		switch t.Class {
		case pack.Float32:
			return nil
		case pack.Float64:
			if p.bits == 64 {
				return nil
			}
			return errNarrow // for fastReader; the guard calls narrow before
		case pack.Int, pack.Uint:
			if !tokenExactAsFloat(t, p.bits) {
				return errInexact
			}
			return nil
		}
		return p.unexpected(t)
	case t.Class != pack.Int && t.Class != pack.Uint:
		return p.unexpected(t)
	case p.shape == intShape && t.Class == pack.Int && int64(t.N) >= math.MinInt64>>(64-p.bits):
		return nil
	case p.shape == intShape && t.Class == pack.Uint && t.N <= math.MaxInt64>>(64-p.bits):
		return nil
	case p.shape == uintShape && t.Class == pack.Uint && t.N <= math.MaxUint64>>(64-p.bits):
		return nil
	}
	return refusal("an integer outside of " + p.typ.Kind().String())
}

// tokenExactAsFloat reports whether a float of this size holds the integer of a token
// exactly.
func tokenExactAsFloat(t pack.Token, bits int) bool {
	mantissa := uint64(1) << 53
	if bits == 32 {
		mantissa = 1 << 24
	}
	switch {
	case t.Class == pack.Int:
		return -t.N <= mantissa
	case t.N > math.MaxInt64:
		return false // the library would decode it as negative
	}
	return t.N <= mantissa
}
