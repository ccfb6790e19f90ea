package redistest

import "testing"

func TestRename(t *testing.T) {
	names := map[string]string{"10.0.0.2": "127.0.0.1", "10.0.0.3": "elsewhere"}
	for _, tt := range []struct{ reply, want string }{
		{"*2\r\n$8\r\n10.0.0.2\r\n$4\r\n6379\r\n", "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"},
		{"%1\r\n+ip\r\n$8\r\n10.0.0.3\r\n", "%1\r\n+ip\r\n$9\r\nelsewhere\r\n"},
		{"$36\r\nmain 10.0.0.2 6379 10.0.0.3 6380 @ x\r\n", "$38\r\nmain 127.0.0.1 6379 elsewhere 6380 @ x\r\n"},
		{"$9\r\n10.0.0.20\r\n", "$9\r\n10.0.0.20\r\n"},
		{"$9\r\n110.0.0.2\r\n", "$9\r\n110.0.0.2\r\n"},
		{"*3\r\n$-1\r\n:1\r\n$0\r\n\r\n", "*3\r\n$-1\r\n:1\r\n$0\r\n\r\n"},
		{"-ERR no\r\n", "-ERR no\r\n"},
	} {
		if got := string(renameAddrs([]byte(tt.reply), names)); got != tt.want {
			t.Errorf("rename(%q) = %q; want %q", tt.reply, got, tt.want)
		}
	}
	if got := string(renameAddrs([]byte("$8\r\n10.0.0.2\r\n"), nil)); got != "$8\r\n10.0.0.2\r\n" {
		t.Errorf("without names: %q", got)
	}
}
