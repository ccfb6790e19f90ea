package stored_test

import (
	"testing"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/stored"
)

// silent is a codec of another package without a method Deterministic.
type silent struct{ codec.Codec }

// sure is a codec of another package that is deterministic.
type sure struct{ codec.Codec }

func (sure) Deterministic() bool { return true }

func TestCheckDeterministic(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    codec.Codec
		want bool
	}{
		{"nil", nil, true},
		{"auto", codec.Auto, true},
		{"msgpack", codec.Msgpack, true},
		{"text", codec.Text, true},
		{"raw", codec.Raw, true},
		{"json", codec.JSON, false},
		{"limit", codec.Limit(codec.Auto, 10), true},
		{"limit(json)", codec.Limit(codec.JSON, 10), false},
		{"compress", codec.Compress(codec.Auto, 0), false},
		{"encrypt", codec.Encrypt(codec.Auto, nil), false},
		{"sign", codec.Sign(codec.Auto, nil), false},
		{"limit(sign)", codec.Limit(codec.Sign(nil, nil), 10), false},
		{"of a user, silent", silent{codec.Auto}, false},
		{"of a user, sure", sure{codec.Auto}, true},
		{"limit of a user's", codec.Limit(sure{codec.Auto}, 10), true},
	} {
		if err := stored.CheckDeterministic(tc.c); (err == nil) != tc.want {
			t.Errorf("CheckDeterministic(%s) = %v; deterministic: %v", tc.name, err, tc.want)
		}
	}
}
