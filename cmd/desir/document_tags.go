package main

import (
	"encoding/base64"
	"math"
	"time"
)

// A value that JSON cannot express is an object with one member, whose name is a tag.
// A map whose only key is a tag is written as a $map.
const (
	tagBytes   = "$bytes"   // {"$bytes": "a byte slice that is UTF-8"}
	tagBase64  = "$base64"  // {"$base64": "base64 of a byte slice that is not UTF-8"}
	tagString  = "$string"  // {"$string": "base64 of a string that is not UTF-8"}
	tagTime    = "$time"    // {"$time": "2024-02-29T12:30:00Z"}
	tagFloat   = "$float"   // {"$float": "nan"}, "inf", "-inf"
	tagFloat32 = "$float32" // {"$float32": 0.1}
	tagMap     = "$map"     // {"$map": [[key, value], …]}: keys that are not strings, or one twice
	tagExt     = "$ext"     // {"$ext": [type, "base64"]}
)

// tags maps each tag to the function that decodes its value.
var tags = map[string]func(any) (any, bool){
	tagBytes: func(v any) (any, bool) {
		s, ok := v.(string)
		return []byte(s), ok
	},
	tagBase64: func(v any) (any, bool) {
		return fromBase64(v)
	},
	tagString: func(v any) (any, bool) {
		data, ok := fromBase64(v)
		return string(data), ok
	},
	tagTime: func(v any) (any, bool) {
		s, _ := v.(string)
		t, err := time.Parse(time.RFC3339Nano, s)
		return t.UTC(), err == nil
	},
	tagFloat: func(v any) (any, bool) {
		f, ok := parseFloat(v)
		return f, ok
	},
	tagFloat32: func(v any) (any, bool) {
		f, ok := parseFloat(v)
		return float32(f), ok
	},
	tagMap: parsePairs,
	tagExt: func(v any) (any, bool) {
		parts, _ := v.([]any)
		if len(parts) != 2 {
			return nil, false
		}
		id, ok := parts[0].(int64)
		data, isData := fromBase64(parts[1])
		return extension{int8(id), data}, ok && isData && id >= math.MinInt8 && id <= math.MaxInt8
	},
}

func fromBase64(v any) ([]byte, bool) {
	s, ok := v.(string)
	data, err := base64.StdEncoding.DecodeString(s)
	return data, ok && err == nil
}

func parseFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case string:
		switch v {
		case "nan":
			return math.NaN(), true
		case "inf":
			return math.Inf(1), true
		case "-inf":
			return math.Inf(-1), true
		}
	}
	return 0, false
}

func parsePairs(v any) (any, bool) {
	pairs, ok := v.([]any)
	all := mapping{}
	for _, e := range pairs {
		two, _ := e.([]any)
		if len(two) != 2 {
			return nil, false
		}
		all = append(all, pair{two[0], two[1]})
	}
	return all, ok
}
