package codec

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type (
	door struct {
		Number int
		Since  time.Time
	}
	flat struct{ Street string }
	home struct {
		door
		Flat   flat `json:"flat"`
		Rooms  []struct{ Size float32 }
		Phones map[string]uint8
		Addr   *netip.Addr
		Warm   celsius `json:"-"`
		Key    [2]byte
		Tags   map[string][]bool
		Free   any
		Pair   row
	}
	person struct {
		Name string
		Home *home `msgpack:"at"`
	}
)

// TestErrorPaths checks that an error names the path of a value, what was found and what
// was wanted, and never quotes the value.
func TestErrorPaths(t *testing.T) {
	for data, want := range map[string]string{
		"\x81\xa4Name\x05":                                   "Name: integer, want text or bytes (string)",
		"\x81\xa2at\x81\xa6Number\xa6secret":                 "Home.door.Number: text, want integer (int)",
		"\x81\xa2at\x81\xa6Number\xca\x3f\x80\x00\x00":       "Home.door.Number: floating-point number, want integer (int)",
		"\x81\xa2at\x81\xa5Since\xc4\x06secret":              "Home.door.Since: bytes, want time (time.Time)",
		"\x81\xa2at\xa6secret":                               "Home: text, want map (codec.home)",
		"\x81\xa2at\x81\xa4Flat\x81\xa6Street\xc2":           "Home.Flat.Street: boolean, want text or bytes (string)",
		"\x81\xa2at\x81\xa5Rooms\x92\x80\x81\xa4Size\x80":    "Home.Rooms[1].Size: map, want number (float32)",
		"\x81\xa2at\x81\xa5Rooms\x91\xa6secret":              "Home.Rooms[0]: text, want map (struct)",
		"\x81\xa2at\x81\xa6Phones\x81\xa6secret\xcd\xff\xff": "Home.Phones[*]: an integer outside of uint8",
		"\x81\xa2at\x81\xa6Phones\x81\x90\x01":               "Home.Phones[*]: array, want text or bytes (string)",
		"\x81\xa2at\x81\xa4Addr\xa6secret":                   "Home.Addr: UnmarshalBinary refused the bytes (*errors.errorString)",
		"\x81\xa2at\x81\xa4Addr\x90":                         "Home.Addr: array, want text or bytes (netip.Addr)",
		"\x81\xa2at\x81\xa4Warm\xa6secret":                   "Home.Warm: UnmarshalMsgpack refused the bytes (*errors.errorString)",
		"\x81\xa2at\x81\xa3Key\xc4\x03abc":                   "Home.Key: more elements than the array has",
		"\x81\xa2at\x81\xa4Tags\x81\xa6secret\x92\xc3\x01":   "Home.Tags[*][1]: integer, want boolean (bool)",
		"\x81\xa2at\x81\xa4Free\x81\x01\x01":                 "Home.Free: a map inside an interface has keys that are not strings",
		"\x81\xa2at\x81\xa4Pair\x92\x01\x01":                 "Home.Pair.B: integer, want text or bytes (string)",
		"\x81\xa2at\x81\xa4Pair\x91\x01":                     "Home.Pair: a different number of fields than the struct has",
		"\x82\xa4Name\xa1x\xa6secret\xa6secre":               "an unknown field: it ends too early",
		"\x05":                                               "auto: integer, want map (codec.person)",
	} {
		checkErrorText(t, Auto, data, want)
	}
	for data, want := range map[string]string{
		`{"Name":5}`:                                          "Name: number, want text (string)",
		`{"Home":{"Number":"secret"}}`:                        "Home.door.Number: text, want integer (int)",
		`{"Home":{"Number":1234567.5}}`:                       "Home.door.Number: a number that is not a valid int",
		`{"Home":{"flat":{"Street":[]}}}`:                     "Home.flat.Street: array, want text (string)",
		`{"Home":{"Phones":{"secret":1234567}}}`:              "Home.Phones: a number that is not a valid uint8",
		`{"Home":{"Rooms":[{"Size":true}]}}`:                  "Home.Rooms.Size: boolean, want number (float32)",
		`{"Home":{"Rooms":"secret"}}`:                         "Home.Rooms: text, want array ([]struct { Size float32 })",
		`{"Home":{"Key":[1,2,3]}}`:                            "Home.Key: more elements than the array has",
		`{"Home":{"Free":[9007199254740993]}}`:                "Home.Free[0]: an integer that a floating-point number does not hold exactly",
		`{"Home":{"Free":{"secret":[1,2,9007199254740993]}}}`: "Home.Free[*][2]: an integer that",
		`{"Home":secret}`:                                     "invalid JSON at byte 9",
	} {
		checkErrorText(t, JSON, data, want)
	}
	deep := "\x81\xa4Next"
	err := Auto.Decode([]byte(strings.Repeat(deep, 60)+"\x05"), new(chain))
	if err == nil || len(err.Error()) > 400 || !strings.Contains(err.Error(), "Next.Next: integer, want map (codec.chain)") {
		t.Errorf("%v; want a path that is cut", err)
	}
	var bad *json.UnmarshalTypeError
	if err := JSON.Decode([]byte(`{"Name":5}`), new(person)); !errors.As(err, &bad) {
		t.Errorf("%v; want the cause behind it", err)
	}
}

func checkErrorText(t *testing.T, c Codec, data, want string) {
	t.Helper()
	err := c.Decode([]byte(data), new(person))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "1234567") {
		t.Errorf("%q: %v; want %s", data, err, want)
	}
	if c == Auto { // the error is the same without and with layers
		if sealed := Limit(Auto, 1000).Decode([]byte(data), new(person)); sealed == nil || !strings.Contains(sealed.Error(), strings.TrimPrefix(want, "auto: ")) {
			t.Errorf("%q: %v; want %s", data, sealed, want)
		}
	}
}
