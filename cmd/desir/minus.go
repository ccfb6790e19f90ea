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

// The parser takes whatever begins with a dash for a flag, negative numbers too.
// So these get a mark in front that no argument of a process can have, which is
// taken off again where words and numbers are read.
const mark = "\x00"

var negative = regexp.MustCompile(`^-([0-9.]+([eE][-+]?[0-9]+)?|[iI]nf)$`)

func hideMinus(args []string) []string {
	hidden := make([]string, len(args))
	for i, a := range args {
		if negative.MatchString(a) {
			a = mark + a
		}
		hidden[i] = a
	}
	return hidden
}

// decodeWord is how the parser reads texts.
func decodeWord(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	target.SetString(word)
	return err
}

// decodeNumber is how the parser reads integers.
func decodeNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(word, 10, target.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s is no integer of 64 bits", shown(word))
	}
	target.SetInt(n)
	return nil
}

// decodeFloat is how the parser reads numbers with a fraction.
func decodeFloat(ctx *kong.DecodeContext, target reflect.Value) error {
	word, err := popWord(ctx)
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(f) {
		return fmt.Errorf("%s is no number", shown(word))
	}
	target.SetFloat(f)
	return nil
}

func popWord(ctx *kong.DecodeContext) (string, error) {
	token, err := ctx.Scan.PopValue("text") // PopValueInto would replace bytes that are no UTF-8
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(token.String(), mark), nil
}
