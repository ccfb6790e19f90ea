package codec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/msgtype"
	"github.com/desir-go/desir/internal/pack"
)

func init() {
	msgtype.Signature = func(t reflect.Type) string {
		p, err := planOf(t)
		if err != nil {
			return anySignature
		}
		return p.signature(signatureDepth)
	}
	msgtype.CheckNames = func(t reflect.Type, data []byte) error {
		p, err := planOf(t)
		if err != nil {
			return err
		}
		g := guard{Tokens: pack.Tokens{Data: data}, budget: budgetFor(len(data)), checkNames: true}
		return g.value(p)
	}
}

const (
	anySignature   = "any"
	signatureDepth = 4
)

// signature describes what msgpack makes of a type, down to the given depth. Deeper parts
// are any.
func (p *plan) signature(depth int) string {
	if depth == 0 {
		return anySignature
	}
	switch p.shape {
	case boolShape:
		return "bool"
	case intShape, uintShape:
		return "int"
	case floatShape:
		return "float"
	case timeShape:
		return "time"
	case stringShape, byteArrayShape, blobShape:
		if p.typ.Kind() == reflect.String && p.shape == stringShape || p.hook == textHook {
			return "text"
		}
		return "bytes"
	case sliceShape, arrayShape:
		return "[" + p.elem.signature(depth-1) + "]"
	case mapShape:
		return "{" + p.key.signature(depth-1) + ":" + p.elem.signature(depth-1) + "}"
	case pointerShape:
		if elem := p.elem.signature(depth - 1); elem != anySignature {
			return strings.TrimSuffix(elem, "?") + "?"
		}
	case structShape:
		if !p.asArray {
			return "{}"
		}
		parts := make([]string, len(p.list))
		for i, f := range p.list {
			parts[i] = f.plan.signature(depth - 1)
		}
		return "(" + strings.Join(parts, ",") + ")"
	}
	return anySignature
}

const maxListedFields = 8

// unknownField returns an error that suggests the field that was meant, or lists the
// fields.
func (p *plan) unknownField(name []byte) error {
	names := slices.Sorted(maps.Keys(p.byName))
	why := fmt.Sprintf("unknown field %.64q", name)
	for _, n := range names {
		if strings.EqualFold(n, string(name)) {
			return refusal(fmt.Sprintf("%s; it is named %q", why, n))
		}
	}
	if len(names) > maxListedFields {
		names = append(names[:maxListedFields], "…")
	}
	return refusal(why + "; the fields are " + strings.Join(names, ", "))
}
