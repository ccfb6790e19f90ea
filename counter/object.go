package counter

import (
	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
)

// newObject makes the part of an object that all types with one key share.
var newObject = hub.NewObject.(func(*hub.Handle) desir.Object)
