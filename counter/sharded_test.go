package counter_test

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestSharded(t *testing.T) { redistest.Each(t, conformance.Sharded) }
