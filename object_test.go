package desir_test

import (
	"math"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestExpireBounds calls Expire with durations at the limits of their range.
func TestExpireBounds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		v := collections.NewValue[string](r.Client, r.Key("v"))
		for _, tt := range []struct {
			d     time.Duration
			lives bool
		}{
			{1, true}, // rounded up to a millisecond
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
				continue // the key may already have expired
			}
			if ok, err := v.Exists(ctx); ok != tt.lives || err != nil {
				t.Errorf("after Expire(%d) Exists = %t, %v; want %t", tt.d, ok, err, tt.lives)
			}
		}
	})
}

// TestFarExpiry calls ExpireAt with times in the far future and before 1970.
func TestFarExpiry(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		v := collections.NewValue[string](r.Client, r.Key("v"))
		for _, tt := range []struct {
			at    time.Time
			lives bool
		}{
			{time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC), true},
			{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), true},
			{time.Unix(math.MaxInt64/1000+1000, 0), true},
			{time.Unix(1<<62, 0), true},
			{time.Unix(0, 0), false},
			{time.Time{}, false},
			{time.Unix(math.MinInt64/1000-1000, 0), false},
		} {
			if err := v.Set(ctx, "x"); err != nil {
				t.Fatal(err)
			}
			if ok, err := v.ExpireAt(ctx, tt.at); !ok || err != nil {
				t.Errorf("ExpireAt(%v) = %t, %v", tt.at, ok, err)
			}
			if ok, err := v.Exists(ctx); ok != tt.lives || err != nil {
				t.Errorf("after ExpireAt(%v) Exists = %t, %v; want %t", tt.at, ok, err, tt.lives)
			}
			if d, ok, err := v.TTL(ctx); ok != tt.lives || err != nil || tt.lives && d < 290*365*24*time.Hour {
				t.Errorf("after ExpireAt(%v) TTL = %v, %t, %v", tt.at, d, ok, err)
			}
		}
	})
}
