package codec

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Sign lets nobody without the keys make or change what inner writes: HMAC-SHA-256,
// the id of the key in front. The value stays readable, and the frame is longer by
// 38 bytes. Bytes that were altered, moved from another object, or made under a key
// that is not in the ring are ErrSignature, and the inner codec never sees them.
// Keys have 32 bytes or more.
//
// Who can write to Redis can still delete a value, or put an older one of the same
// object back. The bytes of a value change with the current key, so it is not for
// keys, nor for operations that compare.
func Sign(inner Codec, keys KeyRing) Codec { return wrap(&signature{keys: keys}, inner) }

type signature struct {
	keys   KeyRing
	object string
}

func isSecretSize(n int) bool { return n >= keySize }

func (s *signature) begin(dst []byte) ([]byte, error) {
	return append(dst, make([]byte, headerSize)...), nil
}

func (s *signature) seal(dst []byte, start, _ int, _ checker) ([]byte, error) {
	id, key, err := current(s.keys, isSecretSize)
	if err != nil {
		return nil, err
	}
	frame := dst[start:]
	putHeader(frame, signedMode, id)
	return s.mac(dst, key, frame), nil
}

func (s *signature) open(data []byte, room int) ([]byte, int, error) {
	id, err := readHeader(data, signedMode, headerSize+macSize)
	if err != nil {
		return nil, 0, err
	}
	key, err := keyOf(s.keys, id, isSecretSize)
	if err != nil {
		return nil, 0, err
	}
	frame, mac := data[:len(data)-macSize], data[len(data)-macSize:]
	if !hmac.Equal(mac, s.mac(nil, key, frame)) {
		return nil, 0, badSignature("altered, or made for another object or under another key")
	}
	return frame[headerSize:], room, nil
}

// mac appends the code of header, scope and body. The length of the scope goes in
// front of it, so that scope and body cannot be cut in another place.
func (s *signature) mac(dst, key, frame []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(frame[:headerSize])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s.object))))
	h.Write([]byte(s.object))
	h.Write(frame[headerSize:])
	return h.Sum(dst)
}

func (s *signature) scope(object string) layer { return &signature{keys: s.keys, object: object} }
func (s *signature) name() string              { return "sign" }
func (s *signature) deterministic() bool       { return false }
