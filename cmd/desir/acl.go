package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/rights"
)

// aclCmd prints access rules.
type aclCmd struct {
	Type    string `arg:"" optional:"" help:"Type of the object, as in: Chan"`
	Name    string `arg:"" optional:"" help:"Name of the object."`
	Role    string `arg:"" optional:"" help:"What the user does with it, as in: sender"`
	Cluster bool   `help:"For a cluster; with --url the server says it."`
	Needed  bool   `help:"Leave out rights without which the same is done in another way."`
}

// Help is printed behind the flags.
func (aclCmd) Help() string {
	return `The rules are what ACL SETUSER takes, in one line, and only add rights: those of several roles can stand one behind
the other. Without a URL they are for Redis 7.0, and nobody is asked; with one they have the newer commands that the server knows.

  redis-cli ACL SETUSER ada on '>secret' $(desir acl Chan jobs sender)

Without arguments it lists all roles.`
}

// Run is "desir acl".
func (c *aclCmd) Run(ctx context.Context, s streams, flags *cli) error {
	if c.Type == "" {
		return c.list(s)
	}
	role, err := rights.Find(c.Type, c.Role)
	if err != nil {
		return err
	}
	if err := keys.CheckTag(c.Name); err != nil {
		return err
	}
	server := rights.Server{Cluster: c.Cluster}
	if flags.URL != "" {
		if err := online(ctx, flags, func(rdb redis.UniversalClient) (err error) {
			server, err = c.ask(ctx, rdb, role)
			return err
		}); err != nil {
			return err
		}
	}
	rules, spared := role.At(c.Name, server)
	if !c.Needed {
		rules = append(rules, spared...)
	}
	if !rights.Exact(c.Name) {
		fmt.Fprintln(s.err, "desir: rules can have no white space and nothing unprintable: a ? stands there, and matches other names too")
	}
	_, err = fmt.Fprintln(s.out, strings.Join(rules, " "))
	return err
}

// ask asks a server what it is, and which of the commands it knows.
func (c *aclCmd) ask(ctx context.Context, rdb redis.UniversalClient, role rights.Role) (rights.Server, error) {
	_, cluster := rdb.(*redis.ClusterClient)
	s := rights.Server{Cluster: c.Cluster || cluster, Knows: func(string) bool { return true }}
	needed, spared := role.At(c.Name, s)
	words := []any{"command", "info"}
	var names []string
	for _, rule := range append(needed, spared...) {
		if name, ok := strings.CutPrefix(rule, "+"); ok {
			names, words = append(names, name), append(words, name)
		}
	}
	known, err := rdb.Do(ctx, words...).Slice()
	if err != nil {
		return s, fmt.Errorf("which commands the server knows: %w", err)
	}
	unknown := map[string]bool{}
	for i, name := range names {
		unknown[name] = i >= len(known) || known[i] == nil
	}
	s.Knows = func(command string) bool { return !unknown[command] }
	return s, nil
}

// list prints all roles.
func (c *aclCmd) list(s streams) error {
	w := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	for _, r := range rights.Roles {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Type, r.Name, r.Does)
	}
	return w.Flush()
}
