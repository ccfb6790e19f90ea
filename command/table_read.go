package command

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errTable reports a text that is not a table.
var errTable = errors.New("not a table of commands")

// products maps the first word of a table to the name of the server.
var products = map[string]string{"redis": "Redis", "valkey": "Valkey", "dragonfly": "Dragonfly"}

// UnmarshalText replaces s by the table in text, which [Spec.MarshalText] wrote.
func (s *Spec) UnmarshalText(text []byte) error {
	if err := s.read(string(text)); err != nil {
		return fmt.Errorf("command.Spec: %w", err)
	}
	return nil
}

func (s *Spec) read(text string) error {
	r := tableReader{lists: map[string][]string{}, slab: make([]Command, strings.Count(text, "\nc\t"))}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if !r.line(strings.TrimSuffix(line, "\n")) {
			return fmt.Errorf("%w: line %d", errTable, number)
		}
	}
	r.close()
	if r.version == nil {
		return errTable
	}
	*s = *newSpec(r.product, *r.version, r.commands)
	return nil
}

// tableReader reads a table line by line.
type tableReader struct {
	product  string
	version  *string
	commands []*Command
	slab     []Command           // storage for the commands
	lists    map[string][]string // equal lists are shared
	rows     []argRow            // arguments of the current command
}

// argRow is an element that is not yet in the tree.
type argRow struct {
	depth int
	arg   Arg
}

const (
	commandFields = 11
	keyFields     = 12
	argFields     = 10
	maxDepth      = 8       // nesting of a grammar
	maxNumber     = 1 << 30 // absolute value of a number
)

func (r *tableReader) line(line string) bool {
	var buf [keyFields + 1]string
	fields := buf[:0]
	for f := range strings.SplitSeq(line, "\t") {
		if len(fields) == cap(fields) {
			return false
		}
		fields = append(fields, f)
	}
	switch {
	case products[fields[0]] != "" && len(fields) == 2 && r.version == nil:
		version := strings.Clone(fields[1])
		r.product, r.version = products[fields[0]], &version
		return true
	case fields[0] == "c" && len(fields) == commandFields:
		return r.command(fields)
	case fields[0] == "k" && len(fields) == keyFields:
		return r.key(fields)
	case fields[0] == "a" && len(fields) == argFields:
		return r.arg(fields)
	default:
		return false
	}
}

func (r *tableReader) command(f []string) bool {
	r.close()
	if len(r.slab) == 0 {
		return false
	}
	c := &r.slab[0]
	r.slab = r.slab[1:]
	*c = Command{
		id: f[1], Since: f[3], Group: f[4], Complexity: f[5],
		Flags: r.list(f[6]), Categories: r.list(f[7]), Tips: r.list(f[8]), Deprecated: f[9], ReplacedBy: f[10],
	}
	r.commands = append(r.commands, c)
	return numbers(f, 2, &c.Arity)
}

func (r *tableReader) key(f []string) bool {
	if len(r.commands) == 0 {
		return false
	}
	k := KeySpec{Flags: r.list(f[1]), Begin: f[2], Keyword: f[4], Find: f[6]}
	c := r.commands[len(r.commands)-1]
	ok := numbers(f, 3, &k.Index) && numbers(f, 5, &k.StartFrom) && numbers(f, 7, &k.LastKey, &k.Step, &k.Limit, &k.KeyNum, &k.FirstKey)
	c.KeySpecs = append(c.KeySpecs, k)
	return ok
}

func (r *tableReader) arg(f []string) bool {
	a := Arg{
		Name: f[2], Type: f[3], Token: f[4], Since: f[6], Deprecated: f[7], Display: f[9],
		Optional: strings.Contains(f[5], "o"), Multiple: strings.Contains(f[5], "m"), MultipleToken: strings.Contains(f[5], "t"),
	}
	depth, last := 0, -1
	if len(r.rows) > 0 {
		last = r.rows[len(r.rows)-1].depth
	}
	if len(r.commands) == 0 || !numbers(f, 1, &depth) || !numbers(f, 8, &a.KeySpec) || depth < 0 || depth > last+1 || depth > maxDepth {
		return false
	}
	r.rows = append(r.rows, argRow{depth, a})
	return true
}

// close sets the grammar of the current command.
func (r *tableReader) close() {
	if len(r.rows) > 0 {
		r.commands[len(r.commands)-1].Args = gather(r.rows, 0)
		r.rows = r.rows[:0]
	}
}

// gather makes a tree of rows, whose first level has the given depth.
func gather(rows []argRow, depth int) []Arg {
	n := 0
	for _, row := range rows {
		if row.depth == depth {
			n++
		}
	}
	args := make([]Arg, 0, n)
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j].depth > depth {
			j++
		}
		a := rows[i].arg
		if j > i+1 {
			a.Args = gather(rows[i+1:j], depth+1)
		}
		args = append(args, a)
		i = j
	}
	return args
}

// list splits a list. It returns the same slice for equal lists.
func (r *tableReader) list(text string) []string {
	if text == "" {
		return nil
	}
	l, ok := r.lists[text]
	if !ok {
		l = slices.Clip(strings.Split(text, ","))
		r.lists[text] = l
	}
	return l
}

// numbers parses fields, beginning with the field at index from.
func numbers(fields []string, from int, to ...*int) bool {
	for i, p := range to {
		n, err := strconv.Atoi(fields[from+i])
		if err != nil || n < -maxNumber || n > maxNumber {
			return false
		}
		*p = n
	}
	return true
}
