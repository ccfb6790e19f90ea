package channel

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
)

type parcel struct {
	ID     int64
	Name   string
	Weight float64
}

// handmade is a codec that is not of package codec.
type handmade struct{}

func (handmade) Append(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}
func (handmade) Decode(data []byte, ptr any) error { return json.Unmarshal(data, ptr) }
func (handmade) Name() string                      { return "handmade" }

type benchRing struct{}

func (benchRing) Current() (uint32, []byte)   { return 1, []byte(strings.Repeat("k", 32)) }
func (b benchRing) Key(uint32) ([]byte, bool) { _, key := b.Current(); return key, true }

// BenchmarkLetter encodes and decodes letters of a mailbox, without a server.
func BenchmarkLetter(b *testing.B) {
	benchLetter(b, "string", nil, "two apples and a pear")
	benchLetter(b, "int", nil, 1234567)
	benchLetter(b, "struct", nil, parcel{7, "two apples and a pear", 1.5})
	benchLetter(b, "limited string", codec.Limit(nil, 1000), "two apples and a pear")
	benchLetter(b, "signed struct", codec.Sign(nil, benchRing{}), parcel{7, "two apples and a pear", 1.5})
	benchLetter(b, "handmade string", handmade{}, "two apples and a pear")
}

func benchLetter[T any](b *testing.B, name string, c codec.Codec, v T) {
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	b.Cleanup(func() { _ = rdb.Close() })
	m := NewMailbox[T](rdb, "parcels", WithCodec(c))
	h := letterHeader{id: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
	letter, err := m.encode("parcels", h, v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.encode("parcels", h, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.letters.Decode(letter, "parcels", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}
