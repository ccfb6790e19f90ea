package desir_test

import (
	"math"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestExpireBounds tries durations at the edges of their range.
func TestExpireBounds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		v := collections.NewValue[string](r.Client, r.Key("v"))
		for _, tt := range []struct {
			d     time.Duration
			lives bool
		}{
			{1, true}, // rounded up to a millisecond; see below
			{time.Hour, true},
			{math.MaxInt64, true},
			{0, false},
			{-1, false},
			{math.MinInt64, false},
		} {
			if err := v.Set(ctx, "x"); err != nil {
				t.Fatal(err)
			}
			if ok, err := v.Expire(ctx, tt.d); !ok || err != nil {
				t.Errorf("Expire(%d) = %t, %v", tt.d, ok, err)
			}
			if tt.d < time.Hour && tt.lives {
				continue // may be gone by the time one looks
			}
			if ok, err := v.Exists(ctx); ok != tt.lives || err != nil {
				t.Errorf("after Expire(%d) Exists = %t, %v; want %t", tt.d, ok, err, tt.lives)
			}
		}
	})
}
