package collections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
)

// Number is the constraint of [Add]: integers, floats, and types based on them.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64
}

var (
	errNotDecimal = fmt.Errorf("%w: Add works on numbers stored as decimal text; use the default codec", codec.ErrUnsupported)
	errRange      = errors.New("the sum does not fit the type; nothing was changed")
	errDelta      = errors.New("the delta does not fit a signed 64-bit integer, the most that Redis adds")
	errFinite     = errors.New("the delta is not a finite number")
)

// Add adds delta to the number under key and returns the sum. A missing number counts
// as 0.
//
// Add sends one HINCRBY. For floats and for numbers of less than 64 bits it runs a
// script of the same cost. Either takes one round trip, is O(1) and atomic, and is sent
// once. After [desir.ErrMaybeRan], check the number before adding again.
//
// If the sum does not fit the type or a signed 64-bit integer, Add returns an error and
// changes nothing. If the field is not a number, the error is [desir.ErrWrongType]. Redis
// rounds sums of floats to 17 decimal places.
func Add[K comparable, N Number](ctx context.Context, m *Map[K, N], key K, delta N) (N, error) {
	sum, err := add(ctx, m, key, delta)
	return sum, m.h.Fail("Add", err)
}

func add[K comparable, N Number](ctx context.Context, m *Map[K, N], key K, delta N) (sum N, err error) {
	_, field, err := m.field(key)
	if err != nil {
		return 0, err
	}
	if one, err := m.values.Encode(1); err != nil || one != "1" {
		return 0, errors.Join(errNotDecimal, err)
	}
	var raw string
	switch v := reflect.ValueOf(delta); {
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		err = errFinite
	case v.CanFloat() && v.Type().Bits() == 64:
		raw, err = m.addChecked(ctx, hashAddFloat, field, decimal(v), math.MaxFloat64)
	case v.CanFloat():
		raw, err = m.addChecked(ctx, hashAddFloat, field, decimal(v), float64(math.MaxFloat32))
	case v.CanInt() && v.Type().Bits() == 64:
		raw, err = m.addInt(ctx, field, v.Int())
	case v.CanInt():
		top := int64(1)<<(v.Type().Bits()-1) - 1
		raw, err = m.addChecked(ctx, hashAddWithin, field, v.Int(), -top-1, top)
	case v.Uint() > math.MaxInt64:
		err = errDelta
	case v.Type().Bits() == 64:
		raw, err = m.addInt(ctx, field, int64(v.Uint()))
	default:
		raw, err = m.addChecked(ctx, hashAddWithin, field, int64(v.Uint()), 0, int64(1)<<v.Type().Bits()-1)
	}
	if err != nil {
		return 0, err
	}
	return m.values.Decode(raw, m.h.Key, field)
}

func (m *Map[K, V]) addInt(ctx context.Context, field string, delta int64) (string, error) {
	sum, err := clients.Write(ctx, m.h, redis.NewIntCmd, "hincrby", field, delta)
	return strconv.FormatInt(sum, 10), err
}

func decimal(v reflect.Value) string { return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()) }

// addChecked runs a script that changes nothing if the sum does not fit.
func (m *Map[K, V]) addChecked(ctx context.Context, s *script.Script, field string, args ...any) (string, error) {
	reply, err := s.RunOn(ctx, m.h, append([]any{field}, args...)...)
	if err != nil {
		return "", err
	}
	parts, _ := reply.([]any)
	if len(parts) != 2 {
		return "", errRange
	}
	sum, _ := parts[1].(string)
	return sum, nil
}
