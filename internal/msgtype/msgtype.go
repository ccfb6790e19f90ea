// Package msgtype gives package rpc what package codec knows about Go types in msgpack.
// Package codec sets the variables when it is initialized, because its plans of types are
// not public.
package msgtype

import "reflect"

// Signature returns the type signature of a type, as docs/wire.md defines it. A type that
// package codec refuses has the signature any.
var Signature func(t reflect.Type) string

// CheckNames returns an error if data, a value of type t, has a name of a struct's field
// that the struct does not have. The error names the fields. It also returns an error for
// other values that cannot be decoded as t.
var CheckNames func(t reflect.Type, data []byte) error
