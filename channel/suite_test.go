package channel_test

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestChan(t *testing.T) { redistest.Each(t, conformance.Chan) }

func TestPriorityQueue(t *testing.T) { redistest.Each(t, conformance.PriorityQueue) }

func TestMailbox(t *testing.T) { redistest.Each(t, conformance.Mailbox) }
