package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/desir-go/desir/command"
)

// completionCmd prints a completion script for a shell.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help returns the text that follows the flags.
func (completionCmd) Help() string {
	return `Load the script when the shell starts:

  bash: in ~/.bashrc: source <(desir completion bash)
  zsh:  in ~/.zshrc, after compinit: source <(desir completion zsh)
  fish: run once: desir completion fish >~/.config/fish/completions/desir.fish`
}

// completeArg is the hidden command that the scripts call.
const completeArg = "__complete"

// scripts call the tool itself, so they work with every version of it.
var scripts = map[string]string{
	"bash": `_desir() {
  local IFS=$'\n'
  COMPREPLY=($(desir __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _desir desir
`,
	"zsh": `#compdef desir
_desir() {
  local -a found
  found=(${(f)"$(desir __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} )); then compadd -a found; else _files; fi
}
compdef _desir desir
`,
	"fish": `complete -c desir -f -a '(set -l words (commandline -opc) (commandline -ct); desir __complete $words[2..-1] 2>/dev/null)'
`,
}

// Run is "desir completion".
func (c *completionCmd) Run(s streams) error {
	_, err := io.WriteString(s.out, scripts[c.Shell])
	return err
}

// complete prints the completions of the last word, one per line.
func complete(out io.Writer, app *kong.Node, words []string) error {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, name := range candidates(app, words[:len(words)-1], strings.HasPrefix(last, "-")) {
		if !strings.HasPrefix(name, last) {
			continue
		}
		if _, err := fmt.Fprintln(out, name); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns what can follow words: flags, or subcommands and values.
func candidates(node *kong.Node, words []string, flags bool) (names []string) {
	values := 0
	for i := 0; i < len(words); i++ {
		if strings.HasPrefix(words[i], "-") {
			f := flagOf(node, words[i])
			if f != nil && !f.IsBool() {
				i++ // its value
			}
			if i == len(words) {
				return valuesOf(f.Value)
			}
			continue
		}
		if child := childOf(node, words[i]); child != nil {
			node = child
		} else {
			values++
		}
	}
	switch {
	case flags:
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				names = append(names, "--"+f.Name)
			}
		}
	case !node.Leaf():
		for _, child := range node.Children {
			if !child.Hidden {
				names = append(names, child.Name)
			}
		}
	case values == 0 && (node.Name == "do" || node.Name == "help"):
		for c := range command.Builtin().All() {
			if !strings.Contains(c.Name, " ") {
				names = append(names, strings.ToLower(c.Name))
			}
		}
	case values < len(node.Positional):
		names = valuesOf(node.Positional[values])
	}
	return names
}

// valuesOf returns the values that a flag or an argument can have, if they are few.
func valuesOf(v *kong.Value) []string {
	return slices.DeleteFunc(v.EnumSlice(), func(name string) bool { return name == "" })
}

// flagOf returns the flag that a word names; the word contains no value.
func flagOf(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

// childOf returns the subcommand that a word names.
func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			return child
		}
	}
	return nil
}
