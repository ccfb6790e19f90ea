// Package cmdline splits command lines into words and quotes words, as redis-cli does.
package cmdline

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrQuotes reports a quote that is not closed, or a closing quote that is followed by
// something other than white space.
var ErrQuotes = errors.New("unbalanced quotes in the line")

// Split splits a line into words, which white space separates. In double quotes \n, \r,
// \t, \b, \a and \xHH are the bytes they stand for, and any other character after a
// backslash is itself. In single quotes only \' is an escape. A word can have quoted parts,
// and ends after a closing quote. The error is [ErrQuotes].
func Split(line string) ([]string, error) {
	words := []string{}
	for {
		line = strings.TrimLeft(line, " \t\n\v\f\r")
		if line == "" {
			return words, nil
		}
		word, rest, ok := cutWord(line)
		if !ok {
			return nil, ErrQuotes
		}
		words = append(words, word)
		line = rest
	}
}

// cutWord returns the first word of a line and the rest of the line.
func cutWord(line string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ', '\n', '\r', '\t':
			return b.String(), line[i:], true
		case '"', '\'':
			n, ok := unquote(&b, line[i:])
			if !ok {
				return "", "", false
			}
			return b.String(), line[i+n:], true
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String(), "", true
}

// unquote appends the quoted text at the beginning of s and returns its length including
// the quotes.
func unquote(b *strings.Builder, s string) (int, bool) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return i + 1, i+1 == len(s) || strings.ContainsRune(" \t\n\v\f\r", rune(s[i+1]))
		case quote == '\'' && s[i] == '\\' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case quote == '"' && s[i] == '\\' && i+1 < len(s):
			i += escaped(b, s[i:]) - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return 0, false
}

// escaped appends the byte that an escape sequence stands for and returns its length.
func escaped(b *strings.Builder, s string) int {
	if s[1] == 'x' && len(s) >= 4 {
		if n, err := strconv.ParseUint(s[2:4], 16, 8); err == nil {
			b.WriteByte(byte(n))
			return 4
		}
	}
	if i := strings.IndexByte("nrtba", s[1]); i >= 0 {
		b.WriteByte("\n\r\t\b\a"[i])
	} else {
		b.WriteByte(s[1])
	}
	return 2
}

// Quote returns a text in double quotes as redis-cli writes it. [Split] reads it back.
func Quote(text string) string {
	b := []byte{'"'}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case strings.IndexByte("\n\r\t\b\a", c) >= 0:
			b = append(b, '\\', "nrtba"[strings.IndexByte("\n\r\t\b\a", c)])
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\x%02x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
