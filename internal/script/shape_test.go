package script

import "testing"

func TestShapes(t *testing.T) {
	for _, tt := range []struct {
		shape string
		reply any
		fits  bool
	}{
		{"integer", int64(1), true},
		{"integer", "1", false},
		{"integer", nil, false},
		{"integer", []any{int64(1)}, false},
		{"text", "a", true},
		{"text", int64(1), false},
		{"text or nil", nil, true},
		{"text or nil", "a", true},
		{"text or nil", int64(1), false},
		{"text", 1.5, false},
		{"text", true, false},
		{"text", map[any]any{}, false},
		{"{}", []any{}, true},
		{"{}", []any{int64(1)}, false},
		{"{}", nil, false},
		{"{integer, text}", []any{int64(1), "a"}, true},
		{"{integer, text}", []any{int64(1)}, false},
		{"{integer, text}", []any{int64(1), "a", "b"}, false},
		{"{integer, text}", []any{"a", int64(1)}, false},
		{"{integer, text} or {}", []any{}, true},
		{"{integer, text} or {integer}", []any{int64(0)}, true},
		{"{integer...}", []any{}, true},
		{"{integer...}", []any{int64(1), int64(2)}, true},
		{"{integer...}", []any{int64(1), nil}, false},
		{"{integer, text...}", []any{int64(1)}, true},
		{"{integer, text...}", []any{}, false},
		{"{integer, text...}", []any{int64(1), "a", "b", "c"}, true},
		{"{integer, text...}", []any{int64(1), "a", int64(2)}, false},
		{"{text, {text...}, text}", []any{"0", []any{"a", "b"}, ""}, true},
		{"{text, {text...}, text}", []any{"0", []any{}, ""}, true},
		{"{text, {text...}, text}", []any{"0", "a", ""}, false},
		{"{text, {text...}, text}", []any{"0", []any{int64(1)}, ""}, false},
		{"{integer", []any{int64(1)}, false},
		{"intger", int64(1), false},
	} {
		if got := replyShape("-- a\n-- reply: " + tt.shape + "\nreturn 1").matches(tt.reply); got != tt.fits {
			t.Errorf("%s fits %v: %t; want %t", tt.shape, tt.reply, got, tt.fits)
		}
	}
}
