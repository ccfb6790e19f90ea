package command

import (
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// texts appends the texts of args to words. It does not copy a []byte, so the caller
// must not keep the texts.
func (c *Command) texts(words []string, args []any) ([]string, error) {
	for i, a := range args {
		text, ok := textOf(a)
		if !ok {
			return nil, &ArgError{Command: c.Name, Pos: i, Want: "a string, a []byte, a number or a bool", Usage: c.Usage()}
		}
		words = append(words, text)
	}
	return words, nil
}

// textOf returns the text of an argument as it is sent. It returns false for types
// without an unambiguous text, such as time.Duration, whose unit is not known.
func textOf(a any) (string, bool) {
	switch a := a.(type) {
	case string:
		return a, true
	case []byte:
		return unsafe.String(unsafe.SliceData(a), len(a)), true
	case int:
		return strconv.Itoa(a), true
	case int64:
		return strconv.FormatInt(a, 10), true
	case float64:
		return strconv.FormatFloat(a, 'f', -1, 64), true
	case nil:
		return "", false
	}
	v := reflect.ValueOf(a)
	if v.Type().PkgPath() == "time" {
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Bool:
		if v.Bool() {
			return "1", true
		}
		return "0", true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), true
	case reflect.Float32:
		return strconv.FormatFloat(v.Float(), 'f', -1, 32), true
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64), true
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes()), true
		}
	}
	return "", false
}

// fits reports whether a word is valid for a scalar's type. The server accepts more
// than its table says in three places: a score bound can be exclusive, an offset of
// BITFIELD can count elements, and a cursor is an unsigned 64-bit number.
func fits(a *Arg, word string) bool {
	switch a.Type {
	case "integer", "unix-time":
		if a.Name == "offset" {
			word = strings.TrimPrefix(word, "#")
		}
		return isInteger(word)
	case "double":
		if a.Name == "min" || a.Name == "max" {
			word = strings.TrimPrefix(word, "(")
		}
		return isDouble(word)
	default:
		return true
	}
}

// isInteger reports whether the server parses word as an integer: decimal digits with
// an optional minus sign and without leading zeros.
func isInteger(word string) bool {
	digits := strings.TrimPrefix(word, "-")
	if digits == "" || len(digits) > len("18446744073709551615") || digits[0] == '0' && len(word) > 1 {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// isDouble reports whether the server parses word as a floating-point number.
func isDouble(word string) bool {
	if isInteger(word) {
		return true
	}
	if strings.Contains(word, "_") || strings.EqualFold(strings.TrimLeft(word, "+-"), "nan") {
		return false
	}
	_, err := strconv.ParseFloat(word, 64)
	return err == nil || strings.Contains(err.Error(), "range")
}

// wanted describes the value of a scalar for error texts.
func wanted(a *Arg) string {
	kind := map[string]string{"integer": "an integer", "double": "a number", "unix-time": "a time in Unix seconds or milliseconds", "key": "a key"}[a.Type]
	if kind == "" {
		return a.display()
	}
	switch {
	case a.Token != "":
		return kind + " for " + a.Token
	case a.Type == a.display():
		return kind // not "a key for key"
	default:
		return kind + " for " + a.display()
	}
}

// older reports whether version a is lower than version b. A text that is not a version
// is not lower than any version.
func older(a, b string) bool {
	if b == "" {
		return false
	}
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		if i < len(bs) {
			y, _ = strconv.Atoi(bs[i])
		}
		if x != y {
			return x < y
		}
	}
	return false
}
