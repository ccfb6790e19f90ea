package rpc

import (
	"reflect"
	"strings"

	"github.com/desir-go/desir/internal/msgtype"
)

// A type signature describes how a value looks in msgpack, so that a worker can refuse a
// value that it would misread. It describes kinds and not fields, so that one side may
// add fields to a struct. See docs/wire.md.

const (
	signatureNil = "nil" // no value
	signatureAny = "any" // matches everything
)

// signatureOf returns the signature of a type.
func signatureOf(t reflect.Type) string { return msgtype.Signature(t) }

func tuple(signatures []string) string { return "(" + strings.Join(signatures, ",") + ")" }

// callSignature returns the signature in a frame: request and result.
func callSignature(req, res string) string { return req + ">" + res }

// signatureMatcher has the signature of a worker's method.
type signatureMatcher struct{ own string }

// matches reports whether a caller's signature matches the worker's.
func (f *signatureMatcher) matches(signature string) bool {
	if signature == f.own {
		return true
	}
	theirReq, theirRes, _ := strings.Cut(signature, ">")
	req, res, _ := strings.Cut(f.own, ">")
	return signaturesMatch(theirReq, req) && signaturesMatch(theirRes, res)
}

// signaturesMatch reports whether two signatures are equal or one of them is any. No value
// matches a struct without known fields: a function of [Bind] without parameters or
// without a result belongs to a method whose request or result is struct{}.
func signaturesMatch(a, b string) bool {
	return a == b || a == signatureAny || b == signatureAny ||
		a == signatureNil && b == "{}" || a == "{}" && b == signatureNil
}
