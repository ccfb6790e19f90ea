package command

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestRules tries each rule on a server, with arguments that break it and arguments
// that keep it.
func TestRules(t *testing.T) {
	t.Parallel()
	if len(rules) > 20 {
		t.Errorf("%d rules; at most 20", len(rules))
	}
	rdb := redistest.StartServer(t).Client(t, func(o *redis.Options) { o.PoolSize = 1 })
	live, err := Load(ctx, rdb)
	if err != nil {
		t.Fatal(err)
	}
	same := strings.HasPrefix(live.Version, rulesVersion) // later servers may take more
	tried := map[string][]string{
		"NX without GT and LT":                               {"zadd @key NX GT 1 a", "zadd @key NX LT 1 a", "+zadd @key NX 1 a", "+zadd @key GT XX 1 a", "expire @key 1 NX GT", "pexpire @key 1 LT NX", "expireat @key 1 NX LT", "pexpireat @key 1 NX GT", "+expire @key 1 GT XX"},
		"a single score and member with INCR":                {"zadd @key INCR 1 a 2 b", "zadd @key NX INCR 1 a 2 b", "+zadd @key CH INCR 1 a", "+zadd @key 1 a 2 b"},
		"LIMIT only with BYSCORE or BYLEX":                   {"zrange @key 0 1 LIMIT 0 1", "zrangestore d @key 0 1 LIMIT 0 1", "+zrange @key 0 1 BYSCORE LIMIT 0 1", "+zrange @key - + BYLEX LIMIT 0 1"},
		"WITHSCORES without BYLEX":                           {"zrange @key - + BYLEX WITHSCORES", "+zrange @key 0 1 WITHSCORES"},
		"LIMIT only with ~":                                  {"xadd @key MAXLEN = 5 LIMIT 1 * a b", "xtrim @key MAXLEN 5 LIMIT 1", "+xtrim @key MAXLEN ~ 5 LIMIT 1"},
		"STORE without WITHCOORD, WITHDIST and WITHHASH":     {"georadius @key 1 1 1 km WITHDIST STORE d", "georadiusbymember @key a 1 km WITHHASH STORE d", "+georadius @key 1 1 1 km STORE d"},
		"STOREDIST without WITHCOORD, WITHDIST and WITHHASH": {"georadius @key 1 1 1 km WITHCOORD STOREDIST d", "+georadius @key 1 1 1 km STOREDIST d"},
		"IDLETIME without FREQ":                              {"restore n 0 x IDLETIME 1 FREQ 1", "+restore n 0 x IDLETIME 1"},
		"LEN without IDX":                                    {"lcs @key @key LEN IDX", "+lcs @key @key LEN", "+lcs @key @key IDX"},
		`"" in the place of the key with KEYS`:               {"migrate localhost 1 k 0 1 KEYS a", "+migrate localhost 1 k 0 1 COPY"},
		"one of AND, OR, XOR, NOT":                           {"bitop nand d @key", "+bitop not d @key"},
		"at least 1 for COUNT":                               {"scan 0 COUNT 0", "hscan @key 0 COUNT 0", "+sscan @key 0 COUNT 1"},
		"at least 0 for SAMPLES":                             {"memory|usage @key SAMPLES -1", "+memory|usage @key SAMPLES 0"},
		"yes or no for SKIPME":                               {"client|kill ID 99 SKIPME maybe", "+client|kill ID 99 SKIPME no"},
		"BCAST without OPTIN and OPTOUT":                     {"client|tracking on BCAST OPTIN", "+client|tracking on BCAST"},
		"OPTIN without OPTOUT":                               {"client|tracking on OPTIN OPTOUT", "+client|tracking on OPTIN"},
		"PREFIX only with BCAST":                             {"client|tracking on PREFIX a", "+client|tracking on PREFIX a PREFIX b BCAST"},
		"TYPE without ID":                                    {"client|list TYPE normal ID 1", "+client|list TYPE normal", "+client|list ID 1 2"},
		"as many weights as keys":                            {"zunion 2 @key k WEIGHTS 1", "zinterstore d 1 @key WEIGHTS 1 2 AGGREGATE MAX", "+zunion 2 @key k WEIGHTS 1 2 AGGREGATE MIN"},
	}
	for want, lists := range tried {
		for _, list := range lists {
			list, good := strings.CutPrefix(list, "+")
			words := strings.Fields(list)
			c := need(t, words[0])
			args := make([]any, len(words)-1)
			for i, w := range words[1:] {
				args[i] = w
			}
			checked := c.Check(args...)
			wrong, _ := errors.AsType[*ArgError](checked)
			answer := serverError(t, rdb, c, args)
			if c.id == "client|tracking" {
				rdb.Do(ctx, "client", "tracking", "off")
			}
			switch {
			case good && (checked != nil || answer != nil && shapeErrors.MatchString(answer.Error())):
				t.Errorf("%s keeps the rule: %v; the server: %v", list, checked, answer)
			case !good && (wrong == nil || wrong.Want != want):
				t.Errorf("%s: %v; want %q", list, checked, want)
			case !good && answer == nil && same:
				t.Errorf("%s is fine for the server", list)
			}
		}
	}
	for _, r := range rules {
		if tried[r.want] == nil || len(need(t, strings.Fields(r.commands)[0]).rules) == 0 {
			t.Errorf("the rule %q is not tried, or nobody's", r.want)
		}
	}
}
