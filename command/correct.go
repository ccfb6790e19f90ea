package command

import "slices"

// correct mends a grammar where the server's table knows less than its parser, so
// that [Builtin], [Load] and a table that was kept agree. Each is tried against a server; the
// design page of this package has them as a table.
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

// splitCondition lets XX stand with GT or LT; that NX does not is a rule.
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

// freeOverflow makes OVERFLOW an operation of its own, which holds for those behind it.
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
