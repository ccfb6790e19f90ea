package channel

import (
	"strings"
	"testing"
)

// FuzzMemberValue checks that valueOf removes the score and the number, and nothing else.
func FuzzMemberValue(f *testing.F) {
	f.Add("1 1760000000000000:tea")
	f.Add("-inf 17600000000000000:tea")
	f.Add("0.5 ")
	f.Fuzz(func(t *testing.T, member string) {
		v := memberValue("-1.5e+300 " + member)
		cut := strings.TrimSuffix(member, v)
		switch {
		case !strings.HasSuffix(member, v):
			t.Errorf("the value of %q is %q", member, v)
		case cut != "" && (len(cut) != 17 || strings.Trim(cut[:16], "0123456789") != "" || cut[16] != ':'):
			t.Errorf("%q was cut off %q", cut, member)
		}
		if got := memberValue("1 1760000000000000:" + member); got != member {
			t.Errorf("pushed %q, and popped %q", member, got)
		}
	})
}
