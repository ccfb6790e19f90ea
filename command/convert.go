package command

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// converter converts replies to Go values.
type converter struct {
	unit   time.Duration // unit of a Duration
	depth  int
	inside int  // number of enclosing structs
	none   bool // the reply stands for no value
}

var (
	errDeep = errors.New("the reply is nested too deeply")
	errUnit = errors.New("a time.Duration inside a struct is not supported, because the unit of the field is not known; use an integer")
)

// maxNesting bounds the depth of a reply that is decoded into a recursive type.
const maxNesting = 64

// mismatch returns the error for a reply that cannot be converted to a type.
func mismatch(reply any, to reflect.Type) error {
	kind := "a text"
	switch reply.(type) {
	case int64, *big.Int:
		kind = "an integer"
	case float64:
		kind = "a number"
	case bool:
		kind = "a bool"
	case []any:
		kind = "a list"
	case map[any]any:
		kind = "a map"
	}
	return fmt.Errorf("cannot decode the reply, %s, into a %s", kind, to)
}

var durationType = reflect.TypeFor[time.Duration]()

func (c *converter) set(to reflect.Value, reply any) error {
	if err, ok := reply.(error); ok {
		return err
	}
	if reply == nil {
		to.SetZero()
		return nil
	}
	if c.depth++; c.depth > maxNesting {
		return errDeep
	}
	defer func() { c.depth-- }()
	switch to.Kind() {
	case reflect.Pointer:
		p := reflect.New(to.Type().Elem())
		if err := c.set(p.Elem(), reply); err != nil {
			return err
		}
		to.Set(p)
		return nil
	case reflect.Interface:
		if to.NumMethod() > 0 {
			return mismatch(reply, to.Type())
		}
		to.Set(reflect.ValueOf(reply))
		return nil
	case reflect.Slice:
		if to.Type().Elem().Kind() == reflect.Uint8 {
			return c.text(to, reply)
		}
		return c.list(to, reply)
	case reflect.Map, reflect.Struct:
		return c.pairs(to, reply)
	case reflect.String:
		return c.text(to, reply)
	default:
		return c.scalar(to, reply)
	}
}

// text sets a string or a byte slice.
func (c *converter) text(to reflect.Value, reply any) error {
	var text string
	switch reply := reply.(type) {
	case string:
		text = reply
	case int64:
		text = strconv.FormatInt(reply, 10)
	case float64:
		text = doubleText(reply)
	case bool:
		text = map[bool]string{true: "1", false: "0"}[reply]
	case *big.Int:
		text = reply.String()
	default:
		return mismatch(reply, to.Type())
	}
	if to.Kind() == reflect.String {
		to.SetString(text)
	} else {
		to.Set(reflect.ValueOf([]byte(text)).Convert(to.Type()))
	}
	return nil
}

// doubleText formats a double as servers do in RESP2, with the fewest digits that
// identify it: with an exponent below 1e-4 and from 1e17 on.
func doubleText(f float64) string {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, 64), "+"))
	case size != 0 && (size < 1e-4 || size >= 1e17):
		return strconv.FormatFloat(f, 'e', -1, 64)
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}

// scalar sets a number or a bool.
func (c *converter) scalar(to reflect.Value, reply any) error {
	if b, ok := reply.(bool); ok {
		reply = map[bool]int64{true: 1, false: 0}[b]
	}
	var text string
	switch r := reply.(type) {
	case float64:
		text = strconv.FormatFloat(r, 'f', -1, 64) // without exponent, because it may become an integer
	case int64, string, *big.Int:
		text = fmt.Sprint(r)
	default:
		return mismatch(reply, to.Type())
	}
	if to.Type() == durationType {
		return c.duration(to, text, reply)
	}
	switch to.Kind() {
	case reflect.Bool:
		switch text {
		case "1", "OK", "true", "yes":
			to.SetBool(true)
		case "0", "false", "no":
			to.SetBool(false)
		default:
			return mismatch(reply, to.Type())
		}
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, to.Type().Bits())
		to.SetInt(n)
		return numberError(err, reply, to)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, to.Type().Bits())
		to.SetUint(n)
		return numberError(err, reply, to)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, to.Type().Bits())
		to.SetFloat(f)
		return numberError(err, reply, to)
	default:
		return mismatch(reply, to.Type())
	}
}

// numberError returns the error for a text that is not a valid number, without the text.
func numberError(err error, reply any, to reflect.Value) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("the number in the reply overflows a %s", to.Type())
	default:
		return mismatch(reply, to.Type())
	}
}

// duration sets a time.Duration. A negative number means that there is none.
func (c *converter) duration(to reflect.Value, text string, reply any) error {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case c.inside > 0:
		return errUnit
	case err != nil || math.IsNaN(f):
		return mismatch(reply, to.Type())
	case f < 0:
		c.none = c.depth == 1
		to.SetInt(int64(f))
		return nil
	case f*float64(c.unit) >= math.MaxInt64:
		return fmt.Errorf("the number in the reply overflows a %s", to.Type())
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		to.SetInt(n * int64(c.unit)) // exact
	} else {
		to.SetInt(int64(f * float64(c.unit)))
	}
	return nil
}
