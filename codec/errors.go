package codec

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/desir-go/desir/internal/oneline"
)

// ErrUnsupported says that a type cannot be stored with a codec, or cannot be a
// key. The error around it names the type and the reason. [Values] and [Keys]
// return it, so it is found by the first call of a program. Encoding returns it for a
// value that would not come back, although others of its type do: what an interface
// holds, keys of a map, and in JSON text that is not UTF-8, a NaN and an infinity.
var ErrUnsupported = errors.New("codec: type not supported")

// ErrTooLarge says that a value is longer than a [Limit] or a message may be,
// nested deeper than 64, or would take more memory than the bytes it is stored in
// allow (see the package's comment on bounds). Encoding returns it before anything
// is sent, decoding inside a [*DecodeError].
var ErrTooLarge = errors.New("codec: value too large")

// ErrSignature says that a frame of [Encrypt] or [Sign] was not made by a holder
// of the keys for this object and place: altered, moved from another object or another
// key of a map, made under a key that the ring does not have, or no frame at all. Encoding returns it when
// the ring has no usable current key.
var ErrSignature = errors.New("codec: signature not valid")

// DecodeError reports bytes that are no value of the wanted type. The value is
// the zero value then. Its text names where the bytes stood, the field or element that
// was refused, what was found there and what was wanted, as in
//
//	Home.Rooms[3].Number: text, want integer (int)
//
// It never quotes the bytes; a key of a map inside the value is shown as [*].
type DecodeError struct {
	Key   string // of the Redis object; empty when it is not known
	Field string // or index, member, id: what the object calls the place; may be empty
	Type  string // the Go type that was wanted
	Codec string // the name of the codec that refused
	Err   error  // why; matches ErrTooLarge and ErrSignature, and sentinels of the type's own methods
}

// Error names type, codec, place and reason.
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

// Unwrap gives the reason to [errors.Is] and [errors.As].
func (e *DecodeError) Unwrap() error { return e.Err }

// refusal is a reason in our own words, safe to print.
type refusal string

func (r refusal) Error() string { return string(r) }

// detail is one of the exported sentinels with the reason behind it.
type detail struct {
	sentinel error
	why      string
}

func (d *detail) Error() string { return d.sentinel.Error() + ": " + d.why }
func (d *detail) Unwrap() error { return d.sentinel }

func tooLarge(why string) error { return &detail{ErrTooLarge, why} }

func badSignature(why string) error { return &detail{ErrSignature, why} }

func unsupported(t reflect.Type, why string) error {
	return &detail{ErrUnsupported, oneline.Line(typeName(t), oneline.Name) + ": " + why}
}

func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	return t.String()
}

// foreign stands for an error that somebody else worded. Decoders like to quote
// their input, so its text is only the class of the cause; Is and As still see
// the cause itself. It has no Unwrap, so that nothing prints the chain by accident.
type foreign struct {
	by    string // whose error it is
	cause error
}

func (f *foreign) Error() string {
	return f.by + " refused the bytes (" + fmt.Sprintf("%T", f.cause) + ")"
}
func (f *foreign) Is(target error) bool { return errors.Is(f.cause, target) }
func (f *foreign) As(target any) bool   { return errors.As(f.cause, target) }

// told is an error of somebody else's in our own words. Is and As still see the cause.
type told struct {
	words string
	cause error
}

func (t *told) Error() string        { return t.words }
func (t *told) Is(target error) bool { return errors.Is(t.cause, target) }
func (t *told) As(target any) bool   { return errors.As(t.cause, target) }

// reworded keeps an error of our own and hides the words of any other.
func reworded(by string, err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case refusal, *detail, *foreign, *told, *panicked, *located:
		return err
	case *DecodeError:
		return reworded(by, e.Err)
	}
	return &foreign{by, err}
}

// panicked is what a panic in somebody's marshaler becomes. A panic value often
// holds the payload: only an error keeps more than the name of its type.
type panicked struct {
	value any
}

func (p *panicked) Error() string { return fmt.Sprintf("panic (%T)", p.value) }

func (p *panicked) Is(target error) bool {
	err, ok := p.value.(error)
	return ok && errors.Is(err, target)
}

func (p *panicked) As(target any) bool {
	err, ok := p.value.(error)
	return ok && errors.As(err, target)
}

// caught turns a panic into an error. It is deferred directly.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = &panicked{r}
	}
}
