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

// registry is the errors that both sides know by name. It grows when a program
// starts, as that of [encoding/gob] does.
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

// errorType is how errors of a type travel.
type errorType struct {
	name   string
	typ    reflect.Type
	encode func(err error) (string, error)
	decode func(data string) (error, error)
}

// RegisterError gives an error a name by which the other side knows it: then
// errors.Is(err, sentinel) holds there too. Both programs register it, usually in the
// package that has the contract, in a variable or an init. Registering the same twice
// does nothing; one name for two errors panics, as a program that does this cannot
// keep its promise. context.Canceled, context.DeadlineExceeded, io.EOF, fs.ErrNotExist
// and its like, and errors of desir that do not speak of the call itself are known.
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

// RegisterErrorType gives a type of errors a name by which the other side knows it:
// its exported fields travel as msgpack, and errors.As finds it there. E is the type that
// errors.As looks for, a pointer as a rule. As with [RegisterError], a name for two
// types panics; so does a type that msgpack cannot carry.
func RegisterErrorType[E error](name string) {
	typ := reflect.TypeFor[E]()
	values, err := codec.Values[E](codec.Msgpack)
	if name == "" || typ.Kind() == reflect.Interface || err != nil {
		panic(fmt.Sprintf("rpc: RegisterErrorType[%v](%q): it needs a name, and a type that msgpack can carry: %v", typ, name, err))
	}
	t := &errorType{
		name: name, typ: typ,
		encode: func(err error) (string, error) {
			b, bad := values.Append(nil, err.(E))
			return string(b), bad
		},
		decode: func(data string) (error, error) {
			e, bad := values.Decode([]byte(data))
			if bad != nil || typ.Kind() == reflect.Pointer && reflect.ValueOf(e).IsNil() {
				return nil, errors.Join(bad, errFrame)
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

// Known everywhere. Those of desir and of this package that say that nothing was
// executed are not among them: of the call itself a handler cannot say so.
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
