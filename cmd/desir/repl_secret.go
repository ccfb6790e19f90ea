package main

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/desir-go/desir/command"
)

// secrets returns the words of a line that are passwords or may become one. They are
// neither shown nor stored. A misspelt AUTH counts as AUTH.
func secrets(spec *command.Spec, all []word) []word {
	if len(all) < 2 {
		return nil
	}
	if strings.EqualFold(all[0].text, "help") {
		return nil
	}
	_, known := spec.Lookup(all[0].text)
	switch name := strings.ToUpper(all[0].text); {
	case name == "AUTH", !known && slices.Contains(similar(spec, name), "AUTH"):
		return all[1:]
	case name == "HELLO", name == "MIGRATE":
		return wordsAfter(all, "AUTH", "AUTH2")
	case name == "ACL":
		return rules(spec, all)
	case name == "CONFIG", name == "SENTINEL":
		return settings(all)
	}
	return nil
}

// wordsAfter returns the two words after one of the tokens; one of them is a password.
func wordsAfter(all []word, tokens ...string) []word {
	for i, w := range all[1:] {
		if slices.Contains(tokens, strings.ToUpper(w.text)) {
			return all[i+2 : min(i+4, len(all))]
		}
	}
	return nil
}

// rules returns the words after the user's name in ACL SETUSER, or in an unknown
// subcommand of ACL.
func rules(spec *command.Spec, all []word) []word {
	sub := strings.ToUpper(all[1].text)
	if _, known := spec.Lookup("ACL " + sub); known && sub != "SETUSER" {
		return nil
	}
	return all[min(3, len(all)):]
}

// settings returns the words after the names of settings that are passwords.
func settings(all []word) (found []word) {
	if strings.EqualFold(all[1].text, "get") {
		return nil
	}
	for i, w := range all[1 : len(all)-1] {
		name := strings.ToLower(w.text)
		if strings.Contains(name, "pass") || strings.Contains(name, "auth") {
			found = append(found, all[i+2])
		}
	}
	return found
}

// masked returns a line with stars in place of its passwords.
func masked(spec *command.Spec, line string) string {
	var b strings.Builder
	at := 0
	for _, w := range secrets(spec, wordsOf(line)) {
		b.WriteString(line[at:w.from])
		b.WriteString(strings.Repeat("*", utf8.RuneCountInString(line[w.from:w.to])))
		at = w.to
	}
	return b.String() + line[at:]
}
