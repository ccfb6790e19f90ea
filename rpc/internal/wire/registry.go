package wire

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

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

// RegisterError implements rpc.RegisterError.
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

// RegisterErrorType implements rpc.RegisterErrorType.
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
