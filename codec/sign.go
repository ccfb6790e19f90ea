package codec

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Sign authenticates the bytes that inner writes with HMAC-SHA-256. The id of the key is
// stored in front. The value stays readable. The frame is 38 bytes longer than the value.
// Keys have at least 32 bytes.
//
// Decoding returns [ErrSignature] for bytes that were altered, that were moved from
// another object or from another key of a map, or that were made under a key that the
// ring does not have. The inner codec never reads such bytes. The elements of a list and
// the values of channels and queues are bound to their object, but not to a place in it,
// as described at [Encrypt].
//
// A client that can write to Redis can still delete a value, or restore an older value of
// the same place. The bytes of a value change with the current key, so Sign cannot be
// used for keys, or for operations that compare values.
func Sign(inner Codec, keys KeyRing, opts ...SealOption) Codec {
	return wrap(&signature{newSealing(keys, opts)}, inner)
}

type signature struct {
	sealSettings
}

func isSecretSize(n int) bool { return n >= keySize }

func (s *signature) begin(dst []byte) ([]byte, error) {
	return append(dst, make([]byte, headerSize)...), nil
}

func (s *signature) seal(dst []byte, start, _ int, at place, _ checker) ([]byte, error) {
	id, key, err := currentKey(s.keys, isSecretSize)
	if err != nil {
		return nil, err
	}
	frame := dst[start:]
	putHeader(frame, signedMode, at, id)
	return s.mac(dst, key, frame, at), nil
}

func (s *signature) open(data []byte, at place, budget int) ([]byte, int, error) {
	id, at, err := s.readHeader(data, signedMode, at, headerSize+macSize)
	if err != nil {
		return nil, 0, err
	}
	key, err := keyByID(s.keys, id, isSecretSize)
	if err != nil {
		return nil, 0, err
	}
	frame, mac := data[:len(data)-macSize], data[len(data)-macSize:]
	if !hmac.Equal(mac, s.mac(nil, key, frame, at)) {
		return nil, 0, badSignature("altered, or made for another object or under another key")
	}
	return frame[headerSize:], budget, nil
}

// mac appends the MAC of header, object, place and body.
func (s *signature) mac(dst, key, frame []byte, at place) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(frame[:headerSize])
	h.Write(s.appendBinding(make([]byte, 0, 16+len(s.object)+len(at.name)), at))
	h.Write(frame[headerSize:])
	return h.Sum(dst)
}

func (s *signature) scope(object string) layer {
	inner := s.sealSettings
	inner.object = object
	return &signature{inner}
}

func (s *signature) binds() bool         { return true }
func (s *signature) name() string        { return "sign" }
func (s *signature) deterministic() bool { return false }
