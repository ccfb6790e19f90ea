package command

import "slices"

// correct corrects a grammar where the server accepts more than its table says. It runs
// for every table, so [Builtin], [Load] and [Spec.UnmarshalText] agree. TestCorrections
// tries each correction against a server; docs/design/0017-command.md lists them.
func (c *Command) correct() {
	for i := range c.Args {
		if a := &c.Args[i]; a.Type == "integer" && (a.Token == "WEIGHTS" || c.id == "zincrby") {
			a.Type = "double"
		}
	}
	switch c.id {
	case "expire", "pexpire", "expireat", "pexpireat":
		c.splitCondition()
	case "pfmerge":
		if last := len(c.Args) - 1; last == 1 && c.Args[last].Multiple {
			c.Args[last].Optional = true
		}
	case "bitfield":
		c.freeOverflow()
	}
}

// splitCondition allows XX together with GT or LT. A rule refuses NX with them.
func (c *Command) splitCondition() {
	for i, a := range c.Args {
		if a.Type != "oneof" || len(a.Args) != 4 || a.Args[0].Token != "NX" || a.Args[1].Token != "XX" {
			continue
		}
		c.Args[i].Args = slices.Clone(a.Args[:2])
		a.Name, a.Args = "comparison", slices.Clone(a.Args[2:])
		c.Args = slices.Insert(c.Args, i+1, a)
		return
	}
}

// freeOverflow makes OVERFLOW a separate operation, which applies to the operations
// after it.
func (c *Command) freeOverflow() {
	for i := range c.Args {
		all := c.Args[i].Args
		for j, w := range all {
			if w.Type != "block" || len(w.Args) != 2 || w.Args[0].Token != "OVERFLOW" {
				continue
			}
			w.Args[0].Optional = false
			c.Args[i].Args = slices.Concat(all[:j], w.Args[:1], w.Args[1].Args, all[j+1:])
			return
		}
	}
}
