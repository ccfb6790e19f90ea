package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/cmdline"
)

// word is a word of a line that is being typed; its quotes may still be open.
type word struct {
	from, to int    // its position in the line, in bytes
	text     string // its value
	open     byte   // the open quote, or 0
}

// wordsOf splits a line as [cmdline.Split] does, but accepts open quotes.
func wordsOf(line string) (all []word) {
	for i := 0; i < len(line); {
		if isSeparator(line[i]) {
			i++
			continue
		}
		w := word{from: i}
		for ; i < len(line) && (w.open != 0 || !endsWord(line[i])); i++ {
			switch c := line[i]; {
			case w.open == 0 && (c == '"' || c == '\''):
				w.open = c
			case w.open != 0 && c == '\\' && i+1 < len(line) && (w.open == '"' || line[i+1] == '\''):
				i++
			case c == w.open:
				w.open = 0
			}
		}
		w.to = i
		w.text = unquote(line[w.from:w.to], w.open)
		all = append(all, w)
	}
	return all
}

// isSeparator and endsWord report whether there may be a character between words, and
// whether it ends one: two of the old ones are taken for letters in the middle of a word.
func isSeparator(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func endsWord(c byte) bool { return isSeparator(c) && c != '\v' && c != '\f' }

// unquote returns the value of a word, with an open quote closed.
func unquote(raw string, open byte) string {
	if open != 0 {
		raw = strings.TrimSuffix(raw, `\`) + string(open)
	}
	if words, err := cmdline.Split(raw); err == nil && len(words) == 1 {
		return words[0]
	}
	return raw
}

// wordTexts returns the values of words.
func wordTexts(all []word) []string {
	out := make([]string, len(all))
	for i, w := range all {
		out[i] = w.text
	}
	return out
}

// extended returns a typed word with more text appended, quoted as needed. It returns
// false if the open quotes cannot hold the text.
func (w word) extended(raw, more string) (string, bool) {
	switch w.open {
	case '\'':
		return raw + strings.ReplaceAll(more, "'", `\'`) + "'", printable(more) && !strings.Contains(more, `\`)
	case '"':
		return raw + escaped(more) + `"`, true
	}
	if printable(more) && !strings.ContainsAny(more, " \"'") && raw+more != "" {
		return raw + more, true
	}
	return raw + `"` + escaped(more) + `"`, raw == "" || !strings.ContainsAny(raw[len(raw)-1:], `"'`)
}

// escaped escapes a text for double quotes, so that [cmdline.Split] reads it back.
func escaped(text string) string {
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			for i := range n {
				fmt.Fprintf(&b, `\x%02x`, text[i])
			}
		default:
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}
