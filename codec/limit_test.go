package codec

import (
	"errors"
	"strings"
	"testing"
)

func TestLimit(t *testing.T) {
	for _, tc := range []struct {
		max  int
		text string
		want error
	}{
		{5, "12345", nil}, {5, "123456", ErrTooLarge}, {0, "", nil}, {0, "1", ErrTooLarge}, {-1, "", nil}, {-1, "1", ErrTooLarge},
	} {
		c := Limit(Auto, tc.max)
		typed, err := Values[string](c)
		if err != nil {
			t.Fatal(err)
		}
		data, err := typed.Append([]byte("before"), tc.text)
		if !errors.Is(err, tc.want) || err == nil && string(data) != "before"+tc.text || err != nil && string(data) != "before" {
			t.Errorf("Limit(%d): Append(%q) = %q, %v; want %v", tc.max, tc.text, data, err, tc.want)
		}
		if _, err := typed.Decode([]byte(tc.text)); !errors.Is(err, tc.want) {
			t.Errorf("Limit(%d): Decode(%q) = %v; want %v", tc.max, tc.text, err, tc.want)
		}
		if _, err := c.Append(nil, tc.text); !errors.Is(err, tc.want) {
			t.Errorf("Limit(%d): untyped Append(%q) = %v; want %v", tc.max, tc.text, err, tc.want)
		}
	}
}

// TestLimitComesFirst checks that the inner codec is not called for bytes that are too
// long.
func TestLimitComesFirst(t *testing.T) {
	var err error
	long := []byte(strings.Repeat("x", 1<<20))
	if got := allocated(func() { err = Limit(Auto, 1<<10).Decode(long, new(string)) }); got > 64<<10 {
		t.Errorf("a value over the limit took %d bytes", got)
	}
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("Decode = %v; want ErrTooLarge", err)
	}
}
