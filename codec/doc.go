// Package codec turns Go values into the bytes that are stored in Redis, and back.
// It knows nothing of Redis. [Values] and [Keys] resolve a [Codec] for one type;
// the collections do that once, when they are made.
//
// # Forms
//
// [Auto], the default, takes the first form that fits. The static type decides,
// never what a value contains; methods may have either receiver.
//
//	type                                                  stored as
//	time.Time                                             RFC 3339 in UTC, nanoseconds
//	MarshalText (or AppendText) and UnmarshalText         what they write
//	msgp's MarshalMsg and UnmarshalMsg                    what they write
//	MarshalBinary (or AppendBinary) and UnmarshalBinary   what they write
//	string, []byte and named types of these               the bytes
//	bool                                                  1 or 0
//	integers                                              decimal
//	floats                                                shortest decimal; inf, -inf, nan
//	pointers (nil is c0), interfaces, all else            msgpack
//
// So big.Int, netip.Addr and UUIDs are text, url.URL is its text by way of its
// binary methods, *big.Int and *url.URL are msgpack, time.Duration is decimal
// nanoseconds. A struct that embeds a type with such methods has them as well. It is
// stored as what it embeds, and refused if it has other fields, which would be lost.
//
// [Msgpack] and [JSON] store everything in one format, [Text] only what has a text
// above, [Raw] only strings and bytes. [Limit], [Compress], [Encrypt] and [Sign]
// wrap any of them, or a codec of your own.
//
// Texts are read strictly: an integer has no plus, no leading zero, no space, and
// fits its type; a boolean is 1 or 0. Floats may have any form that strconv or Redis
// writes, so counting with HINCRBY and HINCRBYFLOAT works on stored numbers. A nil
// byte slice and an empty one are the same bytes, and come back as an empty one.
//
// # Msgpack
//
// Structs are maps from field names, in the order of the fields, with the tags of
// github.com/vmihailenco/msgpack/v5 (`msgpack:"name,omitempty"`); fields that the type
// does not have are passed over, missing ones stay zero, nil is the zero value of any
// type, and a pointer to nil is nil. Unexported fields are not stored. Integers take as
// few bytes as they can. The keys of maps are sorted: numbers by size, strings by
// bytes, other keys by their encoding; inside an interface, structs are sorted too. So
// equal values have equal bytes, as far as the marshalling methods of their types do
// the same, and but for nil and empty slices.
//
// A pointer to a value that its methods write as nothing, and do not read from it, is
// nil. What the methods of a type do not read of what they write is refused, if the
// zero value of the type is an example of it. So is a number, a boolean or a struct of
// exported fields that its text or binary methods read as another value than they wrote;
// two values whose field Valid is false are the same.
//
// What an interface holds is stored as its own type is, and refused if that is. With
// omitempty a field is left out if it is nil or empty; of a type with methods of its own
// only the zero value is, of a pointer or an interface only nil. A method IsZero says
// what is zero, unless it is written otherwise than the zero value is.
//
// Reading is stricter than the library: an integer that does not fit its type is an
// error, as is a float for an integer, a number that a float cannot hold exactly, more
// elements than an array has, and any byte behind the value. Instants come back in UTC.
// In an interface integers come back as int64, and as uint64 beyond it, floats as
// float64 (but in keys of maps), arrays as []any, and maps and structs as
// map[string]any. An empty array reads as an empty map, since Lua and PHP write one for
// the other. Tests read what libraries of Python, Ruby, PHP, Perl, JavaScript and Lua
// write.
//
// Refused with [ErrUnsupported]: structs that hide something in unexported fields and
// have methods that know it, of a format that the codec does not use (MarshalJSON,
// GobEncode, ProtoReflect: use codec.JSON, give the type text methods, or write a codec
// for it); channels, functions, complex numbers and uintptr; half a pair of marshalling
// methods, or writing by one pair and reading by another; an embedded pointer to a
// struct, unless tagged noinline; an embedded field that is unexported and no struct;
// interned strings; interfaces with methods, but for error, of which the text is
// stored; a struct with nothing but unexported fields, wherever it stands (a field of
// such a type, as a sync.Mutex, is left out if it is tagged "-"); a struct with two
// fields of one name, unless it is stored as an array. Aliases are names too, and so
// are fields of embedded structs, even if another field shadows them: put that one
// first, and the embedded struct is stored as a field. A type whose EncodeMsgpack
// writes several values can be a value, and not a part of one.
//
// Append refuses maps whose keys would not come back: of the keys of a map[any]V,
// those that are no scalars (nor are bytes); two keys with the same bytes, as int8(1)
// and int16(1) in a map[any]V, or one instant in two zones; inside an interface, keys
// that are no strings.
//
// [JSON] is what encoding/json makes of a value. It refuses what would not come back:
// types that JSON does not have; structs with nothing but unexported fields; interfaces
// with methods, error too; two fields of one name; half a pair of marshalling methods,
// and pairs whose methods need a pointer where there is none, in maps and interfaces;
// embedded pointers to unexported structs. In an interface every number comes back as a
// float64, so integers beyond 2^53 are refused there. So are a NaN, an infinity, text
// that is not UTF-8, and keys of maps that their methods read otherwise than JSON
// writes them. A pointer to what writes null is read as nil.
//
// # Keys
//
// Redis compares bytes, so keys of maps and members of sets need a canonical form:
// see [Keys]. Operations that compare values (CompareAndSwap, CompareAndDelete,
// Index, Remove of a value) compare what is stored in the same way, and need a codec
// that is deterministic: Auto, Msgpack, Text, Raw, and Limit around them. Bytes tell
// a nil slice from an empty one, and 0 from -0, where Go's == may not.
//
// # Bounds
//
// Stored bytes are not trusted. Whatever they are, decoding n bytes takes at most
// 1 MiB + 512·n bytes of memory besides the T that is returned, nests at most 64
// deep (JSON 10 000), and ends in a value or an error: a panic in a marshalling
// method, or in a library, becomes one. What a type's own methods take is their own
// affair. A layer that unpacks shares in the one bound, which goes by the stored
// bytes. Where a value could break it, as a long slice of large structs that omit
// all their fields, Append refuses it with [ErrTooLarge], so that what was stored
// can be read. The same holds for a value that is nested deeper, or contains itself.
//
// # Errors
//
// Decoding fails with a [*DecodeError]. It names the type, the codec, the field or
// element inside the value, and what was found and wanted there; the objects add the
// key. No text quotes what was stored: an error of somebody else's unmarshaler shows
// only its type, and still answers to [errors.Is] and [errors.As].
package codec
