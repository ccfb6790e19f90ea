package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

const (
	batchLines   = 64  // lines per batch
	batchesAhead = 256 // batches that may wait in Redis
)

// count lets workers count all lines of the files. The reader sends batches of lines
// through the shared channel, and at the end an empty batch for each worker.
func (t *tour) count(ctx context.Context, in *inputFiles, workers int, p *progress) error {
	defer p.end()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			if err := t.work(ctx, p); err != nil {
				stop(err)
			}
		})
	}
	err := t.read(ctx, in)
	for range workers {
		if err == nil {
			err = t.lines.Send(ctx, nil)
		}
	}
	if err != nil {
		stop(err)
	}
	group.Wait()
	return context.Cause(ctx)
}

// read sends the lines of all files.
func (t *tour) read(ctx context.Context, in *inputFiles) error {
	var batch []string
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := t.lines.Send(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
		_, err := t.linesKey.Expire(ctx, tourTTL)
		return err
	}
	for _, f := range in.files {
		lines := bufio.NewReaderSize(f, 64<<10)
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				batch = append(batch, line)
			}
			if len(batch) == batchLines || err != nil {
				if err := flush(); err != nil {
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// work counts the words of batches until the empty one.
func (t *tour) work(ctx context.Context, p *progress) error {
	for lines, err := range t.lines.All(ctx) {
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return nil
		}
		seen, words := map[string]int{}, 0
		for _, line := range lines {
			for _, word := range wordsIn(line) {
				seen[word]++
				words++
			}
		}
		if err := t.add(ctx, seen, len(lines), words); err != nil {
			return err
		}
		p.add(words)
	}
	return nil
}

// add adds the counts of one batch to the shared objects. Each addition is atomic.
func (t *tour) add(ctx context.Context, seen map[string]int, lines, words int) error {
	var distinct []string
	for word, n := range seen {
		if _, err := collections.Add(ctx, t.words, word, n); err != nil {
			return err
		}
		distinct = append(distinct, word)
	}
	if _, err := t.distinct.Add(ctx, distinct...); err != nil {
		return err
	}
	if _, err := t.total.Add(ctx, int64(words)); err != nil {
		return err
	}
	_, err := t.done.Update(ctx, func(old tourProgress, _ bool) (tourProgress, bool, error) {
		return tourProgress{Lines: old.Lines + lines, Words: old.Words + words}, true, nil
	})
	if err != nil {
		return err
	}
	for _, o := range []desir.Object{t.words.Object, t.distinct.Object, t.total.Object, t.done.Object} {
		if _, err := o.Expire(ctx, tourTTL); err != nil {
			return err
		}
	}
	return nil
}

// wordsIn returns the words of a text: sequences of letters and digits of any script,
// with their combining marks.
func wordsIn(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) && !unicode.IsMark(r) })
	return slices.DeleteFunc(words, func(word string) bool { return !strings.ContainsFunc(word, isWord) })
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
