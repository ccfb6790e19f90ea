package command

import (
	"fmt"
	"reflect"
	"strings"
)

// list sets a slice. A map becomes a list of alternating keys and values.
func (c *converter) list(to reflect.Value, reply any) error {
	items, ok := reply.([]any)
	if m, isMap := reply.(map[any]any); isMap {
		ok = true
		for _, k := range sortedKeys(m) {
			items = append(items, k, m[k])
		}
	}
	if !ok {
		return mismatch(reply, to.Type())
	}
	all := reflect.MakeSlice(to.Type(), len(items), len(items))
	for i, item := range items {
		if err := c.set(all.Index(i), item); err != nil {
			return err
		}
	}
	to.Set(all)
	return nil
}

// pairs sets a map, or the tagged fields of a struct.
func (c *converter) pairs(to reflect.Value, reply any) error {
	keys, values, ok := pairsOf(reply)
	if !ok {
		return mismatch(reply, to.Type())
	}
	if to.Kind() == reflect.Struct {
		return c.fields(to, keys, values)
	}
	all := reflect.MakeMapWithSize(to.Type(), len(keys))
	for i := range keys {
		k, v := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		if err := c.set(k, keys[i]); err != nil {
			return err
		}
		if !k.Comparable() {
			return mismatch(keys[i], to.Type().Key())
		}
		if err := c.set(v, values[i]); err != nil {
			return err
		}
		all.SetMapIndex(k, v)
	}
	to.Set(all)
	return nil
}

// pairsOf returns the keys and values in a reply in any of the forms that servers use.
func pairsOf(reply any) (keys, values []any, ok bool) {
	switch reply := reply.(type) {
	case map[any]any:
		for _, k := range sortedKeys(reply) {
			keys, values = append(keys, k), append(values, reply[k])
		}
		return keys, values, true
	case []any:
		for _, item := range reply {
			p, isPair := item.([]any)
			if !isPair || len(p) != 2 {
				return alternating(reply)
			}
			keys, values = append(keys, p[0]), append(values, p[1])
		}
		return keys, values, true
	default:
		return nil, nil, false
	}
}

// alternating splits a list of alternating keys and values.
func alternating(reply []any) (keys, values []any, ok bool) {
	if len(reply)%2 != 0 {
		return nil, nil, false
	}
	for i := 0; i < len(reply); i += 2 {
		keys, values = append(keys, reply[i]), append(values, reply[i+1])
	}
	return keys, values, true
}

// fields sets the fields of a struct whose tags are among the keys.
func (c *converter) fields(to reflect.Value, keys, values []any) error {
	set := 0
	c.inside++
	defer func() { c.inside-- }()
	for i := range to.NumField() {
		field := to.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("redis"), ",")
		if name == "" || name == "-" || !field.IsExported() {
			continue
		}
		for j, k := range keys {
			if k != any(name) {
				continue
			}
			if err := c.set(to.Field(i), values[j]); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
			set++
		}
	}
	if c.depth == 1 {
		c.none = set == 0
	}
	return nil
}
