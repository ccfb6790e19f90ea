package command

import "strings"

// addInfo adds the rows of COMMAND to the commands that COMMAND DOCS returned. It
// appends commands that COMMAND DOCS did not return.
func addInfo(commands []*Command, reply any) []*Command {
	ids := make(map[string]*Command, len(commands))
	for _, c := range commands {
		ids[c.id] = c
	}
	var add func(reply any, depth int)
	add = func(reply any, depth int) {
		rows, _ := reply.([]any)
		for _, v := range rows {
			row, _ := v.([]any)
			if len(row) < 6 || depth > 1 {
				continue
			}
			id := strings.ToLower(textIn(row[0]))
			c := ids[id]
			if c == nil {
				c = &Command{id: id}
				ids[id] = c
				commands = append(commands, c)
			}
			c.info(row)
			if len(row) > 9 {
				add(row[9], depth+1)
			}
		}
	}
	add(reply, 0)
	return commands
}

// info parses a row of COMMAND: name, arity, flags, first key, last key, step, and
// since version 7.0 categories, tips, key specifications and subcommands.
func (c *Command) info(row []any) {
	c.Arity, c.Flags = intIn(row[1]), textsIn(row[2])
	if len(row) > 6 {
		c.Categories = textsIn(row[6])
	}
	if len(row) > 8 {
		c.Tips = textsIn(row[7])
		specs, _ := row[8].([]any)
		for _, v := range specs {
			if fields, ok := pairs(v); ok {
				c.KeySpecs = append(c.KeySpecs, parseKeySpec(fields))
			}
		}
	}
	if first := intIn(row[3]); first > 0 && len(c.KeySpecs) == 0 {
		last := intIn(row[4])
		if last > 0 {
			last -= first
		}
		c.KeySpecs = []KeySpec{{Begin: "index", Index: first, Find: "range", LastKey: last, Step: intIn(row[5])}}
	}
}

// parseKeySpec parses one key specification.
func parseKeySpec(fields []pair) KeySpec {
	k := KeySpec{Begin: "unknown", Find: "unknown"}
	for _, f := range fields {
		inner, _ := pairs(f.value)
		switch f.name {
		case "flags":
			k.Flags = textsIn(f.value)
		case "begin_search":
			k.Begin = parseStep(inner, map[string]*int{"index": &k.Index, "startfrom": &k.StartFrom}, &k.Keyword)
		case "find_keys":
			k.Find = parseStep(inner, map[string]*int{
				"lastkey": &k.LastKey, "keystep": &k.Step, "limit": &k.Limit, "keynumidx": &k.KeyNum, "firstkey": &k.FirstKey,
			}, nil)
		}
	}
	return k
}

// parseStep parses one step of a key specification and returns its type.
func parseStep(fields []pair, numbers map[string]*int, keyword *string) (kind string) {
	kind = "unknown"
	for _, f := range fields {
		switch f.name {
		case "type":
			kind = textIn(f.value)
		case "spec":
			inner, _ := pairs(f.value)
			for _, p := range inner {
				if n := numbers[p.name]; n != nil {
					*n = intIn(p.value)
				} else if p.name == "keyword" && keyword != nil {
					*keyword = textIn(p.value)
				}
			}
		}
	}
	return kind
}
