// Package oneline makes external text (names, replies of servers, error texts of
// handlers) safe for one line of an error or a log.
//
// External text may contain line feeds, which forge lines of a log; escape sequences,
// which a terminal executes; characters that hide or reorder others; and bytes that are
// not UTF-8. It may be very long. The results of this package contain none of these, and
// are short. [Text] and [Line] return a result of this package unchanged, if it is not
// longer than their limit.
package oneline

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits in bytes. With these limits every error of the library is shorter than 1 KiB.
const (
	Name    = 200 // a key, a field, a method
	Short   = 100 // a part of an error that has several: an operation, a worker
	Message = 400 // the text of a cause
	Chain   = 600 // the text of a cause that has causes itself
)

// Text returns s if it is plain (printable UTF-8), does not begin or end with a space,
// and has at most limit bytes. Otherwise it returns s in quotes, escaped as in Go, cut
// after limit bytes and followed by its length if it was cut: "abc…" (1048576 bytes).
func Text(s string, limit int) string {
	if len(s) <= limit && Plain(s) && strings.TrimSpace(s) == s {
		return s
	}
	return Quote(s, limit)
}

// Quote returns s quoted as Go quotes it, and cut as Text cuts it.
func Quote(s string, limit int) string {
	q, cut := escape(s, limit, `"`)
	if cut {
		return `"` + q + `…" (` + strconv.Itoa(len(s)) + " bytes)"
	}
	return `"` + q + `"`
}

// Line returns the text of an error on one line, cut as Text cuts it. Unlike Text, it
// does not add quotes, because the text of an error has quotes inside. A line feed, with
// which [errors.Join] separates errors, becomes "; ". Other characters that are not
// printable are escaped.
func Line(s string, limit int) string {
	if len(s) <= limit && Plain(s) {
		return s
	}
	q, cut := escape(s, limit, "")
	if cut {
		return q + "… (" + strconv.Itoa(len(s)) + " bytes)"
	}
	return q
}

// Plain reports whether every rune of s is printable and visible.
func Plain(s string) bool {
	for i, r := range s {
		if !visible(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return false
		}
	}
	return true
}

// visible reports whether r is printed as a character or as a mark on one.
// [strconv.IsPrint] excludes control and format characters, including those that change
// the direction of text. visible also excludes letters without a visible form.
func visible(r rune) bool {
	return r < utf8.RuneSelf && r >= ' ' && r < 0x7f ||
		r >= utf8.RuneSelf && strconv.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// escape returns the beginning of s, escaped, in at most limit bytes, and whether s was
// cut. If quote is not empty, quotes and backslashes are escaped too. If it is empty, a
// line feed becomes "; ".
func escape(s string, limit int, quote string) (escaped string, cut bool) {
	b := make([]byte, 0, min(limit, 2*len(s)))
	for i, width := 0, 0; i < len(s); i += width {
		var r rune
		r, width = utf8.DecodeRuneInString(s[i:])
		before := len(b)
		switch {
		case r == utf8.RuneError && width == 1:
			b = append(b, `\x`...)
			b = append(b, "0123456789abcdef"[s[i]>>4], "0123456789abcdef"[s[i]&15])
		case quote == "" && r == '\n':
			b = append(b, "; "...)
		case !visible(r) || quote != "" && (r == '"' || r == '\\'):
			q := strconv.AppendQuoteRuneToASCII(nil, r)
			if r == '"' {
				q = []byte(`'\"'`)
			}
			b = append(b, q[1:len(q)-1]...)
		default:
			b = utf8.AppendRune(b, r)
		}
		if len(b) > limit {
			return string(b[:before]), true
		}
	}
	return string(b), false
}
