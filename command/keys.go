package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/desir-go/desir/internal/send"
)

// errKeys reports that only the server knows which arguments are keys.
var errKeys = fmt.Errorf("%w: the specification does not say which arguments are keys", send.ErrNotSupported)

// Keys returns the keys among args, the arguments after the command's name, in their
// order. It finds them by the command's key specifications. The channel of SPUBLISH
// counts as a key, because it selects the node as a key does. For commands with an
// incomplete specification (SORT, MIGRATE) Keys uses the grammar. Keys does not find
// keys that are formed from stored values, such as those of SORT's BY and GET.
//
// Call [Command.Check] before Keys. Keys returns [desir.ErrNotSupported] for a command
// with movable keys that the table does not describe.
func (c *Command) Keys(args ...any) ([]string, error) {
	words, err := c.texts(nil, args)
	if err != nil {
		return nil, err
	}
	found, err := c.keys(words)
	keys := make([]string, 0, len(found))
	for _, i := range found {
		keys = append(keys, strings.Clone(words[i]))
	}
	return keys, err
}

// keys returns the indexes of the keys in words, the arguments after the name.
func (c *Command) keys(words []string) ([]int, error) {
	if len(c.Subcommands) > 0 && len(words) > 0 {
		if sub := c.sub(words[0]); sub != nil {
			found, err := sub.keys(words[1:])
			for i := range found {
				found[i]++
			}
			return found, err
		}
	}
	var found []int
	partly := false
	for i := range c.KeySpecs {
		k := &c.KeySpecs[i]
		if k.Begin == "unknown" || k.Find == "unknown" || slices.Contains(k.Flags, "incomplete") {
			partly = true
			continue
		}
		found = k.find(found, words, c.words())
	}
	switch {
	case partly && len(c.Args) > 0:
		found = c.keysByType(found, words)
	case partly, len(c.KeySpecs) == 0 && c.Has("movablekeys"):
		return found, errKeys
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// find appends the indexes of the keys that k describes. Positions in k include the
// name, which has the given number of words.
func (k *KeySpec) find(found []int, words []string, name int) []int {
	first := -1
	switch k.Begin {
	case "index":
		first = k.Index - name
	case "keyword":
		first = k.search(words, name) + 1
		if first == 0 {
			return found
		}
	}
	if first < 0 || first >= len(words) {
		return found
	}
	switch k.Find {
	case "range":
		last := first + k.LastKey
		if k.LastKey < 0 {
			last = len(words) + k.LastKey
			if k.Limit > 1 {
				last = first + (len(words)-first)/k.Limit + k.LastKey
			}
		}
		for i := first; i <= last && i < len(words); i += max(1, k.Step) {
			found = append(found, i)
		}
	case "keynum":
		at := first + k.KeyNum
		if at < 0 || at >= len(words) {
			return found
		}
		n, _ := strconv.Atoi(words[at])
		for i := first + k.FirstKey; n > 0 && i >= 0 && i < len(words); i += max(1, k.Step) {
			found = append(found, i)
			n--
		}
	}
	return found
}

// search returns the index of the keyword, or -1.
func (k *KeySpec) search(words []string, name int) int {
	if k.StartFrom >= 0 {
		for i := max(0, k.StartFrom-name); i < len(words); i++ {
			if strings.EqualFold(words[i], k.Keyword) {
				return i
			}
		}
		return -1
	}
	for i := len(words) + k.StartFrom; i >= 0; i-- {
		if strings.EqualFold(words[i], k.Keyword) {
			return i
		}
	}
	return -1
}

// keysByType appends the words that are keys by the grammar. An empty word in the place
// of a key is not a key.
func (c *Command) keysByType(found []int, words []string) []int {
	m := matcher{words: words, count: -1, keep: true}
	c.matches(&m)
	found = slices.DeleteFunc(found, func(i int) bool { return words[i] == "" })
	for _, match := range m.all {
		if match.Arg.Type == "key" && !match.Token && words[match.Pos] != "" {
			found = append(found, match.Pos)
		}
	}
	return found
}
