package command

import (
	"slices"
	"strconv"
	"strings"
)

// rule is a condition that a command's grammar cannot express.
type rule struct {
	commands string // ids, separated by spaces
	kind     ruleKind
	token    string
	others   []string
	want     string // the text of the error
}

type ruleKind int

const (
	without  ruleKind = iota // the token excludes the others
	onlyWith                 // the token needs one of the others
	single                   // the token allows only one score and member
	keyless                  // the token requires the third word to be empty
	balanced                 // the token has as many values as there are keys
	word                     // the first word is one of the others
	positive                 // the token's number is at least 1
	natural                  // the token's number is at least 0
	choice                   // the token's word is one of the others
)

// rules lists all rules, at most twenty. A test tries each against a server, both ways;
// docs/design/0017-command.md lists them.
var rules = []rule{
	{"zadd expire pexpire expireat pexpireat", without, "NX", []string{"GT", "LT"}, "NX without GT and LT"},
	{"zadd", single, "INCR", nil, "a single score and member with INCR"},
	{"zrange zrangestore", onlyWith, "LIMIT", []string{"BYSCORE", "BYLEX"}, "LIMIT only with BYSCORE or BYLEX"},
	{"zrange", without, "WITHSCORES", []string{"BYLEX"}, "WITHSCORES without BYLEX"},
	{"xadd xtrim", onlyWith, "LIMIT", []string{"~"}, "LIMIT only with ~"},
	{"georadius georadiusbymember", without, "STORE", []string{"WITHCOORD", "WITHDIST", "WITHHASH"}, "STORE without WITHCOORD, WITHDIST and WITHHASH"},
	{"georadius georadiusbymember", without, "STOREDIST", []string{"WITHCOORD", "WITHDIST", "WITHHASH"}, "STOREDIST without WITHCOORD, WITHDIST and WITHHASH"},
	{"restore restore-asking", without, "IDLETIME", []string{"FREQ"}, "IDLETIME without FREQ"},
	{"lcs", without, "LEN", []string{"IDX"}, "LEN without IDX"},
	{"migrate", keyless, "KEYS", nil, `"" in the place of the key with KEYS`},
	{"client|kill", choice, "SKIPME", []string{"yes", "no"}, "yes or no for SKIPME"},
	{"client|tracking", without, "BCAST", []string{"OPTIN", "OPTOUT"}, "BCAST without OPTIN and OPTOUT"},
	{"client|tracking", without, "OPTIN", []string{"OPTOUT"}, "OPTIN without OPTOUT"},
	{"client|tracking", onlyWith, "PREFIX", []string{"BCAST"}, "PREFIX only with BCAST"},
	{"bitop", word, "", []string{"AND", "OR", "XOR", "NOT"}, "one of AND, OR, XOR, NOT"},
	{"scan hscan sscan zscan", positive, "COUNT", nil, "at least 1 for COUNT"},
	{"memory|usage", natural, "SAMPLES", nil, "at least 0 for SAMPLES"},
	{"client|list", without, "TYPE", []string{"ID"}, "TYPE without ID"},
	{"zunion zinter zunionstore zinterstore", balanced, "WEIGHTS", nil, "as many weights as keys"},
}

// lenient lists commands that accept more than their grammar says: they ignore unknown
// or missing arguments. Check compares only the number of words with their arity.
var lenient = []string{"geohash", "geopos", "lolwut"}

// rulesVersion is the prefix of the server versions that the rules apply to. A later
// server may accept more.
const rulesVersion = "7.0."

// setRules assigns the rules to the commands of a table.
func (s *Spec) setRules() {
	if !strings.HasPrefix(s.Version, rulesVersion) {
		return
	}
	for i := range rules {
		for id := range strings.FieldsSeq(rules[i].commands) {
			if c := s.ids[id]; c != nil {
				c.rules = append(c.rules, &rules[i])
			}
		}
	}
}

// checkRules checks the rules of a command whose words match its grammar.
func (m *matcher) checkRules(c *Command) bool {
	for _, r := range c.rules {
		if r.kind == word && !r.names(m.words[0]) {
			m.ruleFailed = true
			return m.fail(0, "%s", r.want)
		}
		if m.has(r.token) && m.violates(r) {
			m.ruleFailed = true
			return m.fail(len(m.words), "%s", r.want)
		}
	}
	return true
}

// violates reports whether words that contain the rule's token break the rule.
func (m *matcher) violates(r *rule) bool {
	switch r.kind {
	case without:
		return m.hasAny(r.others)
	case onlyWith:
		return !m.hasAny(r.others)
	case single:
		return len(m.words)-m.seen > 3
	case keyless:
		return m.words[2] != ""
	case positive, natural:
		n, err := strconv.Atoi(m.wordAfter(r.token))
		return err == nil && (n < 0 || n == 0 && r.kind == positive)
	case choice:
		return !r.names(m.wordAfter(r.token))
	default:
		return m.weights != m.total
	}
}

// names reports whether word is one of the rule's other words.
func (r *rule) names(word string) bool {
	return slices.ContainsFunc(r.others, func(w string) bool { return strings.EqualFold(w, word) })
}

// wordAfter returns the word after the last occurrence of token, or "".
func (m *matcher) wordAfter(token string) string {
	for i := len(m.words) - 2; i >= 0; i-- {
		if strings.EqualFold(m.words[i], token) {
			return m.words[i+1]
		}
	}
	return ""
}

func (m *matcher) hasAny(tokens []string) bool { return slices.ContainsFunc(tokens, m.has) }
