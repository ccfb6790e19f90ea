package pack

import "testing"

// BenchmarkReader reads the tokens of a frame.
func BenchmarkReader(b *testing.B) {
	frame := AppendString(AppendUint(AppendArray(nil, 5), 1), "desir:inbox:0123456789abcdef")
	frame = AppendBinary(AppendString(AppendUint(frame, 1<<60), "Method"), "a body of some bytes")
	data := string(frame)
	for b.Loop() {
		r := Reader{Data: data}
		_, _, _, _, _, _ = r.Array(), r.Uint(), r.String(), r.Uint(), r.String(), r.Binary()
	}
}
