package wire

import (
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

// Codes of errors that workers make themselves, of [ErrorEncoder], and the largest one.
const (
	codeUnknown          = 2
	CodeInvalidArgument  = 3
	CodeDeadlineExceeded = 4
	CodeUnimplemented    = 12
	CodeInternal         = 13
	CodeUnauthenticated  = 16
	maxCode              = 16
)

// Kinds of a node in the tree of causes.
const (
	causeText     = 0 // text only
	causeSentinel = 1 // text and the name of a sentinel
	causeTyped    = 2 // text, the name of a type, and its fields
)

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

// ErrorEncoder encodes errors of handlers. Its functions know the error types of package
// rpc. They may call methods of an error: if those panic, the error has no code or text.
type ErrorEncoder struct {
	Status func(err error) (code uint64, details map[string]string)
	Text   func(err error) string // the whole text
}

// Append appends an error: an array of the code, the message, the worker, the details,
// and the tree of causes.
func (e ErrorEncoder) Append(b []byte, err error, worker string) []byte {
	code, details := e.safeStatus(err)
	left := maxCauses
	return e.appendCause(appendErrorHead(b, code, e.safeText(err), worker, details), err, maxDepth, &left)
}

// AppendError appends an error that is a text alone.
func AppendError(b []byte, code uint64, message, worker string) []byte {
	b = appendErrorHead(b, code, message, worker, nil)
	return pack.AppendArray(appendCauseHead(b, causeText, message, "", ""), 0)
}

func appendErrorHead(b []byte, code uint64, message, worker string, details map[string]string) []byte {
	b = pack.AppendUint(pack.AppendArray(b, 5), code)
	b = pack.AppendString(pack.AppendString(b, Truncate(message)), worker)
	return appendStringMap(b, boundedDetails(details))
}

func (e ErrorEncoder) safeStatus(err error) (uint64, map[string]string) {
	type status struct {
		code    uint64
		details map[string]string
	}
	s := callSafely(func() (s status) {
		if left := maxVisited; !isFinite(err, &left) {
			return status{code: codeUnknown}
		}
		s.code, s.details = e.Status(err)
		return s
	}, status{code: codeUnknown})
	return s.code, s.details
}

func (e ErrorEncoder) safeText(err error) string {
	return callSafely(func() string {
		if r, ok := err.(*remoteError); ok {
			return r.text
		}
		return e.Text(err)
	}, "an error of type "+reflect.TypeOf(err).String()+" whose text is not available")
}

func boundedDetails(details map[string]string) map[string]string {
	if len(details) <= MaxHeaders {
		all := make(map[string]string, len(details))
		for k, v := range details {
			all[Truncate(k)] = Truncate(v)
		}
		return all
	}
	return map[string]string{"details": "omitted: there were too many"}
}

// Truncate cuts a text to maxText bytes of valid UTF-8.
func Truncate(s string) string {
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
func (e ErrorEncoder) appendCause(b []byte, err error, depth int, left *int) []byte {
	*left--
	kind, name, fields := describe(err)
	b = appendCauseHead(b, kind, e.safeText(err), name, fields)
	var causes []error
	if depth > 0 {
		causes = causesOf(err)
	}
	causes = causes[:max(0, min(len(causes), *left))]
	b = pack.AppendArray(b, len(causes))
	for i, c := range causes {
		*left -= len(causes) - i - 1 // reserve places for the other causes
		b = e.appendCause(b, c, depth-1, left)
		*left += len(causes) - i - 1
	}
	return b
}

func appendCauseHead(b []byte, kind uint64, text, name, fields string) []byte {
	b = pack.AppendUint(pack.AppendArray(b, 5), kind)
	b = pack.AppendString(pack.AppendString(b, Truncate(text)), name)
	return pack.AppendBinary(b, fields)
}

func describe(err error) (kind uint64, name, fields string) {
	if n, ok := err.(*remoteError); ok { // pass it on unchanged
		return n.kind, n.name, n.fields
	}
	if name = nameOf(err); name != "" {
		return causeSentinel, name, ""
	}
	if t := typeOf(err); t != nil {
		if data, encodeErr := t.encode(err); encodeErr == nil && len(data) <= MaxBody/maxCauses {
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

// Error is the error of a result, decoded at the client.
type Error struct {
	Code            uint64
	Message, Worker string
	Details         map[string]string
	Cause           error
}

// ParseError parses what [ErrorEncoder] appends. A code that does not exist is Unknown.
func ParseError(data string) (e Error, ok bool) {
	p := pack.Reader{Data: data}
	if p.Array() != 5 {
		return e, false
	}
	if e.Code = p.Uint(); e.Code == 0 || e.Code > maxCode {
		e.Code = codeUnknown
	}
	e.Message, e.Worker = strings.Clone(p.String()), strings.Clone(p.String())
	e.Details = readStringMap(&p)
	left := maxCauses
	e.Cause = readCause(&p, maxDepth, &left)
	return e, !p.Bad() && p.Len() == 0
}

func readCause(p *pack.Reader, depth int, left *int) error {
	if *left--; *left < 0 || depth < 0 || p.Array() != 5 {
		p.Fail()
		return nil
	}
	n := &remoteError{kind: p.Uint(), text: strings.Clone(p.String())}
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
		n.name, n.is = strings.Clone(name), sentinelOf(name)
	case causeTyped:
		n.name, n.fields = strings.Clone(name), strings.Clone(fields)
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
