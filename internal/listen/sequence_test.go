package listen

import (
	"strings"
	"testing"
)

func TestParseFrame(t *testing.T) {
	for _, tt := range []struct {
		in, epoch string
		n         int64
		value     string
		ok        bool
	}{
		{"\xc1n17:3:v", "17", 3, "v", true},
		{"\xc1n17:3:", "17", 3, "", true},
		{"\xc1n17:3:a:b\xc1n", "17", 3, "a:b\xc1n", true},
		{"\xc1n17:0:v", "", 0, "\xc1n17:0:v", false},
		{"\xc1n17:-1:v", "", 0, "\xc1n17:-1:v", false},
		{"\xc1n17:9223372036854775808:v", "", 0, "\xc1n17:9223372036854775808:v", false},
		{"\xc1n17:3", "", 0, "\xc1n17:3", false},
		{"\xc1n", "", 0, "\xc1n", false},
		{"17:3:v", "", 0, "17:3:v", false},
		{"", "", 0, "", false},
	} {
		epoch, n, value, ok := parseFrame(tt.in)
		if epoch != tt.epoch || n != tt.n || value != tt.value || ok != tt.ok {
			t.Errorf("cutFrame(%q) = %q, %d, %q, %t", tt.in, epoch, n, value, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("\xc1n17:3:v")
	f.Add("number 17 3 8f2c a name")
	f.Fuzz(func(t *testing.T, s string) {
		_, n, value, ok := parseFrame(s)
		if !strings.HasSuffix(s, value) || ok != (len(value) < len(s)) || ok && n < 1 {
			t.Errorf("cutFrame(%q) = %d, %q, %t", s, n, value, ok)
		}
		if m, ok := parseBarrier(s); ok && m.n < 0 {
			t.Errorf("cutMark(%q) = %v", s, m)
		}
	})
}

func TestSequence(t *testing.T) {
	type step struct {
		what   string // "message", "barrier", "interrupted"
		epoch  string
		n      int64
		missed int64
	}
	for name, steps := range map[string][]step{
		"in a row":              {{"barrier", "a", 0, 0}, {"message", "a", 1, 0}, {"message", "a", 2, 0}},
		"begins in the middle":  {{"message", "a", 7, 0}, {"barrier", "a", 7, 0}, {"message", "a", 8, 0}},
		"one passed over":       {{"barrier", "a", 5, 0}, {"message", "a", 7, 1}, {"message", "a", 8, 0}},
		"reported by the mark":  {{"message", "a", 1, 0}, {"interrupted", "", 0, 0}, {"barrier", "a", 4, 3}, {"message", "a", 5, 0}},
		"reported by the next":  {{"message", "a", 1, 0}, {"interrupted", "", 0, 0}, {"message", "a", 5, 3}, {"barrier", "a", 5, 0}},
		"nothing was missed":    {{"message", "a", 1, 0}, {"interrupted", "", 0, 0}, {"barrier", "a", 1, 0}},
		"expired in between":    {{"message", "a", 9, 0}, {"message", "b", 1, 0}, {"message", "b", 2, 0}},
		"expired over a break":  {{"message", "a", 9, 0}, {"interrupted", "", 0, 0}, {"message", "b", 1, -1}, {"message", "b", 2, 0}},
		"the counter went back": {{"message", "a", 9, 0}, {"message", "a", 5, -1}, {"message", "a", 6, 0}},
		"gone, as a mark says":  {{"message", "a", 9, 0}, {"interrupted", "", 0, 0}, {"barrier", "b", 0, -1}, {"message", "b", 1, 0}},
	} {
		var tr sequence
		for i, s := range steps {
			var missed int64
			switch s.what {
			case "message":
				missed = tr.observe(s.epoch, s.n)
			case "barrier":
				missed = tr.observeBarrier(s.epoch, s.n)
			default:
				tr.interrupted = true
			}
			if missed != s.missed {
				t.Errorf("%s: step %d missed %d; want %d", name, i, missed, s.missed)
			}
		}
	}
}
