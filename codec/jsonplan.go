package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// jsonPlan is a type as the JSON guard sees it. What is no container, and what a
// type's own methods read, is a leaf: it costs what its text does.
type jsonPlan struct {
	kind reflect.Kind // Slice, Array, Map, Struct, Pointer; Invalid is a leaf
	cost int          // of an element in a slice, of a map's entry, of a pointer's target
	head int          // of a map
	len  int          // of an array
	elem *jsonPlan

	fields []jsonField

	free    bool // an interface: what it holds decides
	guarded bool // of the plan that was asked for
	walked  bool // of the same: a value of it can nest without end, or hold what JSON has no place for
}

type jsonField struct {
	name   string
	plan   *jsonPlan
	cost   int // of embedded structs behind pointers on the way
	depth  int
	index  []int
	tagged bool
}

var jsonLeaf = &jsonPlan{}

var jsonPlans sync.Map // of reflect.Type to *jsonPlan or error

func jsonPlanOf(t reflect.Type) (*jsonPlan, error) {
	if p, ok := jsonPlans.Load(t); ok {
		if p, ok := p.(*jsonPlan); ok {
			return p, nil
		}
		return nil, p.(error)
	}
	b := jsonPlanner{done: map[reflect.Type]*jsonPlan{}, busy: map[*jsonPlan]bool{}}
	p, err := b.plan(t)
	if err != nil {
		jsonPlans.Store(t, err)
		return nil, err
	}
	whole := *p
	whole.guarded, whole.walked = b.guarded, b.walked
	jsonPlans.Store(t, &whole)
	return &whole, nil
}

type jsonPlanner struct {
	done    map[reflect.Type]*jsonPlan
	busy    map[*jsonPlan]bool
	guarded bool
	walked  bool
}

// jsonGrowth is how much more than its final size a slice takes while it grows.
const jsonGrowth = 8

func (b *jsonPlanner) plan(t reflect.Type) (_ *jsonPlan, err error) {
	if p, ok := b.done[t]; ok {
		if b.busy[p] {
			b.guarded, b.walked = true, true // recursive: what it costs is not known yet
		}
		return p, nil
	}
	ptr := reflect.PointerTo(t)
	if ptr.Implements(reflect.TypeFor[json.Unmarshaler]()) || ptr.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return jsonLeaf, nil
	}
	p := &jsonPlan{kind: t.Kind()}
	b.done[t], b.busy[p] = p, true
	defer delete(b.busy, p)
	switch t.Kind() {
	case reflect.Complex64, reflect.Complex128, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return nil, unsupported(t, "JSON has no "+t.Kind().String())
	case reflect.Slice:
		p.cost = jsonGrowth * int(t.Elem().Size())
		if p.elem, err = b.plan(t.Elem()); err != nil {
			return nil, err
		}
		b.afford(p.cost+p.elem.load(0), 2)
	case reflect.Array:
		p.len, b.guarded = t.Len(), true // json drops what does not fit; the guard refuses it
		p.elem, err = b.plan(t.Elem())
	case reflect.Pointer:
		if t.Elem() == t {
			return nil, unsupported(t, "it points at nothing but pointers")
		}
		p.cost = rounded(t.Elem().Size())
		if p.elem, err = b.plan(t.Elem()); err != nil {
			return nil, err
		}
	case reflect.Map:
		err = b.mapping(p, t)
	case reflect.Struct:
		err = b.structure(p, t)
	case reflect.Interface:
		p.kind, p.free, b.walked = reflect.Invalid, true, true
		err = faceless(t)
	default:
		p.kind = reflect.Invalid
	}
	return p, err
}

// afford notes whether so few bytes pay for so much.
func (b *jsonPlanner) afford(cost, bytes int) {
	if cost > perByte*bytes {
		b.guarded = true
	}
}

// load is what a value costs at once, besides the place it stands in.
func (p *jsonPlan) load(depth int) int {
	switch {
	case p.kind == reflect.Pointer && depth < maxDepth && p.elem != nil: // nil: recursive, and guarded anyway
		return p.cost + p.elem.load(depth+1)
	case p.kind == reflect.Map:
		return p.head
	}
	return p.cost
}

func (b *jsonPlanner) mapping(p *jsonPlan, t reflect.Type) (err error) {
	switch t.Key().Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
	default:
		if !reflect.PointerTo(t.Key()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return unsupported(t, "JSON has no keys of type "+t.Key().String())
		}
	}
	c := mapCost(t)
	p.head = c.head + c.group + rounded(t.Elem().Size())
	p.cost = 2*c.slot + c.boxes
	if p.elem, err = b.plan(t.Elem()); err != nil {
		return err
	}
	b.afford(p.cost+p.head/4+p.elem.load(0), 5)
	return nil
}

// structure follows the rules of encoding/json: of the fields of one name, the least
// embedded wins, then the tagged one; if two are left, none is read.
func (b *jsonPlanner) structure(p *jsonPlan, t reflect.Type) error {
	var found []jsonField
	if err := b.fields(&found, t, nil, 0, map[reflect.Type]bool{}); err != nil {
		return err
	}
	for i, f := range found {
		if f.wins(found, i) {
			p.fields = append(p.fields, f)
			b.afford(f.cost+f.plan.load(0), 5)
		}
	}
	return nil
}

func (f jsonField) wins(all []jsonField, self int) bool {
	for i, g := range all {
		if i == self || g.name != f.name {
			continue
		}
		if g.depth < f.depth || g.depth == f.depth && (g.tagged || !f.tagged) {
			return false
		}
	}
	return true
}

// marshalsJSON: what is written of t is its own affair. Embedded, its fields are asked
// for in spite of it.
func marshalsJSON(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func (b *jsonPlanner) fields(found *[]jsonField, t reflect.Type, index []int, cost int, above map[reflect.Type]bool) error {
	if above[t] {
		return nil
	}
	above[t] = true
	defer delete(above, t)
	depth := len(index)
	if depth > 0 || !marshalsJSON(t) {
		if err := hollow(t); err != nil {
			return err
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		at, behind := f.Type, cost
		if at.Kind() == reflect.Pointer {
			at = at.Elem()
			behind += rounded(at.Size())
		}
		switch {
		case tag == "-", !f.IsExported() && (!f.Anonymous || at.Kind() != reflect.Struct):
			continue
		case f.Anonymous && name == "" && at.Kind() == reflect.Struct:
			if err := b.fields(found, at, append(index[:depth:depth], i), behind, above); err != nil {
				return err
			}
			continue
		}
		part, err := b.plan(f.Type)
		if err != nil {
			return err
		}
		field := jsonField{name: name, plan: part, cost: cost, depth: depth, index: append(index[:depth:depth], i), tagged: name != ""}
		if name == "" {
			field.name = f.Name
		}
		*found = append(*found, field)
	}
	return nil
}
