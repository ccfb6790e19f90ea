package command

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/cmdline"
)

// Reply is the server's reply to a command.
type Reply struct{ value any }

// IsNil reports whether the server replied nil.
func (r Reply) IsNil() bool { return r.value == nil }

// Value returns the reply as a Go value: nil, string, int64, float64, bool, *big.Int,
// an error for an error inside a list, []any, or map[any]any. Maps occur only if the
// connection uses RESP3; in RESP2 a map is a flat list of alternating keys and values.
func (r Reply) Value() any { return r.value }

// String returns the reply as text in the format of redis-cli. List elements are
// numbered, text in them is quoted, and numbers are marked with their type. Maps are
// sorted by key. A single text is returned unchanged if it is printable, and quoted
// otherwise.
func (r Reply) String() string {
	if text, ok := r.value.(string); ok && printable(text) {
		return text
	}
	return strings.Join(lines(r.value), "\n")
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return c != '\n' && c != '\r' && c != '\t' && !strconv.IsPrint(c)
	})
}

// lines returns the lines of a formatted value.
func lines(value any) []string {
	switch v := value.(type) {
	case nil:
		return []string{"(nil)"}
	case string:
		return []string{cmdline.Quote(v)}
	case int64:
		return []string{"(integer) " + strconv.FormatInt(v, 10)}
	case float64:
		return []string{"(double) " + doubleText(v)}
	case bool:
		return []string{"(" + strconv.FormatBool(v) + ")"}
	case error:
		return []string{"(error) " + v.Error()}
	case []any:
		if len(v) == 0 {
			return []string{"(empty array)"}
		}
		return numbered(len(v), ") ", func(i int) []string { return lines(v[i]) })
	case map[any]any:
		if len(v) == 0 {
			return []string{"(empty hash)"}
		}
		keys := sortedKeys(v)
		return numbered(len(keys), "# ", func(i int) []string {
			all := lines(v[keys[i]])
			head := strings.Join(lines(keys[i]), " ") + " => "
			if len(all) > 1 {
				return append([]string{strings.TrimRight(head, " ")}, indented("   ", all)...)
			}
			return []string{head + all[0]}
		})
	default:
		return []string{fmt.Sprint(v)}
	}
}

// numbered numbers the elements of a list and aligns their further lines.
func numbered(n int, mark string, part func(i int) []string) (all []string) {
	width := len(strconv.Itoa(n))
	for i := range n {
		head := fmt.Sprintf("%*d%s", width, i+1, mark)
		for j, line := range part(i) {
			if j > 0 {
				head = strings.Repeat(" ", len(head))
			}
			all = append(all, head+line)
		}
	}
	return all
}

func indented(by string, all []string) []string {
	out := make([]string, len(all))
	for i, line := range all {
		out[i] = by + line
	}
	return out
}

// sortedKeys returns the keys of a map, sorted by their texts and then by their types.
func sortedKeys(m map[any]any) []any {
	keys := make([]any, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b any) int {
		return cmp.Or(strings.Compare(fmt.Sprint(a), fmt.Sprint(b)), strings.Compare(fmt.Sprintf("%T", a), fmt.Sprintf("%T", b)))
	})
	return keys
}

// MarshalJSON encodes the reply as JSON. Text that is not UTF-8 becomes {"base64":
// "…"}, an error inside a list becomes {"error": "…"}, and NaN and the infinities
// become text.
//
// A map becomes an object whose names are the texts of the keys. If a key is not UTF-8,
// or if two keys have the same text (1 and "1"), the map becomes a sorted list of pairs
// instead: [[key, value], …].
func (r Reply) MarshalJSON() ([]byte, error) { return json.Marshal(jsonOf(r.value)) }

func jsonOf(value any) any {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return map[string]string{"base64": base64.StdEncoding.EncodeToString([]byte(v))}
		}
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return doubleText(v)
		}
		return v
	case *big.Int:
		return json.Number(v.String())
	case error:
		return map[string]string{"error": v.Error()}
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = jsonOf(v[i])
		}
		return all
	case map[any]any:
		return jsonOfMap(v)
	default:
		return v
	}
}

// jsonOfMap returns an object, or a list of pairs if an object would lose keys.
func jsonOfMap(m map[any]any) any {
	object, pairs := make(map[string]any, len(m)), make([]any, 0, len(m))
	exact := true
	for _, k := range sortedKeys(m) {
		name, value := fmt.Sprint(k), jsonOf(m[k])
		exact = exact && utf8.ValidString(name)
		object[name] = value
		pairs = append(pairs, []any{jsonOf(k), value})
	}
	if exact && len(object) == len(m) {
		return object
	}
	return pairs
}
