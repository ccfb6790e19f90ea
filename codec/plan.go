package codec

import (
	"reflect"
	"sync"
)

// shape says which msgpack values a type accepts, and what the guard charges for them.
type shape uint8

const (
	anyShape    shape = iota // an interface: any value
	skipShape                // a field that the struct does not have
	customShape              // the type's own DecodeMsgpack or UnmarshalMsgpack
	blobShape                // a byte string for UnmarshalBinary or UnmarshalText
	timeShape
	boolShape
	intShape
	uintShape
	floatShape
	stringShape    // strings and byte slices
	byteArrayShape // byte arrays
	sliceShape
	arrayShape
	mapShape
	structShape
	pointerShape
)

// plan describes a type to the guard and the writer. Plans of recursive types are cyclic.
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

	// Of structs.
	byName  map[string]*plan  // by stored name, with aliases and names of embedded fields
	paths   map[string]string // the field in Go, after the embedded fields that lead to it
	list    []planField       // in the order in which they are stored
	parts   []planPart        // in the order in memory
	asArray bool              // the struct is stored as an array
	omits   bool              // a field has omitempty

	nilable      bool // a slice, map, function or channel, with or without methods
	hasIsZero    bool // it has a method IsZero
	verify       bool // its methods may be unable to read what they write
	neverOmitted bool // a struct with marshalling methods that omitempty never leaves out

	needs needs // set in the plan of a whole type only, not in the plans of its parts
}

type planField struct {
	name   string
	stored string // the name as the library writes it
	path   string // the field in Go, after the embedded fields that lead to it
	offset uintptr
	plan   *plan
	omit   bool // left out if it is empty
}

type planPart struct {
	index int
	plan  *plan
}

// needs says which additional steps a type needs.
type needs struct {
	// guard means that the type has values that the guard would refuse, so Append calls
	// the guard. Most types have no such values.
	guard bool
	// sort means that it contains maps or interfaces: keys are sorted after writing.
	sort bool
	// normalize means that it contains a time.Time, which the library decodes in the
	// local zone, or an interface, where the library decodes a number in its stored type.
	normalize bool
	// multiValue means that its DecodeMsgpack may read several values.
	multiValue bool
}

var opaque = &plan{shape: customShape, needs: needs{multiValue: true}}

var skipped = &plan{shape: skipShape}

var plans sync.Map // of reflect.Type to *plan or error

// planOf returns the plan of t. The first call for a type computes it.
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
	p.needs = analyze(p)
	plans.Store(t, p)
	return p, nil
}

var errorType = reflect.TypeFor[error]()

// checkHasExported refuses a struct whose fields are all unexported. A struct that has
// only blank fields, or none, is accepted: it holds no data.
func checkHasExported(t reflect.Type) error {
	hidden := false
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() || f.Anonymous {
			return nil
		}
		hidden = hidden || f.Name != "_" && f.Name != "_msgpack"
	}
	if hidden {
		return unsupported(t, "all its fields are unexported, so nothing would be stored")
	}
	return nil
}

// checkNoMethods refuses interfaces with methods. Stored bytes do not name the type that
// implemented them.
func checkNoMethods(t reflect.Type) error {
	if t.NumMethod() > 0 {
		return unsupported(t, "an interface with methods could be written but not read")
	}
	return nil
}

// planner builds the plans of a type and of its parts.
type planner struct {
	done map[reflect.Type]*plan
}

func (b *planner) plan(t reflect.Type) (*plan, error) {
	if p, ok := b.done[t]; ok {
		return p, nil
	}
	p := &plan{typ: t}
	b.done[t] = p // before its parts, which may refer to t
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Func, reflect.Chan:
		p.nilable = true
	}
	p.hasIsZero = t.Implements(zeroerType)
	if p.hook = hookOf(t); p.hook != noHook && t.Kind() == reflect.Struct {
		p.neverOmitted = neverOmitted(t)
	}
	if p.hook > noHook && p.hook < timeHook {
		if err := checkNotPromoted(t, "msgpack", hookMethods[p.hook]...); err != nil {
			return nil, err
		}
	}
	switch p.hook {
	case mixedHooks:
		return nil, unsupported(t, "it is written by one pair of marshalling methods and read by another, or has half a pair")
	case customHook:
		p.shape, p.needs.multiValue = customShape, true
		return p, nil
	case marshalHook:
		p.shape = customShape
		return p, nil
	case binaryHook, textHook:
		p.shape = blobShape
		p.verify = transparent(t) || cannotReadZero(t, p.writes(), p.reads())
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
			return checkNoMethods(t)
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
			p.shape = byteArrayShape
			return nil
		}
		p.shape = arrayShape
		p.elem, err = b.plan(t.Elem())
	case reflect.Map:
		return b.mapping(p, t)
	case reflect.Pointer:
		for at := t; at.Kind() == reflect.Pointer; at = at.Elem() {
			if at == at.Elem() {
				return unsupported(t, "it points only to pointers")
			}
		}
		p.shape, p.cost = pointerShape, allocCost(t.Elem().Size())
		p.elem, err = b.plan(t.Elem())
	case reflect.Struct:
		p.shape = structShape
		if err := checkNoLostFields(t); err != nil {
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
