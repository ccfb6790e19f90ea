package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/desir-go/desir/codec"
)

type Cart struct {
	Owner string         `msgpack:"owner" json:"owner"`
	Items map[string]int `msgpack:"items" json:"items"`
}

func ExampleValues() {
	carts, err := codec.Values[Cart](codec.Auto)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, _ := carts.Append(nil, Cart{"ada", map[string]int{"pear": 1, "apple": 2}})
	cart, err := carts.Decode(data)
	fmt.Printf("%q\n%v %v\n", data, cart, err)

	prices, _ := codec.Values[float64](nil)
	data, _ = prices.Append(nil, 12.5)
	fmt.Printf("%s\n", data)
	// Output:
	// "\x82\xa5owner\xa3ada\xa5items\x82\xa5apple\x02\xa4pear\x01"
	// {ada map[apple:2 pear:1]} <nil>
	// 12.5
}

func ExampleKeys() {
	type Seat struct {
		Row string
		No  uint8
	}
	seats, _ := codec.Keys[Seat](nil)
	data, _ := seats.Append(nil, Seat{"F", 12})
	fmt.Printf("%q\n", data)

	days, _ := codec.Keys[time.Time](nil)
	noon := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	here, _ := days.Append(nil, noon)
	there, _ := days.Append(nil, noon.In(time.FixedZone("there", 3600)))
	fmt.Println(bytes.Equal(here, there))

	_, err := codec.Keys[float64](nil)
	fmt.Println(errors.Is(err, codec.ErrUnsupported), err)
	// Output:
	// "\x82\xa3Row\xa1F\xa2No\f"
	// true
	// true codec: type not supported: float64: as a key: a float has two zeros, and NaNs that equal nothing
}

// ring is a KeyRing of several keys. Key 2 is the current key.
type ring map[uint32][]byte

func (r ring) Current() (uint32, []byte)    { return 2, r[2] }
func (r ring) Key(id uint32) ([]byte, bool) { k, ok := r[id]; return k, ok }
func (r ring) String() string               { return "ring" }

func ExampleEncrypt() {
	keys := ring{1: bytes.Repeat([]byte{1}, 32), 2: bytes.Repeat([]byte{2}, 32)} // a program loads them from a secret store
	users := codec.Encrypt(codec.Auto, keys)

	// A collection calls Scope with its kind and name.
	emails := users.(codec.Scoped).Scope("map:emails")
	data, _ := emails.Append(nil, "ada@example.com")
	fmt.Println(len(data), bytes.Contains(data, []byte("ada")))

	var email string
	fmt.Println(emails.Decode(data, &email), email)

	// Bytes that were moved to another object are refused.
	err := users.(codec.Scoped).Scope("map:logins").Decode(data, &email)
	fmt.Println(errors.Is(err, codec.ErrSignature))
	// Output:
	// 49 false
	// <nil> ada@example.com
	// true
}

func ExampleSign() {
	jobs := codec.Sign(codec.Text, ring{2: bytes.Repeat([]byte("k"), 32)})
	data, _ := jobs.Append(nil, "resize cat.png")
	fmt.Printf("%q\n", data[6:20])

	data[6] = 'd'
	var job string
	fmt.Println(jobs.Decode(data, &job))
	// Output:
	// "resize cat.png"
	// codec: cannot decode string with sign(text): codec: signature not valid: altered, or made for another object or under another key
}

func ExampleCompress() {
	pages := codec.Compress(codec.Raw, 256)
	text := strings.Repeat("<li>apple</li>", 200)
	data, _ := pages.Append(nil, text)
	var back string
	err := pages.Decode(data, &back)
	fmt.Println(len(text), len(data) < 100, back == text, err)
	// Output: 2800 true true <nil>
}

func ExampleLimit() {
	notes := codec.Limit(codec.Auto, 20)
	_, err := notes.Append(nil, "a note that goes on and on")
	fmt.Println(errors.Is(err, codec.ErrTooLarge), err)
	// Output: true codec: cannot encode string with limit(auto): codec: value too large: 26 bytes, and the limit is 20
}

func ExampleDecodeError() {
	stock, _ := codec.Values[uint8](nil)
	_, err := stock.Decode([]byte("300"))
	bad, ok := errors.AsType[*codec.DecodeError](err)
	fmt.Println(ok, bad.Type, bad.Codec)
	fmt.Println(err)
	// Output:
	// true uint8 auto
	// codec: cannot decode uint8 with auto: an integer outside of uint8
}
