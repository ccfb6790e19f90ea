// Package codec converts Go values to the bytes that are stored in Redis, and back.
// It does not use Redis itself. [Values] and [Keys] resolve a [Codec] for one type.
// The collections do that once, in their constructors.
//
// # Forms
//
// [Auto], the default, uses the first row of this table that matches the type. The
// static type decides, never the contents of a value. Methods may have a value
// receiver or a pointer receiver.
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
//	pointers, interfaces, all else                        msgpack; a nil pointer is c0 in hex
//
// For example, big.Int, netip.Addr and UUIDs are stored as text. url.URL is stored as its
// text, which its binary methods write. *big.Int and *url.URL are stored as msgpack, and
// time.Duration as decimal nanoseconds. A struct that embeds a type with such methods
// also has these methods. It is stored as the embedded value. If it has other fields, it
// is refused, because they would be lost.
//
// [Msgpack] and [JSON] store everything in one format. [Text] stores only types that have
// a text form in the table, and [Raw] only strings and bytes. [Limit], [Compress],
// [Encrypt] and [Sign] wrap any of them, or a codec that you wrote.
//
// Text is read strictly. An integer has no plus sign, no leading zero and no space, and
// fits its type. A boolean is 1 or 0. Floats may have any form that strconv or Redis
// writes, so HINCRBY and HINCRBYFLOAT work on stored numbers. A nil byte slice and an
// empty one have the same bytes, and are read as an empty slice.
//
// So a program reads what another client wrote as plain text, for example with redis-cli:
// strings and bytes with Auto, Text and Raw, the other types that have a text form with Auto
// and Text, and JSON documents with JSON. Msgpack, Compress, Encrypt and Sign read only bytes
// in their own formats.
//
// # Msgpack
//
// Structs are maps from field names to values, in the order of the fields. The tags are
// those of github.com/vmihailenco/msgpack/v5 (`msgpack:"name,omitempty"`). Decoding
// ignores fields that the type does not have, and leaves missing fields zero. nil is the
// zero value of any type, and a pointer to nil is read as nil. Unexported fields are not
// stored. Integers take as few bytes as possible. The keys of maps are sorted: numbers by
// size, strings by bytes, and other keys by their encoding. The fields of structs inside
// an interface are sorted too. So equal values have equal bytes, with two exceptions: nil
// and empty slices differ, and marshalling methods must themselves write equal values
// alike.
//
// If the methods of a type write no bytes for a value, and cannot decode zero bytes, a
// pointer to that value is read as nil. If the methods cannot read what they write for
// the zero value of the type, Append reads back every value that they write, and refuses
// it if that fails. Append also reads back what text and binary methods write for
// numbers, booleans and structs of exported fields, and refuses a value that comes back
// different. Two values whose field Valid is false count as the same value.
//
// A value in an interface is stored as its dynamic type is, and refused if that type is
// refused. With omitempty, a field is left out if it is nil or empty. A field whose type
// has marshalling methods is left out only if it is the zero value, and a pointer or an
// interface only if it is nil. A method IsZero decides what is zero, unless the value is
// written differently from the zero value.
//
// Decoding is stricter than that library. These are errors: an integer that does not fit
// its type, a float where an integer is wanted, a number that a float cannot hold
// exactly, more elements than an array has, and bytes after the value. Times are returned
// in UTC. In an interface, integers are decoded as int64, or as uint64 if they are
// larger; floats as float64 (except in keys of maps); arrays as []any; maps and structs
// as map[string]any. An empty array can be read as an empty map, because Lua and PHP
// write one for the other. The tests read data that libraries for Python, Ruby, PHP,
// Perl, JavaScript and Lua wrote.
//
// The following types are refused with [ErrUnsupported]:
//
//   - A struct with unexported fields and methods for a format that the codec does not
//     use (MarshalJSON, GobEncode, ProtoReflect). Use codec.JSON, give the type text
//     methods, or write a codec for it.
//   - Channels, functions, complex numbers and uintptr.
//   - A type with only one method of a marshalling pair, or one that is written by one
//     pair and read by another.
//   - An embedded pointer to a struct, unless it is tagged noinline.
//   - An embedded field that is unexported and not a struct.
//   - Interned strings.
//   - Interfaces with methods, except error. The text of an error is stored.
//   - A struct with only unexported fields, wherever it occurs. Tag a field of such a
//     type, for example a sync.Mutex, with "-" to leave it out.
//   - A struct with two fields of the same name, unless it is stored as an array. Aliases
//     count as names. So do the fields of embedded structs, even if another field shadows
//     them; put the shadowing field first, and the embedded struct is stored as a field.
//   - A type whose EncodeMsgpack writes several values, as a part of another value. It
//     can be stored on its own.
//
// Append refuses maps whose keys would be lost: keys of a map[any]V that are neither
// scalars nor bytes; two keys with the same bytes, for example int8(1) and int16(1) in a
// map[any]V, or one instant in two zones; and, inside an interface, keys that are not
// strings.
//
// [JSON] stores what encoding/json writes. It refuses types that would not survive a
// round trip:
//
//   - Types that JSON does not have.
//   - Structs with only unexported fields.
//   - Interfaces with methods, including error.
//   - Structs with two fields of the same name.
//   - A type with only one method of a marshalling pair, and, in maps and interfaces, a
//     type whose methods need a pointer.
//   - Embedded pointers to unexported structs.
//
// It also refuses these values: integers beyond 2^53 in an interface, where every number
// is decoded as a float64; NaN and the infinities; text that is not UTF-8; and keys of
// maps whose methods read something else than JSON writes. A pointer to a value that is
// written as null is read as nil.
//
// # Keys
//
// Redis compares bytes, so keys of maps and members of sets need a canonical form: see
// [Keys]. Operations that compare values (CompareAndSwap, CompareAndDelete, Index, Remove
// of a value) compare the stored bytes. They need a deterministic codec: Auto, Msgpack,
// Text, Raw, or a Limit around one of these. Comparing bytes distinguishes a nil slice
// from an empty one, and 0 from -0, even where Go's == does not.
//
// # Bounds
//
// Stored bytes are not trusted. Decoding n bytes allocates at most 1 MiB + 512·n bytes in
// addition to the returned T, accepts at most 64 levels of nesting (JSON: 10 000), and
// returns a value or an error for any input. A panic in a marshalling method or in a
// library becomes an error. Memory used by a type's own methods is not counted. All
// layers of a codec share one bound, which is computed from the length of the stored
// bytes. If decoding a value would exceed the bound, for example a long slice of large
// structs that omit all their fields, Append refuses it with [ErrTooLarge], so that
// everything stored can be read. Append also refuses a value that is nested more deeply
// or contains itself.
//
// # Errors
//
// Decoding fails with a [*DecodeError]. It names the type, the codec, the field or
// element inside the value, what was found there and what was wanted. The collections add
// the key. The text never quotes stored bytes. For an error of an unmarshaler that is not
// part of this package, it shows only the type of the error; [errors.Is] and [errors.As]
// find the error itself.
package codec
