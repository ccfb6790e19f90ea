package rpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
)

var errBind = errors.New("not a remote function")

// Bind fills the fields of a struct that are functions with calls to a service:
//
//	var api struct {
//		Add   func(ctx context.Context, ns ...int) (int, error)
//		Greet func(ctx context.Context, name string) (string, error) `rpc:"hello"`
//		Stop  func(ctx context.Context) error
//	}
//	err := rpc.Bind(client, &api)
//	sum, err := api.Add(ctx, 10, 20, 30)
//
// The method's name is the field's, or its tag, exactly. A function takes a context and
// returns an error as its last result, with a value in front of it or none. Its parameters
// are what [Method] has as one request: none is nil, one is itself, a lone variadic one is its
// slice, so func(ctx, ...int) is a Method[[]int, …]; several are a msgpack array of them. No value as result is
// nil: the worker's is a struct without fields.
//
// api is a pointer to a struct; a field that is no such function is an error, and then
// nothing is filled. Fields of other kinds are left alone; so are those with the tag
// "-". Errors of the functions are those of [Method.Call]. Bind itself talks to nobody.
func Bind(c *Client, api any) error {
	v := reflect.ValueOf(api)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return c.fail("Bind", fmt.Errorf("%w: a pointer to a struct is wanted, not %T", errBind, api))
	}
	v = v.Elem()
	var faults []error
	made := map[int]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, ok := methodOf(f)
		if !ok {
			continue
		}
		fn, err := remote(c, name, f)
		if err != nil {
			faults = append(faults, fmt.Errorf("%w: the field %s: %w", errBind, f.Name, err))
			continue
		}
		made[i] = fn
	}
	if faults == nil && len(made) == 0 {
		faults = append(faults, fmt.Errorf("%w: %s has no field that is a function", errBind, v.Type()))
	}
	if faults != nil {
		return c.fail("Bind", errors.Join(faults...))
	}
	for i, fn := range made {
		v.Field(i).Set(fn)
	}
	return nil
}

// methodOf returns the name of the method that a field stands for.
func methodOf(f reflect.StructField) (name string, ok bool) {
	tag, tagged := f.Tag.Lookup("rpc")
	if tag == "-" || f.Type.Kind() != reflect.Func && !tagged {
		return "", false
	}
	if tagged {
		return tag, true
	}
	return f.Name, true
}

var (
	contextType    = reflect.TypeFor[context.Context]()
	errorInterface = reflect.TypeFor[error]()
)

// remote returns a function of a field's type that makes a call.
func remote(c *Client, name string, f reflect.StructField) (fn reflect.Value, err error) {
	t := f.Type
	switch {
	case !f.IsExported():
		return fn, errors.New("it is not exported")
	case t.Kind() != reflect.Func:
		return fn, fmt.Errorf("it is a %s", t)
	case t.NumIn() == 0 || t.In(0) != contextType:
		return fn, fmt.Errorf("%s does not begin with a context", t)
	case t.NumOut() == 0 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorInterface:
		return fn, fmt.Errorf("%s does not return an error, or a value and an error", t)
	}
	if err := checkName(name); err != nil {
		return fn, err
	}
	req, err := requestOf(t)
	if err != nil {
		return fn, err
	}
	b := binding{client: c, name: name, typ: t, req: req}
	res := wordNil
	if b.valued = t.NumOut() == 2; b.valued {
		if err := travels(t.Out(0)); err != nil {
			return fn, err
		}
		res = wordOf(t.Out(0))
	}
	b.word = typeWord(req.word, res)
	return reflect.MakeFunc(t, b.call), nil
}

// binding is one function that makes calls.
type binding struct {
	client *Client
	name   string
	word   string
	typ    reflect.Type
	req    parameters
	valued bool // it returns a value
}

func (b *binding) call(args []reflect.Value) []reflect.Value {
	value, err := b.ask(args)
	failure := reflect.ValueOf(&err).Elem()
	if !b.valued {
		return []reflect.Value{failure}
	}
	return []reflect.Value{value, failure}
}

func (b *binding) ask(args []reflect.Value) (value reflect.Value, err error) {
	if b.valued {
		value = reflect.New(b.typ.Out(0)).Elem()
	}
	ctx, _ := args[0].Interface().(context.Context)
	if ctx == nil {
		return value, b.client.fail(b.name, fmt.Errorf("%w: the context is nil", errBind))
	}
	body, err := b.req.append(nil, args[1:])
	if err != nil {
		return value, b.client.fail(b.name, err)
	}
	raw, err := b.client.call(ctx, b.name, b.word, body, nil)
	if err == nil && b.valued {
		err = codec.Msgpack.Decode(viewOf(raw), value.Addr().Interface())
	}
	if err != nil && b.valued {
		value.SetZero()
	}
	return value, b.client.fail(b.name, err)
}

// travels returns why values of a type cannot travel, or nil.
func travels(t reflect.Type) error {
	if t.Kind() == reflect.Interface {
		return nil // that is up to each value
	}
	_, err := codec.Msgpack.Append(nil, reflect.Zero(t).Interface())
	return err
}

// parameters is how the parameters of a function become one value.
type parameters struct {
	word   string
	append func(b []byte, args []reflect.Value) ([]byte, error)
}

func requestOf(t reflect.Type) (p parameters, err error) {
	n := t.NumIn() - 1
	words := make([]string, n)
	for i := range n {
		words[i] = wordOf(t.In(i + 1))
		if err := travels(t.In(i + 1)); err != nil {
			return p, err
		}
	}
	switch n {
	case 0:
		return parameters{wordNil, func(b []byte, _ []reflect.Value) ([]byte, error) { return append(b, packedNil), nil }}, nil
	case 1:
		return parameters{words[0], func(b []byte, args []reflect.Value) ([]byte, error) {
			return codec.Msgpack.Append(b, args[0].Interface())
		}}, nil
	default:
		return parameters{tuple(words), func(b []byte, args []reflect.Value) (_ []byte, err error) {
			b = pack.AppendArray(b, n)
			for _, a := range args {
				if b, err = codec.Msgpack.Append(b, a.Interface()); err != nil {
					return nil, err
				}
			}
			return b, nil
		}}, nil
	}
}
