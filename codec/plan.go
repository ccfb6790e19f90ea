package codec

import (
	"reflect"
	"sync"
)

// shape says which msgpack values a type reads, and what the guard counts there.
type shape uint8

const (
	anyShape    shape = iota // an interface: whatever the bytes say
	skipShape                // a field that the struct does not have
	codeShape                // the type's own DecodeMsgpack or UnmarshalMsgpack
	packedShape              // a byte string for UnmarshalBinary or UnmarshalText
	timeShape
	boolShape
	intShape
	uintShape
	floatShape
	stringShape // strings and byte slices
	bytesShape  // byte arrays
	sliceShape
	arrayShape
	mapShape
	structShape
	pointerShape
)

// plan is a type as the guard sees it. Plans of recursive types are cyclic.
type plan struct {
	shape shape
	typ   reflect.Type
	hook  hook  // of codeShape and packedShape
	bits  int   // of numbers
	len   int   // of arrays
	cost  int   // of a pointer's target, of a slice's element
	elem  *plan // of pointers, slices, arrays, maps
	key   *plan // of maps
	entry entryCost

	fields  map[string]*plan  // of structs, by stored name; aliases and embedded names too
	paths   map[string]string // of the same: the field in Go, with those that it is promoted from
	list    []planField       // of structs, in the order in which they are stored
	parts   []planPart        // of structs, as they are in memory
	asArray bool              // the struct is stored as an array
	omits   bool              // of structs: empty fields are left out

	nilable bool // slices, maps, functions and channels, whatever methods they have
	zeroes  bool // it has a method IsZero
	doubt   bool // its methods may not read what they write
	stays   bool // of structs with methods of their own: omitempty never leaves them out

	traits traits // of the plan that was asked for, not of those below it
}

type planField struct {
	name   string
	stored string // the name as the library writes it
	path   string // the field in Go, with those that it is promoted from
	offset uintptr
	plan   *plan
	omit   bool // left out when it is empty
}

type planPart struct {
	index int
	plan  *plan
}

// traits tell which steps a type needs besides the library's.
type traits struct {
	// checked: a value can be stored that the guard would not let in again, so that
	// Append asks the guard. Most types cannot hold such a value.
	checked bool
	// sorted: it holds maps that the library does not sort.
	sorted bool
	// settles: it holds a time.Time, which the library reads in the local zone, or an
	// interface, where the library makes a number of the type it was packed in.
	settles bool
	// codes: its own DecodeMsgpack may read several values.
	codes bool
}

var opaque = &plan{shape: codeShape, traits: traits{codes: true}}

var skipped = &plan{shape: skipShape}

var plans sync.Map // of reflect.Type to *plan or error

// planOf works out the plan of t once.
func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		if p, ok := p.(*plan); ok {
			return p, nil
		}
		return nil, p.(error)
	}
	b := planner{done: map[reflect.Type]*plan{}}
	p, err := b.plan(t)
	if err != nil {
		plans.Store(t, err)
		return nil, err
	}
	p.traits = survey(p)
	plans.Store(t, p)
	return p, nil
}

var errorType = reflect.TypeFor[error]()

// hollow refuses a struct of which nothing would be stored: all its fields are
// unexported. One that has no fields but blank ones has nothing to lose.
func hollow(t reflect.Type) error {
	hidden := false
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() || f.Anonymous {
			return nil
		}
		hidden = hidden || f.Name != "_" && f.Name != "_msgpack"
	}
	if hidden {
		return unsupported(t, "all its fields are unexported, so nothing of it would be stored")
	}
	return nil
}

// faceless refuses interfaces with methods: what is stored does not tell which type
// had them.
func faceless(t reflect.Type) error {
	if t.NumMethod() > 0 {
		return unsupported(t, "an interface with methods could be written and not read")
	}
	return nil
}

// planner builds the plans of one type and of those that it is made of.
type planner struct {
	done map[reflect.Type]*plan
}

func (b *planner) plan(t reflect.Type) (*plan, error) {
	if p, ok := b.done[t]; ok {
		return p, nil
	}
	p := &plan{typ: t}
	b.done[t] = p // before its parts: they may lead back here
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Func, reflect.Chan:
		p.nilable = true
	}
	p.zeroes = t.Implements(zeroerType)
	if p.hook = hooks(t); p.hook != noHook && t.Kind() == reflect.Struct {
		p.stays = stays(t)
	}
	if p.hook > noHook && p.hook < timeHook {
		if err := inherited(t, "msgpack", pairs[p.hook]...); err != nil {
			return nil, err
		}
	}
	switch p.hook {
	case mixedHooks:
		return nil, unsupported(t, "it is written by one pair of marshalling methods and read by another, or has half a pair")
	case ownCode:
		p.shape, p.traits.codes = codeShape, true
		return p, nil
	case ownValue:
		p.shape = codeShape
		return p, nil
	case ownBinary, ownText:
		p.shape = packedShape
		p.doubt = visible(t) || doubtful(t, p.writes(), p.reads())
		return p, nil
	case timeHook:
		p.shape = timeShape
		return p, nil
	}
	return p, b.kind(p, t)
}

func (b *planner) kind(p *plan, t reflect.Type) (err error) {
	switch t.Kind() {
	case reflect.Interface:
		p.shape = anyShape
		if t != errorType { // its text is stored
			return faceless(t)
		}
	case reflect.Bool:
		p.shape = boolShape
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.shape, p.bits = intShape, t.Bits()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.shape, p.bits = uintShape, t.Bits()
	case reflect.Float32, reflect.Float64:
		p.shape, p.bits = floatShape, t.Bits()
	case reflect.String:
		p.shape = stringShape
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			p.shape = stringShape
			return nil
		}
		p.shape, p.cost = sliceShape, sliceCost(t)
		p.elem, err = b.plan(t.Elem())
	case reflect.Array:
		p.len = t.Len()
		if t.Elem().Kind() == reflect.Uint8 {
			p.shape = bytesShape
			return nil
		}
		p.shape = arrayShape
		p.elem, err = b.plan(t.Elem())
	case reflect.Map:
		return b.mapping(p, t)
	case reflect.Pointer:
		for at := t; at.Kind() == reflect.Pointer; at = at.Elem() {
			if at == at.Elem() {
				return unsupported(t, "it points at nothing but pointers")
			}
		}
		p.shape, p.cost = pointerShape, rounded(t.Elem().Size())
		p.elem, err = b.plan(t.Elem())
	case reflect.Struct:
		p.shape = structShape
		if err := secret(t); err != nil {
			return err
		}
		return b.structure(p, t)
	default:
		return unsupported(t, "msgpack has no "+t.Kind().String())
	}
	return err
}

func (b *planner) mapping(p *plan, t reflect.Type) (err error) {
	p.shape, p.entry = mapShape, mapCost(t)
	if p.key, err = b.plan(t.Key()); err != nil {
		return err
	}
	p.elem, err = b.plan(t.Elem())
	return err
}
