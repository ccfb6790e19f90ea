package counter

import (
	"errors"
	"strconv"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

var errDecimal = errors.New("not a decimal number of 64 bits")

// parse parses a number stored under key. The error does not quote the text.
func parse(key, text string) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &codec.DecodeError{Key: key, Type: "int64", Codec: "text", Err: errDecimal}
	}
	return v, nil
}

// parseReply parses the reply to a command that returns the number stored for an object.
// It returns missing for a null.
func parseReply(h *clients.Handle, text string, err error, missing int64) (int64, error) {
	switch {
	case send.IsNil(err):
		return missing, nil
	case err != nil:
		return 0, err
	default:
		return parse(h.Key, text)
	}
}
