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

// converter reads replies into Go values.
type converter struct {
	unit  time.Duration // of a Duration
	depth int
	none  bool // what was read stands for nothing
}

var errDeep = errors.New("the answer is nested too deeply")

// maxNesting bounds an answer that is read into a type that contains itself.
const maxNesting = 64

// mismatch says that a reply cannot be of a type.
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
	return fmt.Errorf("the answer, %s, cannot be a %s", kind, to)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
)

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

// text sets a string or bytes.
func (c *converter) text(to reflect.Value, reply any) error {
	var text string
	switch reply := reply.(type) {
	case string:
		text = reply
	case int64:
		text = strconv.FormatInt(reply, 10)
	case float64:
		text = strconv.FormatFloat(reply, 'g', -1, 64)
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

// scalar sets a number or a bool.
func (c *converter) scalar(to reflect.Value, reply any) error {
	if b, ok := reply.(bool); ok {
		reply = map[bool]int64{true: 1, false: 0}[b]
	}
	text := fmt.Sprint(reply)
	switch reply.(type) {
	case int64, float64, string, *big.Int:
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
		return numeral(err, reply, to)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, to.Type().Bits())
		to.SetUint(n)
		return numeral(err, reply, to)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, to.Type().Bits())
		to.SetFloat(f)
		return numeral(err, reply, to)
	default:
		return mismatch(reply, to.Type())
	}
}

// numeral is the error of a text that is no number, without the text.
func numeral(err error, reply any, to reflect.Value) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("the number of the answer does not fit into a %s", to.Type())
	default:
		return mismatch(reply, to.Type())
	}
}

// duration sets a time.Duration. A negative one says that there is none.
func (c *converter) duration(to reflect.Value, text string, reply any) error {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(f):
		return mismatch(reply, to.Type())
	case f < 0:
		c.none = c.depth == 1
		to.SetInt(int64(f))
		return nil
	case f*float64(c.unit) >= math.MaxInt64:
		return fmt.Errorf("the number of the answer does not fit into a %s", to.Type())
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		to.SetInt(n * int64(c.unit)) // exact
	} else {
		to.SetInt(int64(f * float64(c.unit)))
	}
	return nil
}

// list sets a slice; a map is keys and values in turn.
func (c *converter) list(to reflect.Value, reply any) error {
	items, ok := reply.([]any)
	if m, isMap := reply.(map[any]any); isMap {
		ok = true
		for _, k := range sortedKeys(m) {
			items = append(items, k, m[k])
		}
	}
	if !ok {
		return mismatch(reply, to.Type())
	}
	all := reflect.MakeSlice(to.Type(), len(items), len(items))
	for i, item := range items {
		if err := c.set(all.Index(i), item); err != nil {
			return err
		}
	}
	to.Set(all)
	return nil
}

// pairs sets a map or the tagged fields of a struct.
func (c *converter) pairs(to reflect.Value, reply any) error {
	keys, values, ok := pairsOf(reply)
	if !ok {
		return mismatch(reply, to.Type())
	}
	if to.Kind() == reflect.Struct {
		return c.fields(to, keys, values)
	}
	all := reflect.MakeMapWithSize(to.Type(), len(keys))
	for i := range keys {
		k, v := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		if err := c.set(k, keys[i]); err != nil {
			return err
		}
		if !k.Comparable() {
			return mismatch(keys[i], to.Type().Key())
		}
		if err := c.set(v, values[i]); err != nil {
			return err
		}
		all.SetMapIndex(k, v)
	}
	to.Set(all)
	return nil
}

// pairsOf finds keys and values in a reply of one of the forms that servers have.
func pairsOf(reply any) (keys, values []any, ok bool) {
	switch reply := reply.(type) {
	case map[any]any:
		for _, k := range sortedKeys(reply) {
			keys, values = append(keys, k), append(values, reply[k])
		}
		return keys, values, true
	case []any:
		for _, item := range reply {
			p, isPair := item.([]any)
			if !isPair || len(p) != 2 {
				return inTurn(reply)
			}
			keys, values = append(keys, p[0]), append(values, p[1])
		}
		return keys, values, true
	default:
		return nil, nil, false
	}
}

func inTurn(reply []any) (keys, values []any, ok bool) {
	if len(reply)%2 != 0 {
		return nil, nil, false
	}
	for i := 0; i < len(reply); i += 2 {
		keys, values = append(keys, reply[i]), append(values, reply[i+1])
	}
	return keys, values, true
}

// fields sets the fields of a struct whose tags are among the keys.
func (c *converter) fields(to reflect.Value, keys, values []any) error {
	set := 0
	for i := range to.NumField() {
		field := to.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("redis"), ",")
		if name == "" || name == "-" || !field.IsExported() {
			continue
		}
		for j, k := range keys {
			if k != any(name) {
				continue
			}
			if err := c.set(to.Field(i), values[j]); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
			set++
		}
	}
	if c.depth == 1 {
		c.none = set == 0
	}
	return nil
}
