package counter

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
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

// get reads the number under key, or returns missing if the key does not exist.
func get(ctx context.Context, s *send.Sender, key string, missing int64) (int64, error) {
	cmd := redis.NewStringCmd(ctx, "get", key)
	switch err := s.Read(ctx, cmd); {
	case errors.Is(err, redis.Nil):
		return missing, nil
	case err != nil:
		return 0, err
	default:
		return parse(key, cmd.Val())
	}
}
