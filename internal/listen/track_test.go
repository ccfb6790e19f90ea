package listen

import (
	"strings"
	"testing"
)

func TestCutFrame(t *testing.T) {
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
		epoch, n, value, ok := cutFrame(tt.in)
		if epoch != tt.epoch || n != tt.n || value != tt.value || ok != tt.ok {
			t.Errorf("cutFrame(%q) = %q, %d, %q, %t", tt.in, epoch, n, value, ok)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("\xc1n17:3:v")
	f.Add("number 17 3 8f2c a name")
	f.Fuzz(func(t *testing.T, s string) {
		_, n, value, ok := cutFrame(s)
		if !strings.HasSuffix(s, value) || ok != (len(value) < len(s)) || ok && n < 1 {
			t.Errorf("cutFrame(%q) = %d, %q, %t", s, n, value, ok)
		}
		if m, ok := cutMark(s); ok && m.n < 0 {
			t.Errorf("cutMark(%q) = %v", s, m)
		}
	})
}

func TestTrack(t *testing.T) {
	type step struct {
		what   string // "see", "mark", "broke"
		epoch  string
		n      int64
		missed int64
	}
	for name, steps := range map[string][]step{
		"in a row":              {{"mark", "a", 0, 0}, {"see", "a", 1, 0}, {"see", "a", 2, 0}},
		"begins in the middle":  {{"see", "a", 7, 0}, {"mark", "a", 7, 0}, {"see", "a", 8, 0}},
		"one passed over":       {{"mark", "a", 5, 0}, {"see", "a", 7, 1}, {"see", "a", 8, 0}},
		"reported by the mark":  {{"see", "a", 1, 0}, {"broke", "", 0, 0}, {"mark", "a", 4, 3}, {"see", "a", 5, 0}},
		"reported by the next":  {{"see", "a", 1, 0}, {"broke", "", 0, 0}, {"see", "a", 5, 3}, {"mark", "a", 5, 0}},
		"nothing was missed":    {{"see", "a", 1, 0}, {"broke", "", 0, 0}, {"mark", "a", 1, 0}},
		"expired in between":    {{"see", "a", 9, 0}, {"see", "b", 1, 0}, {"see", "b", 2, 0}},
		"expired over a break":  {{"see", "a", 9, 0}, {"broke", "", 0, 0}, {"see", "b", 1, -1}, {"see", "b", 2, 0}},
		"the counter went back": {{"see", "a", 9, 0}, {"see", "a", 5, -1}, {"see", "a", 6, 0}},
		"gone, as a mark says":  {{"see", "a", 9, 0}, {"broke", "", 0, 0}, {"mark", "b", 0, -1}, {"see", "b", 1, 0}},
	} {
		var tr track
		for i, s := range steps {
			var missed int64
			switch s.what {
			case "see":
				missed = tr.see(s.epoch, s.n)
			case "mark":
				missed = tr.mark(s.epoch, s.n)
			default:
				tr.broke = true
			}
			if missed != s.missed {
				t.Errorf("%s: step %d missed %d; want %d", name, i, missed, s.missed)
			}
		}
	}
}
