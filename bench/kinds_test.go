package main

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/desir-go/desir/internal/kinds"
)

// TestKinds checks the promises of package codec with types of other modules. It is in
// this module so that the go.mod of users does not contain those modules.
func TestKinds(t *testing.T) {
	kinds.Check(t, "all", uuid.MustParse("7d444840-9dc0-11d1-b245-5ffdce74fad2"))
	kinds.Check(t, "all", uuid.NullUUID{UUID: uuid.Max, Valid: true})
	kinds.Check(t, "all", decimal.RequireFromString("-123.4500"), decimal.RequireFromString("1e30"))
	kinds.Check(t, "all", decimal.NewNullDecimal(decimal.NewFromInt(5)))
	kinds.Check(t, "", timestamppb.New(time.Unix(5, 5)))
	kinds.Check(t, "", durationpb.New(time.Second))
	kinds.Check(t, "", wrapperspb.String("x"))
	kinds.Check(t, "json", structpb.NewStringValue("x"))
	kinds.Check(t, "", struct {
		At *timestamppb.Timestamp
		ID uuid.UUID
	}{timestamppb.New(time.Unix(5, 5)), uuid.Max})
}
