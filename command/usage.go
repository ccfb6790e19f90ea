package command

import "strings"

// Usage returns the command's usage line: "SET key value [NX | XX] [GET] …". Square
// brackets enclose optional parts, angle brackets a required choice.
func (c *Command) Usage() string {
	var b strings.Builder
	b.WriteString(c.Name)
	for i := range c.Args {
		b.WriteByte(' ')
		c.Args[i].usage(&b)
	}
	if len(c.Args) == 0 && len(c.Subcommands) > 0 {
		if c.Arity >= -1 {
			b.WriteString(" [subcommand …]")
		} else {
			b.WriteString(" subcommand …")
		}
	} else if c.grammarless() {
		b.WriteString(" …")
	}
	return b.String()
}

// usage writes the usage of an element.
func (a *Arg) usage(b *strings.Builder) {
	body := a.usageBody()
	if a.Type == "oneof" && len(a.Args) > 1 && (!a.Optional || a.Token != "" || a.Multiple) {
		body = "<" + body + ">"
	}
	once := body
	if a.Token != "" && a.Type != "pure-token" {
		once = a.Token + " " + body
	}
	text := once
	if a.Multiple {
		more := body
		if a.MultipleToken {
			more = once
		}
		text += " [" + more + " ...]"
	}
	if a.Optional {
		text = "[" + text + "]"
	}
	b.WriteString(text)
}

// usageBody returns the usage of an element without its token and brackets.
func (a *Arg) usageBody() string {
	switch a.Type {
	case "pure-token":
		if a.Token == "" {
			return `""`
		}
		return a.Token
	case "oneof", "block":
		parts := make([]string, len(a.Args))
		for i := range a.Args {
			var b strings.Builder
			a.Args[i].usage(&b)
			parts[i] = b.String()
		}
		if a.Type == "oneof" {
			return strings.Join(parts, " | ")
		}
		return strings.Join(parts, " ")
	default:
		return a.display()
	}
}

// display returns the placeholder for a value.
func (a *Arg) display() string {
	if a.Display != "" {
		return a.Display
	}
	return a.Name
}

// name returns the name of an element in error texts: its token, or its placeholder.
func (a *Arg) name() string {
	if a.Token != "" {
		return a.Token
	}
	return a.display()
}

// opening describes the words that an element can begin with.
func (a *Arg) opening() string {
	switch {
	case a.Token != "":
		return a.Token
	case a.Type == "pure-token":
		return `""`
	case a.Type == "oneof":
		parts := make([]string, len(a.Args))
		for i := range a.Args {
			parts[i] = a.Args[i].opening()
		}
		return strings.Join(parts, ", ")
	case a.Type == "block" && len(a.Args) > 0:
		return a.Args[0].opening()
	default:
		return wanted(a)
	}
}
