package collections

import (
	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
)

// newObject creates the desir.Object of a type with one key.
var newObject = hub.NewObject.(func(*hub.Handle) desir.Object)
