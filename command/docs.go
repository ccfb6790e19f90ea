package command

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// The replies of COMMAND DOCS and COMMAND contain maps in RESP3, and flat lists of names
// and values in RESP2. Modules and forks write some of them, so unexpected parts are
// skipped and the depth is bounded.

// errDocs reports a reply that does not have the form of COMMAND DOCS.
var errDocs = errors.New("not a reply of COMMAND DOCS")

// pair is a name and its value in a reply.
type pair struct {
	name  string
	value any
}

// pairs returns the names and values in a reply. Those of a map are sorted by name.
func pairs(reply any) ([]pair, bool) {
	switch reply := reply.(type) {
	case map[any]any:
		found := make([]pair, 0, len(reply))
		for k, v := range reply {
			if name, ok := k.(string); ok {
				found = append(found, pair{name, v})
			}
		}
		slices.SortFunc(found, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
		return found, true
	case []any:
		if len(reply)%2 != 0 {
			return nil, false
		}
		found := make([]pair, 0, len(reply)/2)
		for i := 0; i < len(reply); i += 2 {
			name, ok := reply[i].(string)
			if !ok {
				return nil, false
			}
			found = append(found, pair{name, reply[i+1]})
		}
		return found, true
	default:
		return nil, false
	}
}

func textIn(reply any) string { s, _ := reply.(string); return s }

// intIn returns a number in a reply, or 0 for one that is too large for a
// specification.
func intIn(reply any) int {
	n, _ := reply.(int64)
	if n < -maxNumber || n > maxNumber {
		return 0
	}
	return int(n)
}

// textsIn returns the texts of a list.
func textsIn(reply any) (texts []string) {
	list, _ := reply.([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// parseDocs parses the reply of COMMAND DOCS.
func parseDocs(reply any) ([]*Command, error) {
	rows, ok := pairs(reply)
	if !ok || len(rows) == 0 {
		return nil, errDocs
	}
	var all []*Command
	for _, row := range rows {
		fields, ok := pairs(row.value)
		if !ok {
			return nil, errDocs
		}
		all = appendDocs(all, row.name, fields, 0)
	}
	return all, nil
}

// appendDocs appends a command and its subcommands.
func appendDocs(all []*Command, name string, fields []pair, depth int) []*Command {
	c := &Command{id: strings.ToLower(name)}
	all = append(all, c)
	for _, f := range fields {
		switch f.name {
		case "summary":
			c.Summary = textIn(f.value)
		case "since":
			c.Since = textIn(f.value)
		case "group":
			c.Group = textIn(f.value)
		case "complexity":
			c.Complexity = textIn(f.value)
		case "deprecated_since":
			c.Deprecated = textIn(f.value)
		case "replaced_by":
			c.ReplacedBy = textIn(f.value)
		case "history":
			c.History = parseHistory(f.value)
		case "arguments":
			c.Args = parseArgs(f.value, 0)
		case "subcommands":
			subs, _ := pairs(f.value)
			for _, sub := range subs {
				inner, ok := pairs(sub.value)
				if ok && depth == 0 {
					all = appendDocs(all, sub.name, inner, 1)
				}
			}
		}
	}
	return all
}

// parseHistory parses pairs of a version and a sentence. Some servers send a list of
// pairs, others one flat list.
func parseHistory(reply any) (events []Event) {
	list, _ := reply.([]any)
	for _, v := range list {
		if p := textsIn(v); len(p) == 2 {
			events = append(events, Event{p[0], p[1]})
		}
	}
	if flat, ok := pairs(reply); ok && len(events) == 0 {
		for _, p := range flat {
			events = append(events, Event{p.name, textIn(p.value)})
		}
	}
	return events
}

// parseArgs parses a grammar.
func parseArgs(reply any, depth int) []Arg {
	list, _ := reply.([]any)
	if depth > maxDepth || len(list) == 0 {
		return nil
	}
	args := make([]Arg, 0, len(list))
	for _, v := range list {
		fields, ok := pairs(v)
		if !ok {
			continue
		}
		a := Arg{KeySpec: -1}
		for _, f := range fields {
			switch f.name {
			case "name":
				a.Name = textIn(f.value)
			case "type":
				a.Type = textIn(f.value)
			case "token":
				a.Token = textIn(f.value)
			case "display_text":
				a.Display = textIn(f.value)
			case "summary":
				a.Summary = textIn(f.value)
			case "since":
				a.Since = textIn(f.value)
			case "deprecated_since":
				a.Deprecated = textIn(f.value)
			case "key_spec_index":
				a.KeySpec = intIn(f.value)
			case "arguments":
				a.Args = parseArgs(f.value, depth+1)
			case "flags":
				flags := textsIn(f.value)
				a.Optional = slices.Contains(flags, "optional")
				a.Multiple = slices.Contains(flags, "multiple")
				a.MultipleToken = slices.Contains(flags, "multiple_token")
			}
		}
		args = append(args, a)
	}
	return args
}
