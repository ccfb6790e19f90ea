package rpc_test

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestRPC(t *testing.T) { redistest.Each(t, conformance.RPC) }
