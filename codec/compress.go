package codec

import (
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The first byte of a frame says whether the body is compressed.
const (
	plainBody = 0
	zstdBody  = 1
)

const (
	errFlag refusal = "its first byte is not one that Compress writes"
	errZstd refusal = "not a zstd frame that Compress writes"
)

// Compress compresses the bytes that inner writes with zstd, if they are longer than
// minBytes and become shorter. If minBytes is zero or negative, it always tries. One byte
// in front says whether the value is compressed. Put Compress inside [Encrypt], because
// encrypted bytes cannot be compressed.
//
// Decoding checks the decompressed size before it allocates memory. The decompressed
// bytes count towards the bound of the package, which is computed from the length of the
// stored bytes. A value that could not be decoded within that bound, for example a
// megabyte of zeros, is stored uncompressed.
//
// Another version of zstd may write the same value as other bytes. So Compress cannot be
// used for keys, or for operations that compare values.
func Compress(inner Codec, minBytes int) Codec { return wrap(compress(minBytes), inner) }

type compress int

func (c compress) begin(dst []byte) ([]byte, error) { return append(dst, plainBody), nil }

func (c compress) seal(dst []byte, start, body int, at place, check checker) (_ []byte, err error) {
	defer catchPanic(&err)
	plain := dst[body:]
	if len(plain) <= int(c) || len(plain) == 0 {
		return dst, nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	compressed := zstdEncoder().EncodeAll(plain, (*buf)[:0])
	if cap(compressed) <= maxPooled {
		*buf = compressed[:0]
	}
	if len(compressed) >= len(plain) {
		return dst, nil
	}
	budget, ok := afterDecompress(len(plain), appendBudget(1+len(compressed)))
	if !ok || check(plain, at, budget) != nil {
		return dst, nil
	}
	dst[start] = zstdBody
	return append(dst[:body], compressed...), nil
}

func (c compress) open(data []byte, _ place, budget int) (_ []byte, _ int, err error) {
	defer catchPanic(&err)
	switch {
	case len(data) == 0 || data[0] > zstdBody:
		return nil, 0, errFlag
	case data[0] == plainBody:
		return data[1:], budget, nil
	}
	var h zstd.Header
	if err := h.Decode(data[1:]); err != nil || h.Skippable || !h.HasFCS || h.DictionaryID != 0 {
		return nil, 0, errZstd
	}
	if h.FrameContentSize > uint64(budget) {
		return nil, 0, tooLarge(whyUnpacked)
	}
	budget, ok := afterDecompress(int(h.FrameContentSize), budget)
	if !ok {
		return nil, 0, tooLarge(whyUnpacked)
	}
	// The decoder fills this slice and does not grow it.
	plain, err := zstdDecoder().DecodeAll(data[1:], make([]byte, 0, h.FrameContentSize))
	if err != nil || uint64(len(plain)) != h.FrameContentSize {
		return nil, 0, errZstd
	}
	return plain, budget, nil
}

const (
	whyUnpacked = "it decompresses to more than the length of its stored bytes allows"

	// zstdState is the memory that a decoder may allocate for its state.
	zstdState = 384 << 10
)

// afterDecompress returns what remains of the budget after n bytes were decompressed.
// They may take at most half of it, because the value must still be decoded from them.
func afterDecompress(n, budget int) (rest int, ok bool) {
	budget -= zstdState
	return budget - n, n <= budget/2
}

func (c compress) scope(string) layer  { return c }
func (c compress) binds() bool         { return false }
func (c compress) name() string        { return "compress" }
func (c compress) deterministic() bool { return false }

// The process has one encoder and one decoder. EncodeAll and DecodeAll start no
// goroutines. Each works on as many values at a time as it has states. A state allocates
// its memory when it is first used.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil,
			zstd.WithEncoderConcurrency(min(runtime.GOMAXPROCS(0), 4)),
			zstd.WithWindowSize(1<<20),
			zstd.WithSingleSegment(true), // stores the decompressed size in front
			zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // these options are valid: every test of Compress uses them
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(min(runtime.GOMAXPROCS(0), 4)),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return d
	})
)

// buffers holds buffers for compressed bytes that may turn out not to be shorter.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 64 << 10
