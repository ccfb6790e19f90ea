package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/suggest"
)

// helpCmd describes a Redis command.
type helpCmd struct {
	Words []string `arg:"" optional:"" name:"command" help:"A Redis command such as SET or CONFIG GET, or a group or category of commands such as @list or @read. Without it the help of desir is printed."`
}

// Run is "desir help". It uses the table of the server of the URL, or the built-in one
// if the server cannot be reached.
func (c *helpCmd) Run(ctx context.Context, s streams, flags *cli, parsed *kong.Context) error {
	if len(c.Words) == 0 {
		_, err := parsed.Kong.Parse([]string{"--help"})
		return err
	}
	spec := command.Builtin()
	if flags.URL != "" {
		limited, cancel := context.WithTimeout(ctx, loadTimeout)
		defer cancel()
		rdb, _, disconnect, err := connect(limited, flags.URL)
		if err == nil {
			spec = loadSpec(ctx, rdb)
			err = disconnect()
		}
		if err != nil {
			fmt.Fprintf(s.err, "desir: using the built-in table of %s %s: %s\n", spec.Product, spec.Version, harmless(err.Error()))
		}
	}
	return explain(s.out, spec, c.Words)
}

// explain prints the description of the command, or of the group of commands, that
// words name.
func explain(out io.Writer, spec *command.Spec, words []string) error {
	name := strings.Join(words, " ")
	if strings.HasPrefix(name, "@") {
		return explainGroup(out, spec, strings.ToLower(name))
	}
	c, ok := spec.Lookup(name)
	if !ok {
		err := fmt.Errorf("there is no command %s", shown(name))
		if names := similar(spec, name); len(names) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(names, ", "))
		}
		return err
	}
	_, err := io.WriteString(out, harmless(c.HelpWidth(columns(out))))
	return err
}

// explainGroup prints the names and summaries of the commands of a group or category.
func explainGroup(out io.Writer, spec *command.Spec, name string) error {
	const column = 22
	found := false
	for c := range spec.All() {
		if "@"+c.Group != name && !slices.Contains(c.Categories, name) {
			continue
		}
		found = true
		text := c.Summary
		if text == "" {
			text = c.Usage()
		}
		row := []rune(fmt.Sprintf("%-*s %s", column, c.Name, text))
		if width := columns(out); len(row) > width {
			row = append(row[:width-1], '…')
		}
		if _, err := fmt.Fprintln(out, shown(string(row))); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("there is no group or category " + shown(name))
	}
	return nil
}

// similar returns the names of commands that resemble name.
func similar(spec *command.Spec, name string) []string {
	return suggest.Names(name, func(yield func(string) bool) {
		for c := range spec.All() {
			if !yield(c.Name) {
				return
			}
		}
	})
}
