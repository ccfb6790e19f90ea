package redistest

import (
	"bytes"
	"fmt"
	"regexp"
)

var address = regexp.MustCompile(`[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+`)

// renameAddrs replaces IPv4 addresses by names in every bulk string of a reply, and
// adjusts the lengths of the strings.
func renameAddrs(reply []byte, names map[string]string) []byte {
	if len(names) == 0 {
		return reply
	}
	var out []byte
	for len(reply) > 0 {
		line, rest, _ := bytes.Cut(reply, []byte("\r\n"))
		_, size, err := header(reply[:len(line)+2])
		if err != nil || size < 0 {
			out = append(append(out, line...), "\r\n"...)
			reply = rest
			continue
		}
		body := address.ReplaceAllFunc(rest[:size], func(a []byte) []byte {
			if name, ok := names[string(a)]; ok {
				return []byte(name)
			}
			return a
		})
		out = fmt.Appendf(out, "%c%d\r\n%s\r\n", line[0], len(body), body)
		reply = rest[size+2:]
	}
	return out
}
