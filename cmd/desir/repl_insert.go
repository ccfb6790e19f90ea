package main

import (
	"os"
	"reflect"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/reeflective/readline"
)

// insertAsTyped makes the editor insert every printable character as it was typed.
//
// The editor's own command inserts only the first rune of a character with several,
// moves the cursor by columns where the line counts runes, and interprets the
// characters from U+0080 to U+00FF as Meta keys, regardless of ~/.inputrc. Its command
// for Ctrl-V loses the input that was read together with the next key, so Ctrl-V does
// nothing here; control characters are written as \xHH in double quotes.
func insertAsTyped(shell *readline.Shell) {
	_ = shell.Config.Set("convert-meta", false)
	shell.Keymap.Register(map[string]func(){
		"self-insert": func() {
			shell.History.SkipSave()
			keys := slices.DeleteFunc(slices.Clone(shell.Keys.Caller()), unicode.IsControl)
			shell.Cursor().InsertAt(keys...)
		},
		"quoted-insert": func() {},
	})
}

// completeRune inserts a character of which the editor has read only the first bytes.
// The editor reads the terminal 1024 bytes at a time and would lose a character that
// two reads share.
//
// The editor does not export its unread keys, so completeRune uses reflection.
func completeRune(shell *readline.Shell) {
	buf := reflect.ValueOf(shell.Keys).Elem().FieldByName("buf")
	if shell.Keys.Empty() || buf.Kind() != reflect.Slice {
		return
	}
	char := slices.Clone(buf.Bytes())
	if utf8.FullRune(char) {
		return
	}
	for range char {
		shell.Keys.Pop()
	}
	for !utf8.FullRune(char) {
		var next [1]byte
		if n, err := os.Stdin.Read(next[:]); n == 0 || err != nil {
			return
		}
		char = append(char, next[0])
	}
	r, n := utf8.DecodeRune(char)
	if r != utf8.RuneError {
		shell.Cursor().InsertAt(r)
	}
	shell.Keys.Feed(true, []rune(string(char[n:]))...)
}
