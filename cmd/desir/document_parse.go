package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseJSON parses JSON into a document. Integers become int64 or uint64, numbers with
// a point or an exponent become float64.
func parseJSON(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the JSON is not valid UTF-8")
	}
	if err := json.Unmarshal([]byte(text), new(json.RawMessage)); err != nil {
		return nil, err // checks the syntax and bounds the depth
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	return parseValue(dec)
}

func parseValue(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return parseNumber(token.String())
	case json.Delim:
		if token == '{' {
			return parseObject(dec)
		}
		return parseArray(dec)
	}
	return token, nil // nil, a boolean or a string
}

func parseArray(dec *json.Decoder) (any, error) {
	all := []any{}
	for dec.More() {
		v, err := parseValue(dec)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := dec.Token()
	return all, err
}

func parseObject(dec *json.Decoder) (any, error) {
	all, names := mapping{}, map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := parseValue(dec)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if names[name] {
			return nil, fmt.Errorf("the name %.64q occurs twice in an object", name)
		}
		names[name] = true
		all = append(all, pair{key, v})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if len(all) == 1 {
		name := all[0].key.(string)
		if read, ok := tags[name]; ok {
			v, ok := read(all[0].value)
			if !ok {
				return nil, fmt.Errorf("invalid value for %s", name)
			}
			return v, nil
		}
	}
	return all, nil
}

// parseNumber distinguishes integers from floats, and refuses numbers that would not be
// exact.
func parseNumber(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errors.New("a number is out of the range of float64")
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	return nil, errors.New("an integer needs more than 64 bits; write a float with a point or an exponent")
}
