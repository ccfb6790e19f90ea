package rpc

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/pack"
)

// Limits of an error in a result.
const (
	maxErrorText = 1 << 10 // bytes of a text
	maxCauses    = 64      // errors in the tree of causes
	maxDepth     = 32
	maxVisited   = 1000 // causes visited to find a code
)

// Kinds of a node in the tree of causes.
const (
	causeText     = 0 // text only
	causeSentinel = 1 // text and the name of a sentinel
	causeTyped    = 2 // text, the name of a type, and its fields
)

// appendError appends an error in its wire format: an array of the code, the message, the
// worker, the details, and the tree of causes.
func appendError(b []byte, err error, worker string) []byte {
	e := topError(err)
	b = pack.AppendArray(b, 5)
	b = pack.AppendUint(b, uint64(e.Code))
	b = pack.AppendString(b, truncate(textOf(err)))
	b = pack.AppendString(b, worker)
	b = appendStringMap(b, boundedDetails(e.Details))
	left := maxCauses
	return appendCause(b, err, maxDepth, &left)
}

// callSafely returns the result of f, which calls methods of an error. If they panic, it
// returns otherwise, since the panic must not end the worker.
func callSafely[T any](f func() T, otherwise T) (result T) {
	defer func() {
		if recover() != nil {
			result = otherwise
		}
	}()
	return f()
}

// topError returns the *Error in an error, or a new one.
func topError(err error) *Error {
	return callSafely(func() *Error {
		if left := maxVisited; !isFinite(err, &left) {
			return &Error{Code: Unknown}
		}
		if e, ok := errors.AsType[*Error](err); ok && e != nil {
			return e
		}
		return &Error{Code: CodeOf(err)}
	}, &Error{Code: Unknown})
}

// isFinite reports whether the tree of causes is finite, which errors.Is relies on.
func isFinite(err error, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	for _, c := range causesOf(err) {
		if !isFinite(c, left) {
			return false
		}
	}
	return true
}

// textOf returns the whole text of an error for the wire.
func textOf(err error) string {
	return callSafely(func() string {
		switch e := err.(type) {
		case *Error:
			return e.text(e.Message, e.Worker)
		case *remoteError:
			return e.text
		}
		return err.Error()
	}, "an error of type "+reflect.TypeOf(err).String()+" whose text is not available")
}

func boundedDetails(details map[string]string) map[string]string {
	if len(details) <= maxHeaders {
		all := make(map[string]string, len(details))
		for k, v := range details {
			all[truncate(k)] = truncate(v)
		}
		return all
	}
	return map[string]string{"details": "omitted: there were too many"}
}

// truncate cuts a text to maxText bytes of valid UTF-8.
func truncate(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxErrorText {
		return s
	}
	n := maxErrorText - len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// appendCause appends an error and its causes: an array of the kind, the text, the name,
// the fields, and the causes.
func appendCause(b []byte, err error, depth int, left *int) []byte {
	*left--
	kind, name, fields := describe(err)
	b = pack.AppendArray(b, 5)
	b = pack.AppendUint(b, kind)
	b = pack.AppendString(b, truncate(textOf(err)))
	b = pack.AppendString(b, name)
	b = pack.AppendBinary(b, fields)
	var causes []error
	if depth > 0 {
		causes = causesOf(err)
	}
	causes = causes[:max(0, min(len(causes), *left))]
	b = pack.AppendArray(b, len(causes))
	for i, c := range causes {
		*left -= len(causes) - i - 1 // reserve places for the other causes
		b = appendCause(b, c, depth-1, left)
		*left += len(causes) - i - 1
	}
	return b
}

func describe(err error) (kind uint64, name, fields string) {
	if n, ok := err.(*remoteError); ok { // pass it on unchanged
		return n.kind, n.name, n.fields
	}
	if name = nameOf(err); name != "" {
		return causeSentinel, name, ""
	}
	if t := typeOf(err); t != nil {
		if data, encodeErr := t.encode(err); encodeErr == nil && len(data) <= maxBody/maxCauses {
			return causeTyped, t.name, data
		}
	}
	return causeText, "", ""
}

// causesOf returns the errors that an error wraps.
func causesOf(err error) []error {
	causes := callSafely(func() []error {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			return []error{e.Unwrap()}
		case interface{ Unwrap() []error }:
			return slices.Clone(e.Unwrap())
		}
		return nil
	}, nil)
	return slices.DeleteFunc(causes, func(c error) bool { return c == nil })
}

// parseError parses the output of appendError.
func parseError(data, method string) (*Error, bool) {
	p := pack.Reader{Data: data}
	if p.Array() != 5 {
		return nil, false
	}
	e := &Error{Method: method}
	code := p.Uint()
	if e.Code = Code(code); code > uint64(Unauthenticated) || code == uint64(OK) {
		e.Code = Unknown
	}
	e.Message, e.Worker = clone(p.String()), clone(p.String())
	e.Details = readStringMap(&p)
	left := maxCauses
	e.cause = readCause(&p, maxDepth, &left)
	if p.Bad() || p.Len() > 0 {
		return nil, false
	}
	return e, true
}

func clone(s string) string { return strings.Clone(s) }

func readCause(p *pack.Reader, depth int, left *int) error {
	if *left--; *left < 0 || depth < 0 || p.Array() != 5 {
		p.Fail()
		return nil
	}
	n := &remoteError{kind: p.Uint(), text: clone(p.String())}
	name, fields := p.String(), p.Binary()
	for range p.Array() {
		if c := readCause(p, depth-1, left); c != nil {
			n.causes = append(n.causes, c)
		}
		if p.Bad() {
			return nil
		}
	}
	switch n.kind {
	case causeSentinel:
		n.name, n.is = clone(name), sentinelOf(name)
	case causeTyped:
		n.name, n.fields = clone(name), clone(fields)
		if t := typeNamed(name); t != nil {
			if e, decodeErr := t.decode(fields); decodeErr == nil {
				n.as = e
			}
		}
	}
	return n
}

// remoteError is an error of a worker, decoded at the client.
type remoteError struct {
	text   string
	kind   uint64
	name   string // kept if unknown here, since another program may know it
	fields string
	is     error // the sentinel; nil: unknown here
	as     error // the decoded error; nil: unknown here
	causes []error
}

func (n *remoteError) Error() string   { return oneline.Line(n.text, oneline.Message) }
func (n *remoteError) Unwrap() []error { return n.causes }

// Is reports whether the error is target, or says so itself by an Is method.
func (n *remoteError) Is(target error) bool {
	if n.is != nil {
		return n.is == target
	}
	if is, ok := n.as.(interface{ Is(error) bool }); ok {
		return is.Is(target)
	}
	return false
}

// As sets target to the decoded error if the types match.
func (n *remoteError) As(target any) bool {
	for _, e := range []error{n.as, n.is} {
		if e == nil {
			continue
		}
		to := reflect.ValueOf(target).Elem()
		if reflect.TypeOf(e).AssignableTo(to.Type()) {
			to.Set(reflect.ValueOf(e))
			return true
		}
	}
	return false
}
