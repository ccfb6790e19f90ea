package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// Limits of an error in a result.
const (
	maxErrorText = 1 << 10
	maxCauses    = 64
	maxDepth     = 32
)

var errKnown = errors.New("known")

type (
	typedErr struct {
		Item string
		Left int
	}
	plainErr  struct{ Text string }
	holderErr struct{ V any } // comparable, unless V is not
	mutedErr  struct{ err *error }
	roundErr  struct{ causes []error }
	wildErr   struct{}
)

func (e *typedErr) Error() string     { return fmt.Sprint(e.Left, " of ", e.Item) }
func (e *typedErr) Is(err error) bool { return err == fs.ErrInvalid }
func (e plainErr) Error() string      { return e.Text }
func (e holderErr) Error() string     { return "holder" }
func (e *mutedErr) Error() string     { return (*e.err).Error() }
func (e *mutedErr) Unwrap() error     { return *e.err }
func (e *roundErr) Error() string     { return "round" }
func (e *roundErr) Unwrap() []error   { return e.causes }
func (wildErr) Error() string         { return "wild" }
func (wildErr) Is(error) bool         { panic("is") }
func (wildErr) As(any) bool           { panic("as") }

func init() {
	RegisterError("rpc.errKnown", errKnown)
	RegisterErrorType[*typedErr]("rpc.typedErr")
	RegisterErrorType[plainErr]("rpc.plainErr")
}

// overWire encodes an error and decodes it as its caller does.
func overWire(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errorOf(string(errorsOnWire.Append(nil, err, "host:1")), "M")
	if !ok || e.Method != "M" || e.Worker != "host:1" {
		t.Fatalf("%T: it cannot be read: %+v", err, e)
	}
	return e
}

func TestErrorsCross(t *testing.T) {
	loop := &roundErr{}
	loop.causes = []error{loop, loop}
	var none *typedErr
	deep := errKnown
	for i := range 2 * maxDepth {
		deep = fmt.Errorf("%d: %w", i, deep)
	}
	wide := make([]error, 2*maxCauses)
	for i := range wide {
		wide[i] = errKnown
	}
	for name, tt := range map[string]struct {
		err   error
		code  Code
		text  string
		is    error
		isNot error
	}{
		"plain":           {errors.New("plain"), Unknown, "plain", nil, errKnown},
		"sentinel":        {fmt.Errorf("a: %w", errKnown), Unknown, "a: known", errKnown, io.EOF},
		"standard":        {fmt.Errorf("a: %w", fs.ErrNotExist), NotFound, "a: file does not exist", fs.ErrNotExist, errKnown},
		"joined":          {errors.Join(io.EOF, errKnown), Unknown, "EOF\nknown", errKnown, fs.ErrNotExist},
		"own Is":          {&typedErr{"pears", 3}, Unknown, "3 of pears", fs.ErrInvalid, errKnown},
		"Errorf":          {Errorf(Aborted, "no: %w", errKnown), Aborted, "no: known", errKnown, io.EOF},
		"wrapped *Error":  {fmt.Errorf("b: %w", Errorf(Aborted, "a")), Aborted, "b: a", nil, errKnown},
		"code of nowhere": {Errorf(Code(200), "a"), Unknown, "a", nil, errKnown},
		"ok is no code":   {Errorf(OK, "a"), Unknown, "a", nil, errKnown},
		"not executed":    {desir.ErrUnavailable, Unavailable, desir.ErrUnavailable.Error(), nil, desir.ErrUnavailable},
		"no workers":      {fmt.Errorf("a: %w", ErrNoWorkers), Unavailable, "a: " + ErrNoWorkers.Error(), nil, ErrNoWorkers},
		"canceled":        {context.Canceled, Canceled, "context canceled", context.Canceled, context.DeadlineExceeded},
		"deep":            {fmt.Errorf("a: %w", deep), Unknown, "a: ", nil, errKnown},
		"wide":            {errors.Join(wide...), Unknown, "known", errKnown, io.EOF},
		"a circle":        {loop, Unknown, "round", nil, errKnown},
		"in a circle":     {fmt.Errorf("%w, %w", errKnown, loop), Unknown, "known, round", errKnown, io.EOF},
		"typed nil":       {none, Unknown, "an error of type *rpc.typedErr", nil, errKnown},
		"nil *Error":      {(*Error)(nil), Unknown, "an error of type *rpc.Error", nil, errKnown},
		"panics":          {&mutedErr{}, Unknown, "an error of type *rpc.mutedErr", nil, errKnown},
		"holds one":       {errors.Join(errKnown, &mutedErr{}), Unknown, "an error of type *errors.joinError", errKnown, io.EOF},
		"Is panics":       {wildErr{}, Unknown, "wild", nil, errKnown},
		"not comparable":  {holderErr{[]int{1}}, Unknown, "holder", nil, errKnown},
		"not UTF-8":       {errors.New("a\xff"), Unknown, "a\uFFFD", nil, errKnown},
		"long":            {errors.New(strings.Repeat("é", maxErrorText)), Unknown, "éé", nil, errKnown},
	} {
		t.Run(name, func(t *testing.T) {
			e := overWire(t, tt.err)
			if e.Code != tt.code || !strings.HasPrefix(e.Message, tt.text) || len(e.Message) > maxErrorText {
				t.Errorf("%v, %q; want %v, %q", e.Code, e.Message, tt.code, tt.text)
			}
			if tt.is != nil && !errors.Is(e, tt.is) {
				t.Errorf("it is not %v", tt.is)
			}
			if errors.Is(e, tt.isNot) {
				t.Errorf("it is %v", tt.isNot)
			}
		})
	}
}

// TestErrorsCrossTwice passes an error on through a worker that knows none of its names.
func TestErrorsCrossTwice(t *testing.T) {
	err := fmt.Errorf("first: %w", errors.Join(errKnown, io.EOF, &typedErr{"pears", 3}, context.DeadlineExceeded))
	first := string(errorsOnWire.Append(nil, err, "host:1"))
	hide := func(what string) string {
		return strings.NewReplacer("rpc.errKnown", "rpc.errKnowN", "rpc.typedErr", "rpc.typedErR").Replace(what)
	}
	between, ok := errorOf(hide(first), "M") // other names are known there
	if !ok || errors.Is(between, errKnown) {
		t.Fatalf("between: %v, %v", between, ok)
	}
	last := string(errorsOnWire.Append(nil, fmt.Errorf("second: %w", between), "host:1"))
	back := strings.NewReplacer("rpc.errKnowN", "rpc.errKnown", "rpc.typedErR", "rpc.typedErr").Replace(last)
	got, ok := errorOf(back, "M")
	if !ok {
		t.Fatal("it cannot be read")
	}
	for _, target := range []error{errKnown, io.EOF, context.DeadlineExceeded, fs.ErrInvalid} {
		if !errors.Is(got, target) {
			t.Errorf("errors.Is(err, %v) is false", target)
		}
	}
	if e, ok := errors.AsType[*typedErr](got); !ok || *e != (typedErr{"pears", 3}) {
		t.Errorf("errors.As finds %+v", e)
	}
}

// TestErrorTypesCross sends errors with fields, by pointer and by value.
func TestErrorTypesCross(t *testing.T) {
	err := overWire(t, fmt.Errorf("%w, %w", &typedErr{"pears", 3}, plainErr{"text"}))
	if e, ok := errors.AsType[*typedErr](err); !ok || *e != (typedErr{"pears", 3}) {
		t.Errorf("errors.As finds %+v, %t", e, ok)
	}
	if e, ok := errors.AsType[plainErr](err); !ok || e.Text != "text" {
		t.Errorf("errors.As finds %+v, %t", e, ok)
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		t.Errorf("errors.As finds %+v", e)
	}
}

// TestErrorBounds sends errors with more causes and details, and longer ones, than the
// limits allow.
func TestErrorBounds(t *testing.T) {
	err := error(&roundErr{make([]error, 10)})
	for range 5 {
		all := make([]error, 10)
		for i := range all {
			all[i] = err
		}
		err = &roundErr{all}
	}
	details := map[string]string{}
	for i := range wire.MaxHeaders + 1 {
		details[fmt.Sprint(i)] = ""
	}
	if n := len(errorsOnWire.Append(nil, err, "w")); n > 4096 {
		t.Errorf("a million causes have %d bytes", n)
	}
	if e := overWire(t, &Error{Code: NotFound, Message: "m", Details: details}); len(e.Details) != 1 {
		t.Errorf("%d details", len(e.Details))
	}
	e := overWire(t, (&Error{Code: NotFound, Message: "m"}).With("k", strings.Repeat("x", 2*maxErrorText)).With("l", "v"))
	if len(e.Details) != 2 || e.Details["l"] != "v" || len(e.Details["k"]) != maxErrorText {
		t.Errorf("the details are %v", e.Details)
	}
}
