package script

import (
	"fmt"
	"strings"

	"github.com/desir-go/desir/internal/send"
)

// shape is the form of a script's reply, as written in the line "-- reply:" of its
// header:
//
//	integer, text, nil
//	{integer, text}      a list of exactly these parts
//	{integer, text...}   a list whose last part repeats any number of times
//	text or nil          an alternative
type shape struct {
	alternatives []shape // alternatives, if there are any
	kind         string  // "integer", "text", "nil", "list"
	parts        []shape // of a list
	open         bool    // the last part repeats any number of times
}

// replyShape parses the line "-- reply:" of a header. No reply fits an invalid line.
func replyShape(source string) shape {
	var alternatives []shape
	for alternative := range strings.SplitSeq(headerField(source, "-- reply:"), " or ") {
		s, _ := parseShape(strings.TrimSpace(alternative))
		alternatives = append(alternatives, s)
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return shape{alternatives: alternatives}
}

// parseShape parses the shape at the beginning of a text, and returns the rest of the
// text.
func parseShape(text string) (shape, string) {
	inner, list := strings.CutPrefix(text, "{")
	if !list {
		end := strings.IndexAny(text+",", ",}.")
		return shape{kind: text[:end]}, text[end:]
	}
	s := shape{kind: "list"}
	for rest := inner; ; {
		rest = strings.TrimLeft(rest, ", ")
		switch {
		case rest == "":
			return shape{}, "" // the closing brace is missing
		case rest[0] == '}':
			return s, rest[1:]
		case strings.HasPrefix(rest, "..."):
			s.open = true
			rest = rest[len("..."):]
			continue
		}
		var part shape
		part, rest = parseShape(rest)
		s.parts = append(s.parts, part)
	}
}

// matches reports whether a reply has the shape.
func (s shape) matches(reply any) bool {
	for _, alternative := range s.alternatives {
		if alternative.matches(reply) {
			return true
		}
	}
	switch v := reply.(type) {
	case nil:
		return s.kind == "nil"
	case int64:
		return s.kind == "integer"
	case string:
		return s.kind == "text"
	case []any:
		return s.kind == "list" && s.matchesList(v)
	default:
		return false
	}
}

func (s shape) matchesList(list []any) bool {
	if len(list) != len(s.parts) && !(s.open && len(list) >= len(s.parts)-1) {
		return false
	}
	for i, v := range list {
		if !s.parts[min(i, len(s.parts)-1)].matches(v) {
			return false
		}
	}
	return true
}

// badReply returns the error of a reply of another form. It does not contain the reply.
func (s *Script) badReply(reply any) error {
	return send.BadReply(fmt.Errorf("a script replied with a %T, want %s", reply, s.want), !s.reads)
}
