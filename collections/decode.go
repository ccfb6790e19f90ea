package collections

import (
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// decodeReply decodes the reply to a command that returns one element, or a null for none.
func decodeReply[T any](h *clients.Handle, c *stored.Codec[T], raw string, err error) (v T, ok bool, _ error) {
	if err != nil {
		return v, false, send.IgnoreNil(err)
	}
	v, err = c.Decode(raw, h.Key, "")
	return v, err == nil, err
}

// decodeReplies decodes the reply to a command that returns elements, or a null for none.
func decodeReplies[T any](h *clients.Handle, c *stored.Codec[T], raw []string, err error) ([]T, error) {
	if err != nil {
		return nil, send.IgnoreNil(err)
	}
	return c.DecodeAll(raw, h.Key)
}
