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
	maxText  = 1 << 10 // bytes of a text
	maxNodes = 64      // errors in the tree of causes
	maxDepth = 32
	maxWalk  = 1000 // causes visited to find a code
)

// Kinds of a node in the tree of causes.
const (
	nodeText     = 0 // text only
	nodeSentinel = 1 // text and the name of a sentinel
	nodeTyped    = 2 // text, the name of a type, and its fields
)

// appendError appends an error in its wire format: an array of the code, the message, the
// worker, the details, and the tree of causes.
func appendError(b []byte, err error, worker string) []byte {
	e := headOf(err)
	b = pack.AppendArray(b, 5)
	b = pack.AppendUint(b, uint64(e.Code))
	b = pack.AppendString(b, short(textOf(err)))
	b = pack.AppendString(b, worker)
	b = appendTexts(b, boundedDetails(e.Details))
	left := maxNodes
	return appendNode(b, err, maxDepth, &left)
}

// asked returns the result of f, which calls methods of an error. If they panic, it
// returns otherwise, since the panic must not end the worker.
func asked[T any](f func() T, otherwise T) (answer T) {
	defer func() {
		if recover() != nil {
			answer = otherwise
		}
	}()
	return f()
}

// headOf returns the *Error in an error, or a new one.
func headOf(err error) *Error {
	return asked(func() *Error {
		if left := maxWalk; !ends(err, &left) {
			return &Error{Code: Unknown}
		}
		if e, ok := errors.AsType[*Error](err); ok && e != nil {
			return e
		}
		return &Error{Code: CodeOf(err)}
	}, &Error{Code: Unknown})
}

// ends reports whether the tree of causes is finite, which errors.Is relies on.
func ends(err error, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	for _, c := range causesOf(err) {
		if !ends(c, left) {
			return false
		}
	}
	return true
}

// textOf returns the whole text of an error for the wire.
func textOf(err error) string {
	return asked(func() string {
		switch e := err.(type) {
		case *Error:
			return e.text(e.Message, e.Worker)
		case *node:
			return e.text
		}
		return err.Error()
	}, "an error of type "+reflect.TypeOf(err).String()+" whose text is not available")
}

func boundedDetails(details map[string]string) map[string]string {
	if len(details) <= maxHeaders {
		all := make(map[string]string, len(details))
		for k, v := range details {
			all[short(k)] = short(v)
		}
		return all
	}
	return map[string]string{"details": "omitted: there were too many"}
}

// short cuts a text to maxText bytes of valid UTF-8.
func short(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	n := maxText - len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// appendNode appends an error and its causes: an array of the kind, the text, the name,
// the fields, and the causes.
func appendNode(b []byte, err error, depth int, left *int) []byte {
	*left--
	kind, name, fields := describe(err)
	b = pack.AppendArray(b, 5)
	b = pack.AppendUint(b, kind)
	b = pack.AppendString(b, short(textOf(err)))
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
		b = appendNode(b, c, depth-1, left)
		*left += len(causes) - i - 1
	}
	return b
}

func describe(err error) (kind uint64, name, fields string) {
	if n, ok := err.(*node); ok { // pass it on unchanged
		return n.kind, n.name, n.fields
	}
	if name = nameOf(err); name != "" {
		return nodeSentinel, name, ""
	}
	if t := typeOf(err); t != nil {
		if data, bad := t.encode(err); bad == nil && len(data) <= maxBody/maxNodes {
			return nodeTyped, t.name, data
		}
	}
	return nodeText, "", ""
}

// causesOf returns the errors that an error wraps.
func causesOf(err error) []error {
	causes := asked(func() []error {
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

// readError parses the output of appendError.
func readError(data, method string) (*Error, bool) {
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
	e.Details = readTexts(&p)
	left := maxNodes
	e.cause = readNode(&p, maxDepth, &left)
	if p.Bad() || p.Len() > 0 {
		return nil, false
	}
	return e, true
}

func clone(s string) string { return strings.Clone(s) }

func readNode(p *pack.Reader, depth int, left *int) error {
	if *left--; *left < 0 || depth < 0 || p.Array() != 5 {
		p.Fail()
		return nil
	}
	n := &node{kind: p.Uint(), text: clone(p.String())}
	name, fields := p.String(), p.Binary()
	for range p.Array() {
		if c := readNode(p, depth-1, left); c != nil {
			n.causes = append(n.causes, c)
		}
		if p.Bad() {
			return nil
		}
	}
	switch n.kind {
	case nodeSentinel:
		n.name, n.is = clone(name), sentinelOf(name)
	case nodeTyped:
		n.name, n.fields = clone(name), clone(fields)
		if t := typeNamed(name); t != nil {
			if e, bad := t.decode(fields); bad == nil {
				n.as = e
			}
		}
	}
	return n
}

// node is an error of a worker, decoded at the client.
type node struct {
	text   string
	kind   uint64
	name   string // kept if unknown here, since another program may know it
	fields string
	is     error // the sentinel; nil: unknown here
	as     error // the decoded error; nil: unknown here
	causes []error
}

func (n *node) Error() string   { return oneline.Line(n.text, oneline.Message) }
func (n *node) Unwrap() []error { return n.causes }

// Is reports whether the error is target, or says so itself by an Is method.
func (n *node) Is(target error) bool {
	if n.is != nil {
		return n.is == target
	}
	if is, ok := n.as.(interface{ Is(error) bool }); ok {
		return is.Is(target)
	}
	return false
}

// As sets target to the decoded error if the types match.
func (n *node) As(target any) bool {
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
