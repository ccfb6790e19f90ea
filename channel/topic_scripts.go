package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/topic_number.lua
	topicNumber string
	//go:embed scripts/topic_publish.lua
	topicPublishSource string
	//go:embed scripts/topic_barrier.lua
	topicBarrierSource string
)

var (
	topicPublish = script.New(topicPublishSource, topicNumber)
	topicBarrier = script.New(topicBarrierSource, topicNumber)
)
