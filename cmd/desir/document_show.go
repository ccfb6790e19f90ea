package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// appendJSON appends a document as JSON on one line, with everything escaped that a
// terminal could interpret. Numbers are exact; floats have a point or an exponent.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case float32:
		return appendTagged(dst, tagFloat32, func(dst []byte) []byte { return appendFloat(dst, float64(v), 32) })
	case float64:
		if text, odd := notInJSON(v); odd {
			return appendTagged(dst, tagFloat, func(dst []byte) []byte { return appendText(dst, text) })
		}
		return appendFloat(dst, v, 64)
	case string:
		if !utf8.ValidString(v) {
			return appendTagged(dst, tagString, func(dst []byte) []byte { return appendBase64(dst, []byte(v)) })
		}
		return appendText(dst, v)
	case []byte:
		if !utf8.Valid(v) {
			return appendTagged(dst, tagBase64, func(dst []byte) []byte { return appendBase64(dst, v) })
		}
		return appendTagged(dst, tagBytes, func(dst []byte) []byte { return appendText(dst, string(v)) })
	case time.Time:
		return appendTagged(dst, tagTime, func(dst []byte) []byte { return appendText(dst, v.Format(time.RFC3339Nano)) })
	case extension:
		return appendTagged(dst, tagExt, func(dst []byte) []byte {
			return appendJSON(dst, []any{int64(v.id), base64.StdEncoding.EncodeToString(v.data)})
		})
	case mapping:
		return appendMapping(dst, v)
	}
	dst = append(dst, '[')
	for i, e := range v.([]any) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, e)
	}
	return append(dst, ']')
}

func appendMapping(dst []byte, m mapping) []byte {
	if !m.plain() {
		return appendTagged(dst, tagMap, func(dst []byte) []byte {
			pairs := make([]any, len(m))
			for i, p := range m {
				pairs[i] = []any{p.key, p.value}
			}
			return appendJSON(dst, pairs)
		})
	}
	dst = append(dst, '{')
	for i, p := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, p.key.(string)), ':')
		dst = appendJSON(dst, p.value)
	}
	return append(dst, '}')
}

// plain reports whether a map can be written as a JSON object without ambiguity. A stored
// map may have a key twice.
func (m mapping) plain() bool {
	names := make(map[string]bool, len(m))
	for _, p := range m {
		key, ok := p.key.(string)
		if !ok || !utf8.ValidString(key) || names[key] {
			return false
		}
		names[key] = true
		if _, tag := tags[key]; tag && len(m) == 1 {
			return false
		}
	}
	return true
}

func appendTagged(dst []byte, tag string, value func([]byte) []byte) []byte {
	dst = append(appendText(append(dst, '{'), tag), ':')
	return append(value(dst), '}')
}

func appendBase64(dst, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), data), '"')
}

// appendText appends a JSON string. It escapes all unprintable characters, not only
// those that JSON requires.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r > 0xffff:
			const half = 0x400
			r -= 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+r/half, 0xdc00+r%half)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}

func notInJSON(f float64) (text string, odd bool) {
	switch {
	case math.IsNaN(f):
		return "nan", true
	case math.IsInf(f, 1):
		return "inf", true
	case math.IsInf(f, -1):
		return "-inf", true
	}
	return "", false
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if text, odd := notInJSON(f); odd {
		return appendText(dst, text)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	text := strconv.FormatFloat(f, format, -1, bits)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(dst, text...)
}
