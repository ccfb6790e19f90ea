package codec

import (
	"reflect"
	"strings"

	"github.com/desir-go/desir/internal/pack"
)

// structure finds the fields of a struct as the library does: by tags, with the fields of
// embedded structs and with aliases. Tests compare it with what the library writes.
func (b *planner) structure(p *plan, t reflect.Type) error {
	fs, err := b.fields(t)
	if err != nil {
		return err
	}
	if fs.duplicate != "" && !fs.asArray {
		return unsupported(t, fs.duplicate)
	}
	p.asArray = fs.asArray
	p.omits = fs.omits
	p.list = fs.list
	p.byName, p.paths = fs.byName, fs.paths
	p.parts = fs.parts
	return nil
}

type fieldSet struct {
	list      []planField
	parts     []planPart
	byName    map[string]*plan
	paths     map[string]string // the fields in Go, by the names in byName
	duplicate string            // the error for two fields of one name; empty if there is none
	asArray   bool
	omits     bool
}

func (fs *fieldSet) add(f planField) {
	fs.addName(f.name, f.path, f.plan)
	fs.list = append(fs.list, f)
}

// addName registers a name of a field, and notes a name that two fields have. The library
// only logs that case and uses the last field, so the values of the others would be lost.
func (fs *fieldSet) addName(name, path string, p *plan) {
	if other, ok := fs.paths[name]; ok && other != path && fs.duplicate == "" {
		fs.duplicate = duplicateField(name, other, path)
	}
	fs.byName[name], fs.paths[name] = p, path
}

func duplicateField(name, one, other string) string {
	return "two fields are stored as " + name + ": " + one + " and " + other
}

func (fs *fieldSet) has(of []planField) bool {
	for _, f := range of {
		if fs.byName[f.name] != nil {
			return true
		}
	}
	return false
}

func (b *planner) fields(t reflect.Type) (*fieldSet, error) {
	if err := checkHasExported(t); err != nil {
		return nil, err
	}
	fs := &fieldSet{byName: map[string]*plan{}, paths: map[string]string{}}
	omitAll := false
	for i := range t.NumField() {
		f := t.Field(i)
		tag, err := parseTag(t, f)
		if err != nil {
			return nil, err
		}
		if tag.name == "-" {
			continue
		}
		fs.omits = fs.omits || tag.has("omitempty")
		if f.Name == "_msgpack" {
			fs.asArray = tag.has("as_array") || tag.has("asArray")
			omitAll = tag.has("omitempty") // applies to the fields after it
		}
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		if tag.has("intern") {
			return nil, unsupported(t, "field "+f.Name+" is interned: its bytes would depend on the fields before it")
		}
		part, err := b.plan(f.Type)
		if err != nil {
			return nil, err
		}
		fs.parts = append(fs.parts, planPart{i, part})
		own := planField{name: tag.name, path: f.Name, offset: f.Offset, plan: part, omit: omitAll || tag.has("omitempty")}
		if own.name == "" {
			own.name = f.Name
		}
		own.stored = string(pack.AppendString(nil, own.name))
		if f.Anonymous && !tag.has("noinline") {
			taken, err := b.embed(fs, t, f, tag.has("inline"))
			if err != nil {
				return nil, err
			}
			if taken {
				fs.addName(own.name, own.path, part)
				continue
			}
		}
		if f.Anonymous && !f.IsExported() && part.shape != structShape {
			return nil, embedsUnexported(t, f)
		}
		fs.add(own)
		if alias, ok := tag.options["alias"]; ok {
			fs.addName(alias, own.path, part)
		}
	}
	return fs, nil
}

// embed adds the fields of an embedded struct, if the library does so.
//
// It refuses an embedded pointer. To fill it, the library would start a goroutine for its
// type that never ends and keeps 256 values.
func (b *planner) embed(fs *fieldSet, t reflect.Type, f reflect.StructField, forced bool) (taken bool, err error) {
	at := f.Type
	for at.Kind() == reflect.Pointer {
		at = at.Elem()
	}
	h := hookOf(at)
	switch {
	case at.Kind() != reflect.Struct && forced:
		return false, unsupported(t, "field "+f.Name+" is tagged inline and is not a struct")
	case at.Kind() != reflect.Struct, h != noHook && !forced:
		return false, nil
	case at != f.Type:
		return false, unsupported(t, "it embeds "+f.Type.String()+"; embed the struct itself, or tag the field `msgpack:\",noinline\"`")
	}
	inner, err := b.fields(at)
	if err != nil || !forced && fs.has(inner.list) {
		return false, err
	}
	fs.omits = fs.omits || inner.omits
	for _, in := range inner.list {
		in.offset += f.Offset
		in.path = f.Name + "." + in.path
		if other, ok := fs.paths[in.name]; ok && forced {
			return false, unsupported(t, duplicateField(in.name, other, in.path)) // the library drops it
		}
		fs.add(in)
	}
	return true, nil
}

// embedsUnexported returns the error for an embedded field that is unexported and not a
// struct.
func embedsUnexported(t reflect.Type, f reflect.StructField) error {
	return unsupported(t, "it embeds "+f.Type.String()+", which is unexported, and could not be read back. Give the field a name, or the tag \"-\"")
}

type fieldTag struct {
	name    string
	options map[string]string
}

func (t fieldTag) has(option string) bool {
	_, ok := t.options[option]
	return ok
}

// parseTag reads `msgpack:"name,option,key:value"`. The library also supports quotes and
// brackets. A tag that uses them is refused.
func parseTag(t reflect.Type, f reflect.StructField) (fieldTag, error) {
	text := f.Tag.Get("msgpack")
	tag := fieldTag{options: map[string]string{}}
	if strings.ContainsAny(text, `'\(`) {
		return tag, unsupported(t, "the msgpack tag of field "+f.Name+" has quotes or brackets")
	}
	for i, part := range strings.Split(text, ",") {
		key, value, checkKeys := strings.Cut(part, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "" {
			key, value, checkKeys = value, "", false
		}
		if i == 0 && !checkKeys {
			tag.name = key
		} else if key != "" {
			tag.options[key] = value
		}
	}
	return tag, nil
}
