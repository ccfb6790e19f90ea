package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

// tourCmd counts words. Its help text defines a word.
type tourCmd struct {
	Files   []string `arg:"" optional:"" name:"file" help:"Text files; by default the manual of this program."`
	Workers int      `default:"4" help:"Number of goroutines that count (1 to 64)."`
	Top     int      `default:"10" help:"Number of most frequent words to print."`
}

// Help returns the text that follows the flags.
func (tourCmd) Help() string {
	return "A word is a sequence of letters and digits, as in the output of: grep -oE '[[:alnum:]]+' FILE | sort | uniq -c"
}

// manual is the text of a tour without files: the comment of this package.
//
//go:embed doc.go
var manual string

// tourTTL is the expiry of the keys of a tour, in case it is killed.
const tourTTL = time.Hour

// tour has the objects that the workers of one run share. Their names contain the
// number of the run, so that any number of tours can run on one server.
type tour struct {
	number   int64                            // number of the run
	lines    *channel.Chan[[]string]          // batches of lines to count
	words    *collections.Map[string, int]    // count of each word
	distinct *collections.Set[string]         // all words
	total    *counter.Counter                 // number of words
	done     *collections.Value[tourProgress] // progress so far
	top      *collections.List[string]        // the most frequent words

	linesKey desir.Object // the channel's key, to set its expiry
}

// tourProgress is the part of a tour that is done.
type tourProgress struct {
	Lines int
	Words int
}

// tourName returns the name of an object of a run.
func tourName(run int64, part string) string { return fmt.Sprintf("desir:tour:%d:%s", run, part) }

// newTour takes a number for the run and names its objects.
func newTour(ctx context.Context, rdb redis.UniversalClient) (*tour, error) {
	runs := counter.New(rdb, "desir:tour:runs")
	run, err := runs.Next(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := runs.Expire(ctx, 24*tourTTL); err != nil {
		return nil, err
	}
	name := func(part string) string { return tourName(run, part) }
	return &tour{
		number:   run,
		lines:    channel.NewChan[[]string](rdb, name("lines"), channel.Buffer(batchesAhead)),
		words:    collections.NewMap[string, int](rdb, name("words")),
		distinct: collections.NewSet[string](rdb, name("distinct")),
		total:    counter.New(rdb, name("total")),
		done:     collections.NewValue[tourProgress](rdb, name("done")),
		top:      collections.NewList[string](rdb, name("top")),
		linesKey: collections.NewList[string](rdb, name("lines")).Object, // a channel is a list
	}, nil
}

// objects returns the run's objects that live in one key, to set their expiry and to
// remove them.
func (t *tour) objects() []desir.Object {
	return []desir.Object{t.linesKey, t.words.Object, t.distinct.Object, t.total.Object, t.done.Object, t.top.Object}
}

// cleanUp removes everything that the run has stored, even if ctx has ended.
func (t *tour) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	all := t.lines.Clear(ctx)
	for _, o := range t.objects() {
		all = errors.Join(all, o.Clear(ctx))
	}
	return all
}

// Run is "desir tour".
func (c *tourCmd) Run(ctx context.Context, s streams, flags *cli) (err error) {
	if c.Workers < 1 || c.Workers > 64 {
		return fmt.Errorf("--workers is %d, want 1 to 64", c.Workers)
	}
	if c.Top < 0 {
		return fmt.Errorf("--top is %d, want 0 or more", c.Top)
	}
	files, err := openFiles(c.Files)
	if err != nil {
		return err
	}
	defer files.close()
	rdb, where, disconnect, err := connect(ctx, flags.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect()) }()
	var sent commandCounter
	rdb.AddHook(&sent)
	fmt.Fprintf(s.out, "%d workers count %s on %s.\n\n", c.Workers, files.name(), where)

	start := time.Now()
	t, err := newTour(ctx, rdb)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.cleanUp(ctx)) }()
	if err := t.count(ctx, files, c.Workers, newProgress(s.err)); err != nil {
		return err
	}
	found, err := t.result(ctx)
	if err != nil {
		return err
	}
	if err := t.rank(ctx, found, c.Top); err != nil {
		return err
	}
	if err := t.print(ctx, s.out, found); err != nil {
		return err
	}
	if err := t.callWorker(ctx, s.out, rdb, urlOf(rdb, flags)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n%d commands in %v\n", sent.commands.Load(), time.Since(start).Round(time.Millisecond))
	return nil
}

// result is the content of the objects after counting.
type result struct {
	tourProgress
	counts map[string]int
}

var errMismatch = errors.New("the map, the set, the counter and the value do not agree; did another program write to the keys of this run?")

// result reads the objects and compares them.
func (t *tour) result(ctx context.Context) (result, error) {
	progress, _, err := t.done.Get(ctx)
	if err != nil {
		return result{}, err
	}
	total, err := t.total.Value(ctx)
	if err != nil {
		return result{}, err
	}
	distinct, err := t.distinct.Len(ctx)
	if err != nil {
		return result{}, err
	}
	r := result{tourProgress: progress, counts: make(map[string]int, distinct)}
	sum := 0
	for e, err := range t.words.All(ctx) {
		if err != nil {
			return result{}, err
		}
		if _, again := r.counts[e.Key]; !again { // an iteration may repeat an entry
			sum += e.Value
		}
		r.counts[e.Key] = e.Value
	}
	if sum != progress.Words || int64(sum) != total || len(r.counts) != distinct {
		return result{}, errMismatch
	}
	return r, nil
}

// rank puts the most frequent words into the shared list.
func (t *tour) rank(ctx context.Context, r result, top int) error {
	words := slices.SortedFunc(maps.Keys(r.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.counts[b], r.counts[a]), cmp.Compare(a, b))
	})
	if _, err := t.top.PushBack(ctx, words[:min(top, len(words))]...); err != nil {
		return err
	}
	_, err := t.top.Expire(ctx, tourTTL)
	return err
}

// print shows the list and the totals.
func (t *tour) print(ctx context.Context, w io.Writer, r result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for word, err := range t.top.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t %s\n", r.counts[word], shown(word))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d lines, %d words, %d of them distinct\n", r.Lines, r.Words, len(r.counts))
	return err
}
