package command

import (
	"errors"
	"strconv"
	"strings"
)

// errQuotes says that a line's quotes are not closed, or that a closing one has something behind it.
var errQuotes = errors.New("unbalanced quotes in the line")

// Words splits a line into words as redis-cli does. Spaces separate them. In double
// quotes \n, \r, \t, \b, \a and \xHH are the bytes they stand for, and any other
// character behind a backslash is itself; in single quotes only \' is special. A word may
// have quoted parts; behind a closing quote it ends. Quotes that are not closed are an error.
func Words(line string) ([]string, error) {
	words := []string{}
	for {
		line = strings.TrimLeft(line, " \t\n\v\f\r")
		if line == "" {
			return words, nil
		}
		word, left, ok := cutWord(line)
		if !ok {
			return nil, errQuotes
		}
		words = append(words, word)
		line = left
	}
}

// cutWord takes the word that a line begins with.
func cutWord(line string) (word, left string, ok bool) {
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

// unquote appends the quoted text that s begins with and returns its length with
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

// escaped appends what an escape sequence stands for and returns its length.
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
