package codec

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/pack"
)

// ErrUnsupported means that a codec cannot store a type, or that a type cannot be a key.
// The error that wraps it names the type and the reason. [Values] and [Keys] return it,
// so the first call of an object reports it.
//
// Encoding returns it for a value that could not be decoded again, although other values
// of its type can: because of what an interface holds, because of the keys of a map, and
// in [JSON] because of text that is not UTF-8, a NaN or an infinity.
var ErrUnsupported = errors.New("codec: type not supported")

// ErrTooLarge means that a value is longer than a [Limit] or a message may be, is nested
// too deeply, or that decoding it would allocate more memory than the length of its
// stored bytes allows. It is also the error of a read or write that is too large for
// desir.Atomic. The package comment states the bounds. Encoding returns it before
// anything is sent. Decoding returns it inside a [*DecodeError].
var ErrTooLarge = errors.New("codec: value too large")

// ErrSignature means that bytes are not a frame of [Encrypt] or [Sign] that was made with
// a key of the ring for this object and place. The frame was altered, was moved from
// another object or from another key of a map, or was made under a key that the ring does
// not have, or the bytes are not a frame. Encoding returns it if the ring has no usable
// current key.
var ErrSignature = errors.New("codec: signature not valid")

// DecodeError reports bytes that do not encode a value of the wanted type. Decoding
// returns the zero value with it. The text names the key, the field or element that was
// refused, what was found there and what was wanted, for example
//
//	Home.Rooms[3].Number: text, want integer (int)
//
// The text never quotes the bytes. A key of a map inside the value is shown as [*].
type DecodeError struct {
	Key   string // the Redis key; empty if it is not known
	Field string // the field, index, member or id in the object; may be empty
	Type  string // the Go type that was wanted
	Codec string // the name of the codec
	Err   error  // the reason; matches ErrTooLarge, ErrSignature and errors of the type's own methods
}

// Error names the type, the codec, the key, the field and the reason.
func (e *DecodeError) Error() string {
	s := "codec: cannot decode " + oneline.Text(e.Type, oneline.Short) + " with " + oneline.Text(e.Codec, oneline.Short)
	if e.Key != "" {
		s += " at key " + oneline.Quote(e.Key, oneline.Name)
	}
	if e.Field != "" {
		s += " field " + oneline.Quote(e.Field, oneline.Name)
	}
	if e.Err != nil {
		s += ": " + oneline.Line(e.Err.Error(), oneline.Name)
	}
	return s
}

// Unwrap returns the reason, for [errors.Is] and [errors.As].
func (e *DecodeError) Unwrap() error { return e.Err }

// refusal is a reason that this package or package pack worded. It quotes no input.
type refusal = pack.Error

// sentinelError is one of the exported sentinels with a reason.
type sentinelError struct {
	sentinel error
	why      string
}

func (d *sentinelError) Error() string { return d.sentinel.Error() + ": " + d.why }
func (d *sentinelError) Unwrap() error { return d.sentinel }

func tooLarge(why string) error { return &sentinelError{ErrTooLarge, why} }

func badSignature(why string) error { return &sentinelError{ErrSignature, why} }

func unsupported(t reflect.Type, why string) error {
	return &sentinelError{ErrUnsupported, oneline.Line(typeName(t), oneline.Name) + ": " + why}
}

func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return t.String()
}

// foreignError hides the text of an error that another package worded, because decoders
// quote their input. Its text is only the type of the cause. Is and As find the cause. It
// has no Unwrap, so that no logger prints the error chain.
type foreignError struct {
	by    string // the method or codec that returned the error
	cause error
}

func (f *foreignError) Error() string {
	return f.by + " refused the bytes (" + fmt.Sprintf("%T", f.cause) + ")"
}
func (f *foreignError) Is(target error) bool { return errors.Is(f.cause, target) }
func (f *foreignError) As(target any) bool   { return errors.As(f.cause, target) }

// restatedError replaces the text of an error of another package. Is and As find the
// cause.
type restatedError struct {
	words string
	cause error
}

func (r *restatedError) Error() string        { return r.words }
func (r *restatedError) Is(target error) bool { return errors.Is(r.cause, target) }
func (r *restatedError) As(target any) bool   { return errors.As(r.cause, target) }

// hideForeign returns an error of this package unchanged, and hides the text of any
// other.
func hideForeign(by string, err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case refusal, *sentinelError, *foreignError, *restatedError, *panicError, *pathError:
		return err
	case *DecodeError:
		return hideForeign(by, e.Err)
	}
	return &foreignError{by, err}
}

// panicError is the error for a panic in a marshalling method. A panic value may hold the
// payload, so the text has only its type. Is and As find a panic value that is an error.
type panicError struct {
	value any
}

func (p *panicError) Error() string { return fmt.Sprintf("panic (%T)", p.value) }

func (p *panicError) Is(target error) bool {
	err, ok := p.value.(error)
	return ok && errors.Is(err, target)
}

func (p *panicError) As(target any) bool {
	err, ok := p.value.(error)
	return ok && errors.As(err, target)
}

// catchPanic turns a panic into an error. Defer it directly.
func catchPanic(err *error) {
	if r := recover(); r != nil {
		*err = &panicError{r}
	}
}
