package main

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/desir-go/desir/codec"
)

func pack(t *testing.T, v any) string {
	t.Helper()
	data, err := codec.Msgpack.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestView prints stored values as text and as JSON.
func TestView(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 30, 0, 120_000_000, time.UTC)
	for name, tt := range map[string]struct{ stored, plain, json string }{
		"text":              {"ада 7", "ада 7", `"ада 7"`},
		"empty":             {"", "", `""`},
		"a number":          {"-42", "-42", `"-42"`},
		"text of JSON":      {`{"a":1}`, `{"a":1}`, `"{\"a\":1}"`},
		"two lines":         {"a\nb\t", `"a\nb\t"`, `"a\nb\t"`},
		"escape sequence":   {"\x1b[31m", `"\x1b[31m"`, `"\u001b[31m"`},
		"written backwards": {"a\u202eb", `"a\u202eb"`, `"a\u202eb"`},
		"control of 8 bits": {"\u009b31m", `"\u009b31m"`, `"\u009b31m"`},
		"a private rune":    {"\U000f0000", `"\U000f0000"`, `"\udb80\udc00"`},
		"delete":            {"\x7f", `"\x7f"`, `"\u007f"`},
		"no UTF-8":          {"\xff\xfe1", `"\xff\xfe1"`, `{"$base64":"//4x"}`},
		"half of msgpack":   {"\x92\x01", `"\x92\x01"`, `{"$base64":"kgE="}`},
		"a bomb":            {"\xdd\xff\xff\xff\xff", `"\xdd\xff\xff\xff\xff"`, `{"$base64":"3f////8="}`},
		"a deep one":        {strings.Repeat("\x91", 1000), strconv.Quote(strings.Repeat("\x91", 1000)), ""},
		"nil":               {pack(t, nil), "null", "null"},
		"pointer":           {pack(t, 300), "300", "300"},
		"object":            {pack(t, map[string]any{"b": []int{}, "a": map[string]int{}}), `{"a":{},"b":[]}`, `{"a":{},"b":[]}`},
		"numbers": {
			pack(t, []any{uint64(math.MaxUint64), int64(math.MinInt64), int64(1<<53 + 1), 2.0, 0.1, 1e300, 5e-324, math.Copysign(0, -1)}),
			"[18446744073709551615,-9223372036854775808,9007199254740993,2.0,0.1,1e+300,5e-324,-0.0]", "",
		},
		"odd numbers":   {pack(t, []float64{math.NaN(), math.Inf(1), math.Inf(-1)}), `[{"$float":"nan"},{"$float":"inf"},{"$float":"-inf"}]`, ""},
		"narrow floats": {pack(t, []float32{0.1, float32(math.Inf(1))}), `[{"$float32":0.1},{"$float32":"inf"}]`, ""},
		"bytes":         {pack(t, [][]byte{[]byte("L7"), {0xff}, {}}), `[{"$bytes":"L7"},{"$base64":"/w=="},{"$bytes":""}]`, ""},
		"strings":       {pack(t, []string{"\x1b\u202e\"\\", "\xff"}), `["\u001b\u202e\"\\",{"$string":"/w=="}]`, ""},
		"times":         {pack(t, []time.Time{at, at.Truncate(time.Second), {}}), `[{"$time":"2024-02-29T12:30:00.12Z"},{"$time":"2024-02-29T12:30:00Z"},{"$time":"0001-01-01T00:00:00Z"}]`, ""},
		"a late time":   {"\x91\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", `[{"$ext":[-1,"AAAAAH//////////"]}]`, ""},
		"an extension":  {"\x91\xd5\x05ab", `[{"$ext":[5,"YWI="]}]`, ""},
		"keys":          {pack(t, map[int]string{7: "x"}), `{"$map":[[7,"x"]]}`, ""},
		"keys with \\":  {pack(t, map[string]int{"\n": 1}), `{"\n":1}`, ""},
		"a name of ours": {
			pack(t, []any{map[string]int{"$bytes": 1}, map[string]int{"$bytes": 1, "a": 2}, map[string]int{"$other": 1}}),
			`[{"$map":[["$bytes",1]]},{"$bytes":1,"a":2},{"$other":1}]`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (viewFlags{}).text(tt.stored); got != tt.plain {
				t.Errorf("shown as %s; want %s", got, tt.plain)
			}
			if got := (viewFlags{JSON: true}).text(tt.stored); tt.json != "" && got != tt.json {
				t.Errorf("JSON is %s; want %s", got, tt.json)
			}
		})
	}
	if got := (viewFlags{Msgpack: true}).text("*"); got != "42" {
		t.Errorf("msgpack by force: %s; want 42", got)
	}
	if got := (viewFlags{Msgpack: true}).text("no msgpack"); got != "no msgpack" {
		t.Errorf("a text, taken for msgpack: %s", got)
	}
}

// TestInput stores command-line values with the bytes of package codec.
func TestInput(t *testing.T) {
	asJSON, asText, asMsgpack := valueFlags{AsJSON: true}, valueFlags{AsText: true}, valueFlags{AsMsgpack: true}
	none := (*int)(nil)
	for name, tt := range map[string]struct {
		valueFlags
		word string
		as   any // nil: refused
	}{
		"text":                {valueFlags{}, "tea", "tea"},
		"number":              {valueFlags{}, "007", "007"},
		"quotes":              {valueFlags{}, `"tea"`, `"tea"`},
		"object":              {valueFlags{}, `{"a": 1, "b": [true, null, "x"]}`, map[string]any{"a": 1, "b": []any{true, nil, "x"}}},
		"array":               {valueFlags{}, "[1, 300, -1, 2.5, 18446744073709551615]", []any{1, 300, -1, 2.5, uint64(math.MaxUint64)}},
		"bytes":               {valueFlags{}, `{"$base64":"/wA="}`, []byte{0xff, 0}},
		"text of a bracket":   {valueFlags{}, `{"$bytes":"[x]"}`, "[x]"},
		"time":                {valueFlags{}, `{"$time":"2024-02-29T13:30:00+01:00"}`, time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)},
		"float":               {valueFlags{}, `{"$float":"-inf"}`, math.Inf(-1)},
		"narrow float":        {valueFlags{}, `{"$float32":0.1}`, float32(0.1)},
		"map by number":       {valueFlags{}, `{"$map":[[7,"x"],[300,"y"]]}`, map[int]string{7: "x", 300: "y"}},
		"no JSON":             {valueFlags{}, "[x]", nil},
		"two values":          {valueFlags{}, "{} {}", nil},
		"no end":              {valueFlags{}, `{"a":`, nil},
		"deep":                {valueFlags{}, strings.Repeat("[", 100) + strings.Repeat("]", 100), nil},
		"deeper":              {valueFlags{}, strings.Repeat("[", 1<<20), nil},
		"no UTF-8":            {valueFlags{}, "[\"\xff\"]", nil},
		"large integer":       {valueFlags{}, "[18446744073709551616]", nil},
		"large float":         {valueFlags{}, "[1e999]", nil},
		"bad base64":          {valueFlags{}, `{"$base64":"*"}`, nil},
		"bad time":            {valueFlags{}, `{"$time":"noon"}`, nil},
		"bad pairs":           {valueFlags{}, `{"$map":[[1]]}`, nil},
		"bad extension":       {valueFlags{}, `{"$ext":[300,""]}`, nil},
		"bad number":          {valueFlags{}, `{"$float":"many"}`, nil},
		"JSON string":         {asJSON, `"a\nb"`, "a\nb"},
		"JSON integer":        {asJSON, "-7", -7},
		"JSON float":          {asJSON, "1e2", 100.0},
		"JSON true":           {asJSON, "true", true},
		"JSON null":           {asJSON, "null", none},
		"JSON, not a text":    {asJSON, "tea", nil},
		"JSON of nothing":     {asJSON, "", nil},
		"JSON, spaces":        {asJSON, " {\"a\":1}\n", map[string]int{"a": 1}},
		"text like an object": {asText, `{"a":1}`, `{"a":1}`},
		"text, broken":        {asText, `{`, `{`},
		"msgpack string":      {asMsgpack, `"x"`, []string{"x"}},
		"msgpack integer":     {asMsgpack, "5", []int{5}},
		"msgpack, not a text": {asMsgpack, "tea", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.encode(tt.word)
			if tt.as == nil {
				if err == nil || got != "" {
					t.Errorf("stored as %q, %v; want an error", got, err)
				}
				return
			}
			want, wantErr := codec.Auto.Append(nil, tt.as)
			if tt.AsMsgpack {
				want = want[1:] // without the array around it
			}
			if err != nil || wantErr != nil || got != string(want) {
				t.Errorf("stored as %q, %v; want %q, %v", got, err, want, wantErr)
			}
		})
	}
}

// TestRoundTrip writes printed values and gets the same bytes, for all values in the
// golden file of msgpack.
func TestRoundTrip(t *testing.T) {
	golden, err := os.ReadFile("../../codec/testdata/msgpack.golden")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(golden)) {
		columns := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		stored, err := strconv.Unquote(columns[2])
		if err != nil {
			t.Fatal(err)
		}
		if columns[0] == "own code" {
			continue // two values in a row
		}
		n++
		text := viewFlags{Msgpack: true}.text(stored)
		again, err := valueFlags{AsMsgpack: true}.encode(text)
		if err != nil || again != stored {
			t.Errorf("%s: %s is written as %q, %v; was %q", columns[0], text, again, err, stored)
		}
	}
	if n < 50 {
		t.Errorf("%d values seen", n)
	}
}

// FuzzView prints arbitrary bytes: on one line without terminal control characters, and
// as valid JSON that can be written back.
func FuzzView(f *testing.F) {
	for _, seed := range []string{"", "text", "\x1b[31m", "\xff", "\x82\xa1a\x01\xa1b\x93\xc0\xc3\xc4\x01\xff", "\xd7\xff\x1c\x9c8\x00e\xe0x\xc8", "\x81\x01\xa1x", "\x82\xa1a\x01\xa1a\x02", "\xdd\xff\xff\xff\xff", "\xca=\xcc\xcc\xcd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		for _, v := range []viewFlags{{}, {JSON: true}, {Msgpack: true}, {JSON: true, Msgpack: true}} {
			text := v.text(stored)
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%+v prints %q", v, text)
			}
			if !v.JSON {
				continue
			}
			if !json.Valid([]byte(text)) {
				t.Fatalf("%+v: no JSON: %s", v, text)
			}
			again, err := valueFlags{AsJSON: !v.Msgpack, AsMsgpack: v.Msgpack}.encode(text)
			if err != nil {
				t.Fatalf("%s cannot be written: %v", text, err)
			}
			if _, ok := fromMsgpack(stored); ok {
				continue // integers may have been longer than they need to be
			}
			if !v.Msgpack && again != stored {
				t.Errorf("%s is written as %q; was %q", text, again, stored)
			}
		}
	})
}
