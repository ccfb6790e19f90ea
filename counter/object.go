package counter

import (
	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
)

// newObject creates the desir.Object of a type with one key.
var newObject = clients.NewObject.(func(*clients.Handle) desir.Object)
