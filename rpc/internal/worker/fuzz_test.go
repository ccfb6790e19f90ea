package worker

import (
	"runtime"
	"strings"
	"testing"

	"github.com/desir-go/desir/rpc/internal/resp"
)

// bounded fails if f allocates more than its input can justify.
func bounded(t *testing.T, data string, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+200*uint64(len(data)) {
		t.Errorf("%d bytes take %d bytes of memory", len(data), n)
	}
}

// FuzzCalls parses arbitrary bytes as replies of a server that bring calls.
func FuzzCalls(f *testing.F) {
	for _, answer := range []string{
		"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n1\r\n$4\r\n\x93\x01\x00\xc0\r\n", "%1\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$3\r\nnew\r\n$1\r\n1\r\n",
		"*2\r\n$1\r\nk\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1\r\n*-1\r\n", "*1\r\n*2\r\n$1\r\nk\r\n*-1\r\n", "*2\r\n$1\r\nk\r\n*1073741824\r\n", "*2\r\n$536870912\r\n", "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$536870912\r\n",
		"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*1\r\n$1\r\n1\r\n", "*2\r\n:1\r\n$13\r\n1700000000000\r\n",
	} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		p := popReply{key: "k"}
		bounded(t, answer, func() {
			for _, take := range []func(*resp.Reply){p.decode, p.decodeLMPop} {
				take(resp.NewReply(strings.NewReader(answer)))
			}
		})
	})
}
