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
// The editor's own command inserts the first rune of a character that has several,
// moves the cursor by columns where the line counts runes, and takes the characters
// from U+0080 to U+00FF for Meta keys, whatever ~/.inputrc says. Its command for
// Ctrl-V drops what was read together with the next key, so here Ctrl-V does nothing:
// control characters are written as \xHH in double quotes.
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

// completeRune inserts the character whose first bytes are all that the editor has
// read: it reads the terminal 1024 bytes at a time, and would drop the bytes of a
// character that two reads share.
//
// The editor shows its unread keys to nobody, hence the reflection.
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
