package main

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// The parser takes every argument that begins with a dash for a flag, even a negative
// number. So a mark that no process argument can contain is put before negative numbers,
// and removed when words and numbers are decoded.
const negativeMark = "\x00"

var negativeNumber = regexp.MustCompile(`^-([0-9.]+([eE][-+]?[0-9]+)?|[iI]nf)$`)

func markNegatives(args []string) []string {
	hidden := make([]string, len(args))
	for i, a := range args {
		if negativeNumber.MatchString(a) {
			a = negativeMark + a
		}
		hidden[i] = a
	}
	return hidden
}

// decodeWord decodes a string argument.
func decodeWord(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	target.SetString(word)
	return err
}

// decodeNumber decodes an integer argument.
func decodeNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(word, 10, target.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s is not a 64-bit integer", shown(word))
	}
	target.SetInt(n)
	return nil
}

// decodeFloat decodes a floating-point argument.
func decodeFloat(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(f) {
		return fmt.Errorf("%s is not a number", shown(word))
	}
	target.SetFloat(f)
	return nil
}

func popWord(ctx *kong.DecodeContext) (string, error) {
	token, err := ctx.Scan.PopValue("text") // PopValueInto would replace bytes that are not UTF-8
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(token.String(), negativeMark), nil
}
