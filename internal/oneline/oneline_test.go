package oneline_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/desir-go/desir/internal/oneline"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"carts", "carts"},
		{"", ""},
		{"my carts: {1}", "my carts: {1}"},
		{`a "b" \n`, `a "b" \n`},
		{"größe 数 🛒", "größe 数 🛒"},
		{" carts", `" carts"`},
		{"a\nb", `"a\nb"`},
		{"a\tb\"c\\", `"a\tb\"c\\"`},
		{"\x1b[2J", `"\x1b[2J"`},
		{"\u009b2J", `"\u009b2J"`},         // CSI in one character
		{"abc\u202ecba", `"abc\u202ecba"`}, // right to left
		{"a\u200bb", `"a\u200bb"`},         // zero width
		{"a\u3164b", `"a\u3164b"`},         // a letter without form
		{"a\u2028b", `"a\u2028b"`},         // a line separator
		{"a\u00a0b", `"a\u00a0b"`},
		{"a\U000e0041b", `"a\U000e0041b"`}, // a tag
		{"\xff\x00", `"\xff\x00"`},
		{"\uFFFD", "\uFFFD"},
		{strings.Repeat("x", 20), strings.Repeat("x", 20)},
		{strings.Repeat("x", 21), `"` + strings.Repeat("x", 20) + `…" (21 bytes)`},
		{strings.Repeat("ä", 11), `"` + strings.Repeat("ä", 10) + `…" (22 bytes)`},
		{"x" + strings.Repeat("ä", 11), `"x` + strings.Repeat("ä", 9) + `…" (23 bytes)`},
		{strings.Repeat("\x00", 6), `"` + strings.Repeat(`\x00`, 5) + `…" (6 bytes)`},
	} {
		if got := oneline.Text(tt.text, 20); got != tt.want {
			t.Errorf("Text(%q) = %s; want %s", tt.text, got, tt.want)
		}
	}
	if got := oneline.Quote("carts", 20); got != `"carts"` {
		t.Errorf("Quote = %s", got)
	}
}

func TestLine(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`key "a"`, `key "a"`},
		{"a\nb", "a; b"},
		{"a\r\x1b[2J\xff", `a\r\x1b[2J\xff`},
		{`"a\nb"` + "\x00", `"a\nb"\x00`},
		{strings.Repeat("x", 21), strings.Repeat("x", 20) + "… (21 bytes)"},
	} {
		got := oneline.Line(tt.text, 20)
		if got != tt.want {
			t.Errorf("Line(%q) = %s; want %s", tt.text, got, tt.want)
		}
		if again := oneline.Line(got, 60); again != got {
			t.Errorf("a second time %s", again)
		}
	}
}

// FuzzSafe checks the guarantees of the package for any text.
func FuzzSafe(f *testing.F) {
	for _, s := range []string{"a", "a\nb", "\xff", "\x1b[2J", "a\u202eb", "… (21 bytes)", strings.Repeat("\x00 bytes)", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{
			"Text":  oneline.Text(s, 50),
			"Quote": oneline.Quote(s, 50),
			"Line":  oneline.Line(s, 50),
		} {
			if len(got) > 100 || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x1b") {
				t.Errorf("%s(%q) = %q", name, s, got)
			}
			for _, r := range got {
				if !strconv.IsPrint(r) {
					t.Errorf("%s(%q) = %q has %U", name, s, got, r)
				}
			}
			if again := oneline.Line("x: "+got, 150); again != "x: "+got {
				t.Errorf("%s(%q) = %q becomes %q", name, s, got, again)
			}
		}
		if q := oneline.Quote(s, 1<<20); len(s) < 1000 {
			if back, err := strconv.Unquote(q); err != nil || back != s {
				t.Errorf("Quote(%q) = %s is %q, %v", s, q, back, err)
			}
		}
	})
}
