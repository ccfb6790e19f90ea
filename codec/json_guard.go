package codec

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// jsonGuard reads JSON along the plan of a type and adds up the memory that decoding it
// would allocate. It does not validate the JSON: encoding/json does so, to a depth of
// maxJSONDepth, before it decodes anything.
type jsonGuard struct {
	data   []byte
	pos    int
	budget int
	depth  int
}

const maxJSONDepth = 10_000

// errInvalidJSON ends the check of invalid JSON, which encoding/json reports.
const errInvalidJSON refusal = "not JSON"

func (p *jsonPlan) check(data []byte, budget int) error {
	g := jsonGuard{data: data, budget: budget - reservedBase - reservedPerByte*len(data)}
	if g.budget < 0 {
		return tooLarge(whyBudget)
	}
	if err := g.value(p); !errors.Is(err, errInvalidJSON) {
		return err
	}
	return nil
}

func (g *jsonGuard) charge(n int) error {
	if g.budget -= n; g.budget < 0 {
		return tooLarge(whyBudget)
	}
	return nil
}

// peek returns the next byte that is not a space, or 0 at the end.
func (g *jsonGuard) peek() byte {
	for ; g.pos < len(g.data); g.pos++ {
		switch c := g.data[g.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// skip skips the next byte if it is c.
func (g *jsonGuard) skip(c byte) bool {
	if g.peek() != c {
		return false
	}
	g.pos++
	return true
}

func (g *jsonGuard) value(p *jsonPlan) error {
	c := g.peek()
	for p.kind == reflect.Pointer {
		if c != 'n' {
			if err := g.charge(p.cost); err != nil {
				return err
			}
		}
		p = p.elem
	}
	if c != '[' && c != '{' {
		return g.scalar(c, p.isInterface)
	}
	g.pos++
	if g.depth++; g.depth > maxJSONDepth {
		return errInvalidJSON
	}
	defer func() { g.depth-- }()
	if c == '[' {
		return g.array(p)
	}
	return g.object(p)
}

// scalar checks a string, a number or a word. In an interface, an integer must be one
// that a float64 holds exactly.
func (g *jsonGuard) scalar(c byte, isInterface bool) error {
	if c == '"' {
		_, err := g.string()
		return err
	}
	start := g.pos
	for g.pos < len(g.data) && !strings.ContainsRune(",]} \t\r\n", rune(g.data[g.pos])) {
		g.pos++
	}
	if g.pos == start {
		return errInvalidJSON
	}
	if text := g.data[start:g.pos]; isInterface && len(text) > exactDigits && !exactText(text) {
		return errInexact
	}
	return nil
}

// exactDigits is the number of digits that a float64 holds exactly of any integer.
const exactDigits = 15

// exactText reports whether a float64 holds an integer exactly, or is formatted as these
// digits, as encoding/json does up to 1e21. It is true for text that is not an integer.
func exactText(text []byte) bool {
	for i, c := range text {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return true
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return err == nil && (string(text) == strconv.FormatFloat(f, 'f', -1, 64) || string(text) == strconv.FormatFloat(f, 'f', 0, 64))
}

// string returns a string with its quotes.
func (g *jsonGuard) string() ([]byte, error) {
	start := g.pos
	for g.pos++; g.pos < len(g.data); g.pos++ {
		switch g.data[g.pos] {
		case '\\':
			g.pos++
		case '"':
			g.pos++
			return g.data[start:g.pos], nil
		}
	}
	return nil, errInvalidJSON
}

func (g *jsonGuard) array(p *jsonPlan) error {
	elem := jsonLeaf
	switch {
	case p.isInterface:
		elem = p
	case p.kind == reflect.Slice || p.kind == reflect.Array:
		elem = p.elem
	}
	for n := 0; !g.skip(']'); n++ {
		if n > 0 && !g.skip(',') {
			return errInvalidJSON
		}
		if p.kind == reflect.Array && n >= p.len {
			return errElements
		}
		if p.kind == reflect.Slice {
			if err := g.charge(p.cost); err != nil {
				return err
			}
		}
		if err := g.value(elem); err != nil {
			return inElement(n, err)
		}
	}
	return nil
}

func (g *jsonGuard) object(p *jsonPlan) error {
	if p.kind == reflect.Map {
		if err := g.charge(p.head); err != nil {
			return err
		}
	}
	for n := 0; !g.skip('}'); n++ {
		if n > 0 && !g.skip(',') || g.peek() != '"' {
			return errInvalidJSON
		}
		name, err := g.string()
		if err != nil {
			return err
		}
		if !g.skip(':') {
			return errInvalidJSON
		}
		if err := g.member(p, name); err != nil {
			return err
		}
	}
	return nil
}

func (g *jsonGuard) member(p *jsonPlan, quoted []byte) error {
	switch elem := p.elem; p.kind {
	case reflect.Invalid, reflect.Map:
		if p.isInterface {
			elem = p
		}
		if elem == nil {
			break
		}
		if err := g.charge(p.cost); err != nil {
			return err
		}
		if err := g.value(elem); err != nil {
			return inEntry(err)
		}
		return nil
	case reflect.Struct:
		if f := p.field(quoted); f != nil {
			if err := g.charge(f.cost); err != nil {
				return err
			}
			if err := g.value(f.plan); err != nil {
				return inField(f.name, err)
			}
			return nil
		}
	}
	return g.value(jsonLeaf)
}

// field returns the field that encoding/json would use: the field with the exact name, or
// the first whose name differs only in case.
func (p *jsonPlan) field(quoted []byte) *jsonField {
	name := string(quoted[1 : len(quoted)-1])
	if strings.ContainsRune(name, '\\') && json.Unmarshal(quoted, &name) != nil {
		return nil
	}
	var folded *jsonField
	for i := range p.fields {
		switch f := &p.fields[i]; {
		case f.name == name:
			return f
		case folded == nil && strings.EqualFold(f.name, name):
			folded = f
		}
	}
	return folded
}
