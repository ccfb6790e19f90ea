package lua

import (
	"strconv"

	"github.com/desir-go/desir/internal/send"
)

// Ints parses a reply of n integers, some of which are strings.
func Ints(reply any, n int) ([]int64, error) {
	parts, ok := reply.([]any)
	if !ok || len(parts) != n {
		return nil, send.ErrBadReply
	}
	ints := make([]int64, n)
	for i, p := range parts {
		switch p := p.(type) {
		case int64:
			ints[i] = p
		case string:
			v, err := strconv.ParseInt(p, 10, 64)
			if err != nil {
				return nil, send.ErrBadReply
			}
			ints[i] = v
		default:
			return nil, send.ErrBadReply
		}
	}
	return ints, nil
}
