package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"reflect"
	"sync"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
)

// registry holds the errors that both sides know by name. It is filled during
// initialization, like that of [encoding/gob].
var registry = struct {
	sync.RWMutex
	sentinels map[string]error
	names     map[error]string
	types     map[string]*errorType
	byType    map[reflect.Type]*errorType
}{
	sentinels: map[string]error{}, names: map[error]string{},
	types: map[string]*errorType{}, byType: map[reflect.Type]*errorType{},
}

// errorType describes how errors of a type are encoded.
type errorType struct {
	name   string
	typ    reflect.Type
	encode func(err error) (string, error)
	decode func(data string) (error, error)
}

// RegisterError gives an error a name in results. If both programs register it,
// errors.Is(err, sentinel) holds at the caller too. Register it in the package that has
// the methods, in a variable or an init function.
//
// Registering the same name and error twice does nothing. RegisterError panics if the
// name belongs to another error, if the name is empty, or if the error is nil or not
// comparable. These errors are registered already: context.Canceled,
// context.DeadlineExceeded, io.EOF, fs.ErrNotExist and similar errors of the standard
// library, and the errors of desir that do not describe the call itself.
func RegisterError(name string, sentinel error) {
	if name == "" || sentinel == nil || !reflect.ValueOf(sentinel).Comparable() {
		panic(fmt.Sprintf("rpc: RegisterError(%q): it needs a name, and an error that can be compared", name))
	}
	registry.Lock()
	defer registry.Unlock()
	if old, ok := registry.sentinels[name]; ok && old != sentinel {
		panic(fmt.Sprintf("rpc: RegisterError(%q): another error has this name", name))
	}
	registry.sentinels[name], registry.names[sentinel] = sentinel, name
}

// RegisterErrorType gives an error type a name in results. If both programs register it,
// errors.As finds the error at the caller too, with its exported fields, which are
// encoded as msgpack. E is the type that errors.As looks for, usually a pointer.
//
// RegisterErrorType panics if the name belongs to another type, if the name is empty, if
// E is an interface, or if msgpack cannot encode E.
func RegisterErrorType[E error](name string) {
	typ := reflect.TypeFor[E]()
	values, err := codec.Values[E](codec.Msgpack)
	if name == "" || typ.Kind() == reflect.Interface || err != nil {
		panic(fmt.Sprintf("rpc: RegisterErrorType[%v](%q): it needs a name, and a type that msgpack can carry: %v", typ, name, err))
	}
	t := &errorType{
		name: name, typ: typ,
		encode: func(err error) (string, error) {
			b, codecErr := values.Append(nil, err.(E))
			return string(b), codecErr
		},
		decode: func(data string) (error, error) {
			e, codecErr := values.Decode([]byte(data))
			if codecErr != nil || typ.Kind() == reflect.Pointer && reflect.ValueOf(e).IsNil() {
				return nil, errors.Join(codecErr, errFrame)
			}
			return e, nil
		},
	}
	registry.Lock()
	defer registry.Unlock()
	if old := registry.types[name]; old != nil && old.typ != typ {
		panic(fmt.Sprintf("rpc: RegisterErrorType[%v](%q): another type has this name", typ, name))
	}
	registry.types[name], registry.byType[typ] = t, t
}

// nameOf returns the name of a sentinel, or "".
func nameOf(err error) string {
	if !reflect.ValueOf(err).Comparable() {
		return ""
	}
	registry.RLock()
	defer registry.RUnlock()
	return registry.names[err]
}

func sentinelOf(name string) error {
	registry.RLock()
	defer registry.RUnlock()
	return registry.sentinels[name]
}

func typeOf(err error) *errorType {
	registry.RLock()
	defer registry.RUnlock()
	return registry.byType[reflect.TypeOf(err)]
}

func typeNamed(name string) *errorType {
	registry.RLock()
	defer registry.RUnlock()
	return registry.types[name]
}

// Errors that all programs know. Errors of desir and of this package that report that
// nothing ran are not included: returned by a handler, they would be wrong for the call
// itself.
var _ = func() bool {
	for name, err := range map[string]error{
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
		"io.EOF":                   io.EOF,
		"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
		"io.ErrClosedPipe":         io.ErrClosedPipe,
		"io.ErrShortBuffer":        io.ErrShortBuffer,
		"fs.ErrInvalid":            fs.ErrInvalid,
		"fs.ErrPermission":         fs.ErrPermission,
		"fs.ErrExist":              fs.ErrExist,
		"fs.ErrNotExist":           fs.ErrNotExist,
		"fs.ErrClosed":             fs.ErrClosed,
		"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
		"os.ErrProcessDone":        os.ErrProcessDone,
		"net.ErrClosed":            net.ErrClosed,
		"errors.ErrUnsupported":    errors.ErrUnsupported,
		"desir.ErrClosed":          desir.ErrClosed,
		"desir.ErrFull":            desir.ErrFull,
		"desir.ErrConflict":        desir.ErrConflict,
		"desir.ErrWrongType":       desir.ErrWrongType,
		"desir.ErrMaybeRan":        desir.ErrMaybeRan,
		"codec.ErrTooLarge":        codec.ErrTooLarge,
	} {
		RegisterError(name, err)
	}
	return true
}()
