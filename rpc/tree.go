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

// Bounds of an error on its way.
const (
	maxText  = 1 << 10 // bytes of a text
	maxNodes = 64      // causes
	maxDepth = 32
	maxWalk  = 1000 // causes, to find a code
)

// The kinds of a node of the tree of causes.
const (
	nodeText     = 0 // it has a text alone
	nodeSentinel = 1 // and the name of a sentinel
	nodeTyped    = 2 // and the name of a type, with its fields
)

// appendError appends an error as a result carries it: an array of the code, the
// message, the worker, the details, and the tree of causes.
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

// asked returns what f learns from an error, or something else if a method of the error
// panics: that must not end the worker.
func asked[T any](f func() T, otherwise T) (answer T) {
	defer func() {
		if recover() != nil {
			answer = otherwise
		}
	}()
	return f()
}

// headOf finds the *Error in an error, or makes one.
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

// ends reports whether a walk over all causes comes to an end, as errors.Is needs it.
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

// textOf returns the whole text of an error, for the way to the caller.
func textOf(err error) string {
	return asked(func() string {
		switch e := err.(type) {
		case *Error:
			return e.text(e.Message, e.Worker)
		case *node:
			return e.text
		}
		return err.Error()
	}, "an error of type "+reflect.TypeOf(err).String()+" that cannot tell its text")
}

func boundedDetails(details map[string]string) map[string]string {
	if len(details) <= maxHeaders {
		all := make(map[string]string, len(details))
		for k, v := range details {
			all[short(k)] = short(v)
		}
		return all
	}
	return map[string]string{"details": "left out: there were too many"}
}

// short cuts a text to what an error may have, and makes it UTF-8.
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

// appendNode appends an error with its causes: an array of the kind, the text, the name,
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
		*left -= len(causes) - i - 1 // these have their place
		b = appendNode(b, c, depth-1, left)
		*left += len(causes) - i - 1
	}
	return b
}

func describe(err error) (kind uint64, name, fields string) {
	if n, ok := err.(*node); ok { // it goes on as it came
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

// causesOf returns what an error wraps.
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

// readError reads what appendError has written.
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

// node is an error that was at a worker.
type node struct {
	text   string
	kind   uint64
	name   string // by which others may know it, also if nobody here does
	fields string
	is     error // the sentinel that it was
	as     error // the error that it was, with its fields
	causes []error
}

func (n *node) Error() string   { return oneline.Line(n.text, oneline.Message) }
func (n *node) Unwrap() []error { return n.causes }

// Is reports whether the error was target, or says itself that it is.
func (n *node) Is(target error) bool {
	if n.is != nil {
		return n.is == target
	}
	if is, ok := n.as.(interface{ Is(error) bool }); ok {
		return is.Is(target)
	}
	return false
}

// As sets target to the error that it was, if that fits.
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
