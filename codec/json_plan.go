package codec

import (
	"reflect"
	"strings"
	"sync"
)

// jsonPlan describes a type to the JSON guard. Types that are not containers, and types
// that have methods for JSON, are leaves: decoding them costs about as much as their
// text.
type jsonPlan struct {
	kind reflect.Kind // Slice, Array, Map, Struct, Pointer; Invalid for a leaf
	cost int          // of an element of a slice, an entry of a map, a pointer's target
	head int          // of a map
	len  int          // of an array
	elem *jsonPlan

	fields []jsonField

	isInterface bool // an interface: its contents decide
	is64Bit     bool // a 64-bit integer, which is decoded as a float in an interface
	isString    bool // a string
	checkKeys   bool // a map whose keys may be read by other methods than they are written by

	// Set in the plan of a whole type only, not in the plans of its parts.
	needsGuard bool // decoding needs the guard
	verify     bool // methods in it may be unable to read what they write
	needsWalk  bool // a value can nest without limit, or hold something that JSON cannot represent
}

type jsonField struct {
	name  string
	plan  *jsonPlan
	cost  int // of the embedded pointers that lead to the field
	index []int
}

var jsonLeaf = &jsonPlan{}

// jsonPlanKey is a type, and whether its values are addressable. In maps and interfaces
// they are not, and encoding/json does not call the methods of a pointer.
type jsonPlanKey struct {
	typ  reflect.Type
	addr bool
}

var jsonPlans sync.Map // of jsonPlace to *jsonPlan or error

func jsonPlanOf(t reflect.Type, addr bool) (*jsonPlan, error) {
	at := jsonPlanKey{t, addr}
	if p, ok := jsonPlans.Load(at); ok {
		if p, ok := p.(*jsonPlan); ok {
			return p, nil
		}
		return nil, p.(error)
	}
	b := jsonPlanner{done: map[jsonPlanKey]*jsonPlan{}, busy: map[*jsonPlan]bool{}}
	p, err := b.plan(t, addr)
	if err != nil {
		jsonPlans.Store(at, err)
		return nil, err
	}
	whole := *p
	whole.needsGuard, whole.needsWalk, whole.verify = b.needsGuard, b.needsWalk, b.verify
	jsonPlans.Store(at, &whole)
	return &whole, nil
}

type jsonPlanner struct {
	done       map[jsonPlanKey]*jsonPlan
	busy       map[*jsonPlan]bool
	needsGuard bool
	needsWalk  bool
	verify     bool
}

// jsonGrowth is the memory that a growing slice allocates, as a multiple of its final
// size.
const jsonGrowth = 8

func (b *jsonPlanner) plan(t reflect.Type, addr bool) (_ *jsonPlan, err error) {
	if p, ok := b.done[jsonPlanKey{t, addr}]; ok {
		if b.busy[p] {
			b.needsGuard, b.needsWalk = true, true // recursive: its cost is not known yet
		}
		return p, nil
	}
	if leaf, err := jsonMethods(t, addr); leaf || err != nil {
		b.verify = b.verify || leaf && err == nil && cannotReadZero(t, toJSON, fromJSON)
		return jsonLeaf, err
	}
	p := &jsonPlan{kind: t.Kind()}
	b.done[jsonPlanKey{t, addr}], b.busy[p] = p, true
	defer delete(b.busy, p)
	switch t.Kind() {
	case reflect.Complex64, reflect.Complex128, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return nil, unsupported(t, "JSON has no "+t.Kind().String())
	case reflect.Slice:
		p.cost = jsonGrowth * int(t.Elem().Size())
		if p.elem, err = b.plan(t.Elem(), true); err != nil {
			return nil, err
		}
		b.checkCost(p.cost+p.elem.firstByteCost(0), 2)
	case reflect.Array:
		p.len, b.needsGuard = t.Len(), true // json drops surplus elements; the guard refuses them
		p.elem, err = b.plan(t.Elem(), addr)
	case reflect.Pointer:
		if t.Elem() == t {
			return nil, unsupported(t, "it points only to pointers")
		}
		p.cost = allocCost(t.Elem().Size())
		if p.elem, err = b.plan(t.Elem(), true); err != nil {
			return nil, err
		}
	case reflect.Map:
		err = b.mapping(p, t)
	case reflect.Struct:
		err = b.structure(p, t, addr)
	case reflect.Interface:
		p.kind, p.isInterface, b.needsWalk, b.needsGuard = reflect.Invalid, true, true, true
		err = checkNoMethods(t)
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		p.kind, p.is64Bit = reflect.Invalid, true
	case reflect.String:
		p.kind, p.isString = reflect.Invalid, true
	default:
		p.kind = reflect.Invalid
	}
	return p, err
}

// checkCost sets needsGuard if the cost exceeds what that many bytes of input pay for.
func (b *jsonPlanner) checkCost(cost, bytes int) {
	if cost > affordablePerByte*bytes {
		b.needsGuard = true
	}
}

// firstByteCost returns what the first byte of a value can cost, besides its slot in a
// container.
func (p *jsonPlan) firstByteCost(depth int) int {
	switch {
	case p.kind == reflect.Pointer && depth < maxDepth && p.elem != nil: // nil if recursive, which is guarded
		return p.cost + p.elem.firstByteCost(depth+1)
	case p.kind == reflect.Map:
		return p.head
	}
	return p.cost
}

func (b *jsonPlanner) mapping(p *jsonPlan, t reflect.Type) (err error) {
	if p.checkKeys, err = jsonKeys(t); err != nil {
		return err
	}
	b.needsWalk = b.needsWalk || p.checkKeys
	c := mapCost(t)
	p.head = c.head + c.group + allocCost(t.Elem().Size())
	p.cost = 2*c.slot + c.boxes
	if p.elem, err = b.plan(t.Elem(), false); err != nil {
		return err
	}
	b.checkCost(p.cost+p.head/4+p.elem.firstByteCost(0), 5)
	return nil
}

// structure adds the fields of a struct. Of several fields with one name, encoding/json
// uses the least embedded one, then the tagged one; if two are left, it uses none. The
// other fields would be lost, so structure refuses the struct.
func (b *jsonPlanner) structure(p *jsonPlan, t reflect.Type, addr bool) error {
	found := jsonFields{planner: b, above: map[reflect.Type]bool{}}
	if err := found.of(t, nil, 0, addr); err != nil {
		return err
	}
	for i, f := range found.list {
		if other := f.other(found.list, i); other != nil {
			return unsupported(t, duplicateField(f.name, f.path(t), other.path(t)))
		}
		p.fields = append(p.fields, f)
		b.checkCost(f.cost+f.plan.firstByteCost(0), 5)
	}
	return nil
}

// other returns another field of the same name, or nil.
func (f *jsonField) other(all []jsonField, self int) *jsonField {
	for i := range all {
		if i != self && all[i].name == f.name {
			return &all[i]
		}
	}
	return nil
}

// path returns the name of the field in Go, after the embedded fields that lead to it.
func (f *jsonField) path(t reflect.Type) string {
	var names []string
	for _, i := range f.index {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		at := t.Field(i)
		names, t = append(names, at.Name), at.Type
	}
	return strings.Join(names, ".")
}

// jsonFields collects the fields of a struct and of the structs that it embeds.
type jsonFields struct {
	planner *jsonPlanner
	list    []jsonField
	above   map[reflect.Type]bool // the structs around the current one
}

func (fs *jsonFields) of(t reflect.Type, index []int, cost int, addr bool) error {
	if fs.above[t] {
		return nil
	}
	fs.above[t] = true
	defer delete(fs.above, t)
	if err := checkNoLostFields(t); err != nil {
		return err
	}
	if err := checkHasExported(t); err != nil {
		return err
	}
	depth := len(index)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		at, behind, reached := f.Type, cost, addr
		if at.Kind() == reflect.Pointer {
			at, reached = at.Elem(), true
			behind += allocCost(at.Size())
		}
		switch {
		case tag == "-", !f.IsExported() && !f.Anonymous:
			continue
		case !f.IsExported() && at.Kind() != reflect.Struct:
			return embedsUnexported(t, f)
		case f.Anonymous && !f.IsExported() && f.Type.Kind() == reflect.Pointer:
			return unsupported(t, "it embeds "+f.Type.String()+", which encoding/json cannot fill; embed the struct itself")
		case f.Anonymous && name == "" && at.Kind() == reflect.Struct:
			if err := fs.of(at, append(index[:depth:depth], i), behind, reached); err != nil {
				return err
			}
			continue
		}
		part, err := fs.planner.plan(f.Type, addr)
		if err != nil {
			return err
		}
		field := jsonField{name: name, plan: part, cost: cost, index: append(index[:depth:depth], i)}
		if name == "" {
			field.name = f.Name
		}
		fs.list = append(fs.list, field)
	}
	return nil
}
