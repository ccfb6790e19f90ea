package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"sync"
)

// Encrypt encrypts and authenticates the bytes that inner writes. It uses AES-256-GCM
// with a random nonce for each value. The id of the key is stored in front. The frame is
// 34 bytes longer than the value.
//
// Decoding returns [ErrSignature] for bytes that were altered, that were moved from
// another object or from another key of a map, or that were made under a key that the
// ring does not have. The inner codec never reads such bytes. The elements of a list and
// the values of channels and queues are bound to their object, but not to a place in it.
// A client that can write to Redis can reorder, repeat and drop them.
//
// Redis still sees the lengths of values, when they change, and all keys and names. A
// client that can write to Redis can delete a value, or restore an older value of the
// same place. A value is encrypted differently each time, so Encrypt cannot be used for
// keys, or for operations that compare values. Rotate a key before it has encrypted about
// 2^32 values.
func Encrypt(inner Codec, keys KeyRing, opts ...SealOption) Codec {
	return wrap(&encrypted{newSealing(keys, opts), new(sync.Map)}, inner)
}

type encrypted struct {
	sealSettings
	ciphers *sync.Map // of uint32 to *keyedCipher; shared by all scopes
}

// keyedCipher caches the cipher of a key, until the ring returns another key for the id.
type keyedCipher struct {
	key  [keySize]byte
	aead cipher.AEAD
}

func isKeySize(n int) bool { return n == keySize }

func (e *encrypted) begin(dst []byte) ([]byte, error) {
	return append(dst, make([]byte, headerSize+nonceSize)...), nil
}

func (e *encrypted) seal(dst []byte, start, body int, at place, _ checker) ([]byte, error) {
	id, key, err := currentKey(e.keys, isKeySize)
	if err != nil {
		return nil, err
	}
	aead, err := e.cipher(id, key)
	if err != nil {
		return nil, err
	}
	frame := dst[start:]
	putHeader(frame, encryptedMode, at, id)
	nonce := frame[headerSize:][:nonceSize]
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(dst[:body], nonce, dst[body:], e.additionalData(frame[:headerSize], at)), nil
}

func (e *encrypted) open(data []byte, at place, budget int) ([]byte, int, error) {
	id, at, err := e.readHeader(data, encryptedMode, at, headerSize+nonceSize+tagSize)
	if err != nil {
		return nil, 0, err
	}
	key, err := keyByID(e.keys, id, isKeySize)
	if err != nil {
		return nil, 0, err
	}
	aead, err := e.cipher(id, key)
	if err != nil {
		return nil, 0, err
	}
	if budget -= len(data); budget < 0 {
		return nil, 0, tooLarge(whyBudget)
	}
	nonce := data[headerSize:][:nonceSize]
	plain, err := aead.Open(nil, nonce, data[headerSize+nonceSize:], e.additionalData(data[:headerSize], at))
	if err != nil {
		return nil, 0, badSignature("altered, or made for another object or under another key")
	}
	return plain, budget, nil
}

// additionalData returns the additional authenticated data: the header, then object and
// place. Frames of version 1 have the object without its length, since the header has a
// fixed size.
func (e *encrypted) additionalData(header []byte, at place) []byte {
	b := append(make([]byte, 0, headerSize+16+len(e.object)+len(at.name)), header...)
	if !at.given {
		return append(b, e.object...)
	}
	return e.appendBinding(b, at)
}

func (e *encrypted) cipher(id uint32, key []byte) (cipher.AEAD, error) {
	if c, ok := e.ciphers.Load(id); ok {
		if c := c.(*keyedCipher); subtle.ConstantTimeCompare(c.key[:], key) == 1 {
			return c.aead, nil
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, badSignature("the key is not an AES-256 key")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, badSignature("the key is not an AES-256 key")
	}
	e.ciphers.Store(id, &keyedCipher{[keySize]byte(key), aead})
	return aead, nil
}

func (e *encrypted) scope(object string) layer {
	s := e.sealSettings
	s.object = object
	return &encrypted{s, e.ciphers}
}

func (e *encrypted) binds() bool         { return true }
func (e *encrypted) name() string        { return "encrypt" }
func (e *encrypted) deterministic() bool { return false }
