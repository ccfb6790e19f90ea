// Package oneline makes text that the library did not write safe for one line
// of an error or of a log: names, replies of servers, texts of handlers.
//
// Such text may hold line feeds, which forge lines of a log, escape sequences,
// which a terminal obeys, characters that hide or reorder others, bytes that
// are not UTF-8, and megabytes. What the package returns holds none of these.
// Text that it has made safe passes a second time unchanged.
package oneline

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits in bytes. With them every error of the library has less than 1 KiB.
const (
	Name    = 200 // a key, a field, a method
	Short   = 100 // a word of an error that has several: an operation, a worker
	Message = 400 // the text of a cause
	Chain   = 600 // the text of a cause that has causes of its own
)

// Text returns s if it is plain: printable, UTF-8, without space at an end, and of
// at most limit bytes. Otherwise s is quoted as Go quotes it, and cut after
// limit bytes with its length behind: "abc…" (1048576 bytes).
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

// Line returns s, the text of an error, on one line, cut as Text cuts it. Unlike
// Text it does not quote the whole, since the text of an error has quotes
// inside: a line feed, which [errors.Join] puts between errors, becomes "; ", and
// what else is not printable is escaped.
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

// Plain reports whether every rune of s can be printed and seen.
func Plain(s string) bool {
	for i, r := range s {
		if !visible(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return false
		}
	}
	return true
}

// visible reports whether r is printed as a character of its own or as a mark
// on one. [strconv.IsPrint] excludes control and format characters, which
// includes those that change the direction of text; some letters have no
// visible form either.
func visible(r rune) bool {
	return r < utf8.RuneSelf && r >= ' ' && r < 0x7f ||
		r >= utf8.RuneSelf && strconv.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// escape returns the beginning of s, escaped, in at most limit bytes, and
// whether something is left of it. With a quote, that and the backslash are
// escaped too; without, a line feed is "; ".
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
