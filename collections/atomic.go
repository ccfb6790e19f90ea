package collections

import (
	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/tx"
)

// inTx returns an object in a transaction.
var inTx = tx.In.(func(*desir.Tx, *clients.Handle) tx.Object)

// texts returns the elements of a reply. Nil becomes an empty text, and is not marked.
func texts(reply []any) []string {
	all := make([]string, len(reply))
	for i, v := range reply {
		all[i], _ = v.(string)
	}
	return all
}

// anys returns arguments of a command.
func anys(all []string) []any {
	args := make([]any, len(all))
	for i, s := range all {
		args[i] = s
	}
	return args
}
