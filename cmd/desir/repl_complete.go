package main

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/desir-go/desir/command"
)

// complete returns the completions of the last word of a line, and the part of the word
// that they begin with.
func (r *repl) complete(line string) (prefix string, values []string) {
	all, last := wordsOf(line), word{from: len(line), to: len(line)}
	if n := len(all); n > 0 && all[n-1].to == len(line) {
		all, last = all[:n-1], all[n-1]
	}
	raw := line[last.from:]
	names, keys := r.next(all)
	values = last.names(raw, names, isLower(append(all, last)[0].text))
	if keys && !r.state.changed { // the keys are those of the URL's database
		for _, key := range keysLike(context.Background(), r.rdb, last.text, r.wait) {
			if value, ok := last.extended(raw, strings.TrimPrefix(key, last.text)); ok {
				values = append(values, value)
			}
		}
	}
	// The editor counts bytes as characters, so it gets the part after the last non-ASCII one.
	cut := strings.LastIndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf })
	if cut >= 0 {
		_, n := utf8.DecodeRuneInString(raw[cut:])
		cut += n
	}
	cut = max(cut, 0)
	if cut == len(raw) && cut > 0 {
		return "", nil
	}
	for i := range values {
		values[i] = values[i][cut:]
	}
	return raw[cut:], values
}

// names returns the names that begin with the word, in the case of the typed text.
func (w word) names(raw string, names []string, lower bool) (found []string) {
	for _, name := range names {
		if len(name) < len(raw) || !strings.EqualFold(name[:len(raw)], raw) {
			continue
		}
		if lower {
			name = strings.ToLower(name)
		}
		if value := raw + name[len(raw):]; !slices.Contains(found, value) {
			found = append(found, value)
		}
	}
	return found
}

// isLower reports whether text is typed in lower case.
func isLower(text string) bool {
	return text != "" && text == strings.ToLower(text) && text != strings.ToUpper(text)
}

// next returns the names that can follow the words, and whether a key can follow.
func (r *repl) next(all []word) (names []string, keys bool) {
	words := wordTexts(all)
	if len(words) > 0 && strings.EqualFold(words[0], "help") {
		words = words[1:]
		if len(words) > 1 {
			return nil, false
		}
	} else if len(words) == 0 {
		names = []string{"HELP", "EXIT", "QUIT"}
	}
	if len(words) == 0 {
		for c := range r.spec.All() {
			if !strings.Contains(c.Name, " ") {
				names = append(names, c.Name)
			}
		}
		slices.Sort(names)
		return names, false
	}
	c, ok := lookup(r.spec, words[:1])
	if !ok {
		return nil, false
	}
	if len(words) == 1 {
		for _, sub := range c.Subcommands {
			names = append(names, sub.Name[len(c.Name)+1:])
		}
	}
	if len(all) > len(words) { // the line begins with help
		return names, false
	}
	args := make([]any, 0, len(words))
	for _, w := range words[1:] {
		args = append(args, w)
	}
	for _, a := range c.Next(args...) {
		tokens, key := firstTokens(a, words[1:])
		names, keys = append(names, tokens...), keys || key
	}
	return names, keys
}

// firstTokens returns the tokens that an element of a grammar can begin with, and whether
// it can begin with a key, after words.
func firstTokens(a *command.Arg, words []string) (tokens []string, key bool) {
	if a.Token != "" && !isExpected(a, words) {
		return []string{a.Token}, false
	}
	switch a.Type {
	case "oneof", "block":
		for i := range a.Args {
			inner, k := firstTokens(&a.Args[i], words)
			tokens, key = append(tokens, inner...), key || k
			if a.Type == "block" && !a.Args[i].Optional {
				break
			}
		}
	case "key":
		key = true
	}
	return tokens, key
}

// isExpected reports whether the token of an element is typed and its value is not.
func isExpected(a *command.Arg, words []string) bool {
	is := func(w string) bool { return strings.EqualFold(w, a.Token) }
	switch {
	case a.Type == "pure-token" || len(words) == 0:
		return false
	case a.Multiple && !a.MultipleToken:
		return slices.ContainsFunc(words, is)
	default:
		return is(words[len(words)-1])
	}
}

// lookup returns the command that words begin with, or its subcommand.
func lookup(spec *command.Spec, words []string) (*command.Command, bool) {
	for n := min(2, len(words)); n > 0; n-- {
		if c, ok := spec.Lookup(strings.Join(words[:n], " ")); ok && strings.Count(c.Name, " ") == n-1 {
			return c, true
		}
	}
	return nil, false
}

// hint returns the usage of the command that a line begins with.
func (r *repl) hint(line string) string {
	all := wordsOf(line)
	words := wordTexts(all)
	if len(words) == 0 {
		return ""
	}
	if c, ok := lookup(r.spec, words); ok {
		return c.Usage()
	}
	if all[0].to == len(line) || strings.EqualFold(words[0], "help") {
		return ""
	}
	if names := similar(r.spec, words[0]); len(names) > 0 {
		return "unknown command; did you mean " + strings.Join(names, ", ") + "?"
	}
	return "unknown command"
}
