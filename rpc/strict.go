package rpc

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// A caller without types, such as [Client.Invoke] or a command line, has field names that
// were written by hand. An unknown field is then an error. For a caller with types it is
// only a field that the worker's version of the struct does not have.

// isUntyped reports whether a caller's signature says that it does not know the request's
// type.
func isUntyped(signature string) bool { return strings.HasPrefix(signature, signatureAny+">") }

// fieldCheckerOf returns a function that checks the field names in a request, or nil if
// the type has no named fields.
func fieldCheckerOf(t reflect.Type) func(body string) error {
	if !hasFields(t, map[reflect.Type]bool{}) {
		return nil
	}
	return func(body string) error {
		var v any
		if err := codec.Msgpack.Decode(wire.BytesView(body), &v); err != nil {
			return err
		}
		return checkNames(t, v, "")
	}
}

// hasFields reports whether values of a type contain structs that are encoded as maps.
func hasFields(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] || encodesItself(t) {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		return structSignature(t, 1) == "{}"
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasFields(t.Elem(), seen)
	}
	return false
}

// encodesItself reports whether a type has methods that determine its encoding.
func encodesItself(t reflect.Type) bool {
	if t == timeType {
		return true
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	return hasMsgpackMethods(p) || p.Implements(textMarshaler) || p.Implements(binaryMarshaler)
}

// checkNames compares the field names in an untyped value with those of a type. It leaves
// other mismatches to the decoder.
func checkNames(t reflect.Type, v any, path string) error {
	if encodesItself(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return checkNames(t.Elem(), v, path)
	case reflect.Slice, reflect.Array:
		all, _ := v.([]any)
		for i, e := range all {
			if err := checkNames(t.Elem(), e, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		all, _ := v.(map[string]any)
		for _, k := range sortedKeys(all) {
			if err := checkNames(t.Elem(), all[k], fmt.Sprintf("%s[%s]", path, quotedName(k))); err != nil {
				return err
			}
		}
	case reflect.Struct:
		all, ok := v.(map[string]any)
		if !ok || structSignature(t, 1) != "{}" {
			return nil
		}
		fields := fieldsOf(t)
		for _, k := range sortedKeys(all) {
			f, ok := fields[k]
			if !ok {
				return fmt.Errorf("unknown field %s%s", strings.TrimPrefix(path+"."+quotedName(k), "."), suggestField(k, fields))
			}
			if err := checkNames(f, all[k], strings.TrimPrefix(path+"."+k, ".")); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// fieldsOf returns the fields of a struct by their encoded names.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("msgpack"), ",")
		if name == "-" || f.PkgPath != "" && !f.Anonymous {
			continue
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && !encodesItself(inner) && (f.Anonymous && name == "" || strings.Contains(rest, "inline")) {
			for k, v := range fieldsOf(inner) {
				if _, taken := all[k]; !taken {
					all[k] = v
				}
			}
		}
		if name == "" {
			name = f.Name
		}
		all[name] = f.Type
		for opt := range strings.SplitSeq(rest, ",") {
			if alias, ok := strings.CutPrefix(opt, "alias:"); ok {
				all[alias] = f.Type
			}
		}
	}
	return all
}

const maxListedFields = 8

// suggestField suggests the field that was meant, or lists the fields.
func suggestField(name string, fields map[string]reflect.Type) string {
	names := sortedKeys(fields)
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return "; it is named " + quotedName(n)
		}
	}
	if len(names) > maxListedFields {
		names = append(names[:maxListedFields:maxListedFields], "…")
	}
	return "; the fields are " + strings.Join(names, ", ")
}

// quotedName quotes a name of the caller for use in a text line.
func quotedName(s string) string { return fmt.Sprintf("%.64q", s) }
