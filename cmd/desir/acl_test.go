package main

import (
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestACL prints rules without a server, and for servers with a user that has these
// rules.
func TestACL(t *testing.T) {
	t.Setenv("DESIR_URL", "")
	follow(t, []step{
		{[]string{"acl", "Value", "v", "reader"}, 0, "%R~v +exists +get +ping +pttl\n"},
		{[]string{"acl", "value", "v*", "READER"}, 0, "%R~v\\* +exists +get +ping +pttl\n"},
		{[]string{"acl", "Map", "m", "reader", "--needed"}, 0, "%R~m +exists +hexists +hget +hgetall +hlen +hmget +hrandfield +hscan +ping +pttl\n"},
		{[]string{"acl", "Topic", "news", "publisher", "--cluster"}, 0, "&news +cluster|slots +ping +publish +command\n"},
		{[]string{"acl", "Topic", "news"}, 1, ""},
		{[]string{"acl", "Topic", "news", "reader"}, 1, ""},
		{[]string{"acl", "Topics", "news", "publisher"}, 1, ""},
		{[]string{"acl", "Topic", "", "publisher"}, 1, ""},
	})
	if status, out, _ := tool(t, "acl"); status != 0 || !strings.Contains(out, "Chan ") || !strings.Contains(out, "worker ") {
		t.Errorf("the list: exit status %d, %s", status, out)
	}
	if _, out, errs := tool(t, "acl", "Value", "two words", "reader"); !strings.HasPrefix(out, "%R~two?words +") || !strings.Contains(errs, "?") {
		t.Errorf("a name with a space: %s, %s", out, errs)
	}
	single, cluster := redistest.StartServer(t), redistest.StartCluster(t, 0)
	for _, url := range []string{"redis://" + single.Addr, "redis+cluster://" + cluster.Addrs[0]} {
		status, out, errs := tool(t, "acl", "Map", "m", "writer", "--url", url)
		if status != 0 {
			t.Fatal(url, errs)
		}
		words := []any{"acl", "setuser", "ada", "on", ">secret"}
		for rule := range strings.FieldsSeq(out) {
			words = append(words, rule)
		}
		for _, s := range append([]*redistest.Server{single}, cluster.Nodes...) {
			if err := s.Client(t).Do(t.Context(), words...).Err(); err != nil {
				t.Fatalf("%s: %s: %v", url, out, err)
			}
		}
		url = strings.Replace(url, "://", "://ada:secret@", 1)
		if status, _, errs := tool(t, "map", "set", "m", "a", "1", "--url", url); status != 0 {
			t.Errorf("%s with %s: %s", url, out, errs)
		}
		if status, _, errs := tool(t, "map", "set", "other", "a", "1", "--url", url); status != 1 || !strings.Contains(errs, "access rules") {
			t.Errorf("%s at another map: %d, %s", url, status, errs)
		}
	}
}
