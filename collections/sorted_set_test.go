package collections_test

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestSortedSet(t *testing.T) { redistest.Each(t, conformance.SortedSet) }
