package command

import (
	"fmt"
	"strings"
)

const (
	terminal  = 80 // default number of columns
	narrowest = 40
)

// Help returns a description of the command, wrapped at 80 columns: summary, usage,
// each argument with its type and whether it is optional or repeatable, complexity,
// versions, replacement and subcommands. Summaries and history are missing in the
// built-in table; [Load] returns a table that has them.
func (c *Command) Help() string { return c.HelpWidth(terminal) }

// HelpWidth is [Command.Help] wrapped at the given number of columns, at least 40.
func (c *Command) HelpWidth(columns int) string {
	h := helpWriter{columns: max(columns, narrowest)}
	h.paragraph("", c.Usage(), 4)
	if c.Summary != "" {
		h.blankLine()
		h.paragraph("", c.Summary, 0)
	}
	if c.Deprecated != "" {
		h.blankLine()
		text := "deprecated since " + c.Deprecated
		if c.ReplacedBy != "" {
			text += ", replaced by " + strings.ReplaceAll(c.ReplacedBy, "`", "")
		}
		h.paragraph("", text, 0)
	}
	if len(c.Args) > 0 {
		h.section("arguments")
		h.args(c.Args, 1)
	}
	if len(c.Subcommands) > 0 {
		h.section("subcommands")
		for _, s := range c.Subcommands {
			h.row(1, s.Name, s.Summary)
		}
	}
	h.section("facts")
	for _, f := range [][2]string{
		{"group", c.Group},
		{"since", c.Since},
		{"complexity", c.Complexity},
		{"flags", strings.Join(c.Flags, " ")},
		{"categories", strings.Join(c.Categories, " ")},
	} {
		if f[1] != "" {
			h.row(1, f[0], f[1])
		}
	}
	if len(c.History) > 0 {
		h.section("history")
		for _, e := range c.History {
			h.row(1, e.Version, strings.ReplaceAll(e.Text, "`", ""))
		}
	}
	return h.b.String()
}

// helpWriter writes lines that fit into the terminal, except for single longer words.
type helpWriter struct {
	b       strings.Builder
	columns int
}

const (
	indent = 2  // columns per level
	column = 16 // start of the second column, relative to the level
)

func (h *helpWriter) blankLine() { h.b.WriteByte('\n') }

func (h *helpWriter) section(title string) {
	h.blankLine()
	h.b.WriteString(title + ":\n")
}

// row writes a word and a text next to it.
func (h *helpWriter) row(level int, word, text string) {
	lead := strings.Repeat(" ", level*indent) + fmt.Sprintf("%-*s", column, word)
	hanging := level*indent + column
	if text == "" || len(lead) > hanging && len(lead)+1+len(text) > h.columns {
		h.b.WriteString(strings.TrimRight(lead, " ") + "\n")
		lead = strings.Repeat(" ", hanging)
	}
	if text != "" {
		h.paragraph(lead, text, hanging+1)
	}
}

// paragraph writes a text after lead and indents its further lines.
func (h *helpWriter) paragraph(lead, text string, hanging int) {
	line := lead
	used := false // the line contains a word of the text
	for word := range strings.FieldsSeq(text) {
		if used && len(line)+1+len(word) > h.columns {
			h.b.WriteString(line + "\n")
			line, used = strings.Repeat(" ", hanging), false
		}
		if used || lead != "" && line == lead {
			line += " "
		}
		line += word
		used = true
	}
	h.b.WriteString(line + "\n")
}

// args writes the elements of a grammar; nested elements are one level deeper.
func (h *helpWriter) args(args []Arg, level int) {
	for i := range args {
		a := &args[i]
		h.row(level, a.label(), strings.Join(a.remarks(), ", "))
		if a.Summary != "" {
			h.row(level, "", a.Summary)
		}
		if len(a.Args) > 0 {
			h.args(a.Args, level+1)
		}
	}
}

// label returns a short form of an element's usage.
func (a *Arg) label() string {
	switch {
	case a.Type == "pure-token":
		return a.usageBody()
	case a.Token != "" && len(a.Args) == 0:
		return a.Token + " " + a.display()
	case a.Token != "":
		return a.Token
	default:
		return a.display()
	}
}

// remarks describe the type and the properties of an element.
func (a *Arg) remarks() []string {
	kind := a.Type
	switch a.Type {
	case "pure-token":
		kind = "keyword"
	case "oneof":
		kind = "one of"
	case "block":
		kind = "together"
	}
	remarks := []string{kind}
	if a.Optional {
		remarks = append(remarks, "optional")
	}
	switch {
	case a.MultipleToken:
		remarks = append(remarks, "repeatable with "+a.Token)
	case a.Multiple:
		remarks = append(remarks, "repeatable")
	}
	if a.Since != "" {
		remarks = append(remarks, "since "+a.Since)
	}
	if a.Deprecated != "" {
		remarks = append(remarks, "deprecated since "+a.Deprecated)
	}
	return remarks
}
