package desir

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/oneline"
)

// target is a parsed URL. Exactly one of single, cluster and sentinel is set.
type target struct {
	single   *redis.Options
	cluster  *redis.ClusterOptions
	sentinel *redis.FailoverOptions

	user, password string
	db             int    // the database of a cluster
	shown          string // the URL without user, password and options
}

const forms = `want redis://host, rediss://host, unix:///path, redis+cluster://h1,h2 or redis+sentinel://h1,h2/master`

// Reasons why a URL is refused. None quotes a part of the URL, because a password with a
// special character can end up in any part.
var (
	errScheme   = errors.New("the URL has no known scheme; " + forms)
	errEscape   = errors.New("the URL has an @ after the address, or a bad escape; percent-encode / ? # @ % in user and password")
	errAddress  = errors.New("the URL's address must be host, host:port or, for a cluster or sentinels, a list of these; " + forms)
	errDatabase = errors.New("the URL's path is not a database number")
	errMaster   = errors.New("the URL of sentinels lacks the master's name; " + forms)
	errSocket   = errors.New("the URL lacks the path of the socket; " + forms)
	errQuery    = errors.New("the URL's options must be name=value&name=value, percent-encoded")
	errTwice    = errors.New("the URL also has an address or a master's name among its options")
)

// aliases maps alternative schemes to the schemes they stand for.
var aliases = map[string]string{"valkey": "redis", "valkeys": "rediss"}

// parseURL splits off user, password and hosts itself, because url.Parse does not
// accept lists of hosts and quotes its input in errors. It passes the rest, mostly the
// options, to go-redis's parsers, without the credentials.
func parseURL(raw string) (*target, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, errScheme
	}
	base, kind, plus := strings.Cut(scheme, "+")
	if like := aliases[base]; like != "" {
		base = like
		if scheme = base; plus {
			scheme += "+" + kind
		}
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	t := &target{}
	hosts, err := t.credentials(authority)
	if err != nil || strings.ContainsAny(query+path, "@#") && base != "unix" {
		return nil, errEscape
	}
	values, err := parseQuery(query)
	if err != nil {
		return nil, err
	}
	t.shown = scheme + "://" + hosts
	files, err := takeCertificates(values, kind == "cluster")
	if err != nil {
		return nil, err
	}
	if err := t.parse(scheme, base, kind, hosts, path, values); err != nil {
		return nil, err
	}
	return t, files.apply(t.config())
}

// parse fills in the target's options by the kind of URL.
func (t *target) parse(scheme, base, kind, hosts, path string, values url.Values) error {
	switch {
	case scheme == "redis" || scheme == "rediss":
		return t.parseSingle(base, hosts, path, values)
	case scheme == "unix":
		return t.parseSocket(hosts, path, values)
	case base != "redis" && base != "rediss":
		return errScheme
	case kind == "cluster":
		return t.parseCluster(base, hosts, path, values)
	case kind == "sentinel":
		return t.parseSentinel(base, hosts, path, values)
	default:
		return errScheme
	}
}

// parseQuery parses the options and refuses those that go-redis's parsers would ignore.
func parseQuery(query string) (url.Values, error) {
	values, err := url.ParseQuery(query)
	switch {
	case err != nil:
		return nil, errQuery
	case values.Has("addr") || values.Has("master_name"):
		return nil, errTwice
	default:
		return values, nil
	}
}

// credentials stores the user and password before the last @ and returns the hosts
// after it.
func (t *target) credentials(authority string) (hosts string, err error) {
	i := strings.LastIndexByte(authority, '@')
	if i < 0 {
		return authority, nil
	}
	user, password, ok := strings.Cut(authority[:i], ":")
	if !ok {
		user, password = "", user // redis://password@host
	}
	if t.user, err = url.PathUnescape(user); err != nil {
		return "", err
	}
	t.password, err = url.PathUnescape(password)
	return authority[i+1:], err
}

func (t *target) parseSingle(base, hosts, path string, query url.Values) (err error) {
	list, err := addresses(hosts, "6379")
	if err != nil || len(list) != 1 {
		return errAddress
	}
	db := strings.Trim(path, "/")
	if strings.Trim(db, "0123456789") != "" {
		return errDatabase
	}
	t.single, err = redis.ParseURL(base + "://" + list[0] + "/" + db + "?" + query.Encode())
	return options(err, query)
}

func (t *target) parseSocket(hosts, path string, query url.Values) (err error) {
	if hosts != "" || strings.Trim(path, "/") == "" {
		return errSocket
	}
	path, err = url.PathUnescape(path)
	if err != nil {
		return errEscape
	}
	t.shown += path
	u := url.URL{Scheme: "unix", Path: path, RawQuery: query.Encode()}
	t.single, err = redis.ParseURL(u.String())
	return options(err, query)
}

func (t *target) parseCluster(base, hosts, path string, query url.Values) (err error) {
	list, err := addresses(hosts, "6379")
	if err != nil {
		return err
	}
	if db := strings.Trim(path, "/"); db != "" { // the server refuses databases it does not have
		if t.db, err = strconv.Atoi(db); err != nil || t.db < 0 {
			return errDatabase
		}
	}
	t.cluster, err = redis.ParseClusterURL(base + "://" + list[0] + "?" + query.Encode())
	if err == nil {
		t.cluster.Addrs = list
	}
	return options(err, query)
}

func (t *target) parseSentinel(base, hosts, path string, query url.Values) (err error) {
	list, err := addresses(hosts, "26379")
	if err != nil {
		return err
	}
	master, err := url.PathUnescape(strings.Trim(path, "/"))
	if err != nil || master == "" || strings.Contains(master, "/") {
		return errMaster
	}
	t.shown += "/" + master
	rest := maps.Clone(query)
	rest.Del("sentinel_username")
	rest.Del("sentinel_password")
	t.sentinel, err = redis.ParseFailoverURL(base + "://" + list[0] + "?" + rest.Encode())
	if err == nil {
		o := t.sentinel
		o.SentinelAddrs, o.MasterName = list, master
		o.SentinelUsername, o.SentinelPassword = query.Get("sentinel_username"), query.Get("sentinel_password")
	}
	return options(err, query)
}

// addresses splits a list of hosts and adds the default port where a host has none.
func addresses(hosts, port string) ([]string, error) {
	list := strings.Split(hosts, ",")
	for i, host := range list {
		if host == "" {
			return nil, errAddress
		}
		u, err := url.Parse("//" + host)
		if err != nil || u.Host != host || u.Hostname() == "" {
			return nil, errAddress
		}
		list[i] = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	}
	return list, nil
}

// options returns an error for a parser's refusal that names the options without their
// values.
func options(err error, query url.Values) error {
	if err == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(query))
	return fmt.Errorf("an option of the URL is unknown or has an invalid value (options: %s)", oneline.Text(strings.Join(names, ", "), oneline.Name))
}
