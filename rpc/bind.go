package rpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/rpc/internal/wire"
)

var errBind = errors.New("invalid remote function")

// Bind sets the function fields of a struct to functions that call a service:
//
//	var api struct {
//		Add   func(ctx context.Context, ns ...int) (int, error)
//		Greet func(ctx context.Context, name string) (string, error) `rpc:"hello"`
//		Stop  func(ctx context.Context) error
//	}
//	err := rpc.Bind(client, &api)
//	sum, err := api.Add(ctx, 10, 20, 30)
//
// The name of the method is the tag of the field, or the name of the field, exactly as
// written. Each function has a context as its first parameter. It returns an error, or a
// value and an error.
//
// The other parameters form the request of the [Method]. No parameter is nil. One
// parameter is the request itself. A single variadic parameter is a slice: func(ctx,
// ...int) belongs to a Method[[]int, …]. Several parameters are a msgpack array. A
// function that returns only an error belongs to a method whose result is a struct
// without fields.
//
// api must be a pointer to a struct with at least one function field. An unexported
// function field or a function of another form is an error; Bind then sets no field.
// Untagged fields of other kinds, and fields with the tag "-", are not changed. Bind
// itself sends nothing. The errors of the functions are those of [Method.Call].
func Bind(c *Client, api any) error {
	v := reflect.ValueOf(api)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return c.fail("Bind", fmt.Errorf("%w: want a pointer to a struct, not %T", errBind, api))
	}
	v = v.Elem()
	var errs []error
	funcs := map[int]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, ok := methodName(f)
		if !ok {
			continue
		}
		fn, err := newRemoteFunc(c, name, f)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: field %s: %w", errBind, f.Name, err))
			continue
		}
		funcs[i] = fn
	}
	if errs == nil && len(funcs) == 0 {
		errs = append(errs, fmt.Errorf("%w: %s has no function field", errBind, v.Type()))
	}
	if errs != nil {
		return c.fail("Bind", errors.Join(errs...))
	}
	for i, fn := range funcs {
		v.Field(i).Set(fn)
	}
	return nil
}

// methodName returns the name of the method that a field calls; false if the field is
// ignored.
func methodName(f reflect.StructField) (name string, ok bool) {
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

// newRemoteFunc returns a function of the field's type that makes a call.
func newRemoteFunc(c *Client, name string, f reflect.StructField) (fn reflect.Value, err error) {
	t := f.Type
	switch {
	case !f.IsExported():
		return fn, errors.New("it is not exported")
	case t.Kind() != reflect.Func:
		return fn, fmt.Errorf("it is a %s", t)
	case t.NumIn() == 0 || t.In(0) != contextType:
		return fn, fmt.Errorf("%s must have a context.Context as its first parameter", t)
	case t.NumOut() == 0 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorInterface:
		return fn, fmt.Errorf("%s must return an error, or a value and an error", t)
	}
	if err := checkName(name); err != nil {
		return fn, err
	}
	req, err := parametersOf(t)
	if err != nil {
		return fn, err
	}
	b := binding{client: c, name: name, typ: t, req: req}
	res := signatureNil
	if b.hasResult = t.NumOut() == 2; b.hasResult {
		if err := checkEncodable(t.Out(0)); err != nil {
			return fn, err
		}
		res = signatureOf(t.Out(0))
	}
	b.signature = callSignature(req.signature, res)
	return reflect.MakeFunc(t, b.call), nil
}

// binding is the state of one bound function.
type binding struct {
	client    *Client
	name      string
	signature string
	typ       reflect.Type
	req       parameters
	hasResult bool // the function returns a value
}

func (b *binding) call(args []reflect.Value) []reflect.Value {
	value, err := b.invoke(args)
	errValue := reflect.ValueOf(&err).Elem()
	if !b.hasResult {
		return []reflect.Value{errValue}
	}
	return []reflect.Value{value, errValue}
}

func (b *binding) invoke(args []reflect.Value) (value reflect.Value, err error) {
	if b.hasResult {
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
	raw, err := b.client.call(ctx, b.name, b.signature, body, nil)
	if err == nil && b.hasResult {
		err = codec.Msgpack.Decode(wire.BytesView(raw), value.Addr().Interface())
	}
	if err != nil && b.hasResult {
		value.SetZero()
	}
	return value, b.client.fail(b.name, err)
}

// checkEncodable returns why values of a type cannot be encoded, or nil.
func checkEncodable(t reflect.Type) error {
	if t.Kind() == reflect.Interface {
		return nil // depends on the value
	}
	_, err := codec.Msgpack.Append(nil, reflect.Zero(t).Interface())
	return err
}

// parameters describes how the parameters of a function become one request.
type parameters struct {
	signature string
	append    func(b []byte, args []reflect.Value) ([]byte, error)
}

func parametersOf(t reflect.Type) (p parameters, err error) {
	count := t.NumIn() - 1
	signatures := make([]string, count)
	for i := range count {
		signatures[i] = signatureOf(t.In(i + 1))
		if err := checkEncodable(t.In(i + 1)); err != nil {
			return p, err
		}
	}
	switch count {
	case 0:
		return parameters{signatureNil, func(b []byte, _ []reflect.Value) ([]byte, error) { return append(b, wire.Nil), nil }}, nil
	case 1:
		return parameters{signatures[0], func(b []byte, args []reflect.Value) ([]byte, error) {
			return codec.Msgpack.Append(b, args[0].Interface())
		}}, nil
	default:
		return parameters{tuple(signatures), func(b []byte, args []reflect.Value) (_ []byte, err error) {
			b = pack.AppendArray(b, count)
			for _, a := range args {
				if b, err = codec.Msgpack.Append(b, a.Interface()); err != nil {
					return nil, err
				}
			}
			return b, nil
		}}, nil
	}
}
