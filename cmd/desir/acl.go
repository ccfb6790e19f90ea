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

// aclCmd prints ACL rules.
type aclCmd struct {
	Type    string `arg:"" optional:"" help:"Type of the object, for example Chan. Without arguments all roles are listed."`
	Name    string `arg:"" optional:"" help:"Name of the object."`
	Role    string `arg:"" optional:"" help:"Role of the user, for example sender."`
	Cluster bool   `help:"Print the rules for a cluster. With --url the tool asks the server."`
	Needed  bool   `help:"Print only the rules that the role cannot do without."`
}

// Help returns the text that follows the flags.
func (aclCmd) Help() string {
	return `The rules are arguments of ACL SETUSER, on one line. They only add rights, so the rules of several roles can be
combined. Without a URL they are the rules for Redis 7.0. With a URL they include newer commands that the server has.

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
		fmt.Fprintln(s.err, "desir: warning: a rule cannot contain white space or unprintable characters; each is replaced by ?, which also matches other names")
	}
	_, err = fmt.Fprintln(s.out, strings.Join(rules, " "))
	return err
}

// ask returns what kind of server it is and which of the role's commands it has.
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
		return s, fmt.Errorf("asking the server for its commands: %w", err)
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
