package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// inputFiles are the open files of a tour. Opening all of them first reports an
// unreadable one before anything is counted.
type inputFiles struct{ files []inputFile }

type inputFile struct {
	io.Reader
	name  string
	close func() error
}

// openFiles opens the files, or the manual in the binary.
func openFiles(names []string) (*inputFiles, error) {
	if len(names) == 0 {
		none := func() error { return nil }
		return &inputFiles{[]inputFile{{strings.NewReader(manual), "the manual", none}}}, nil
	}
	var all inputFiles
	for _, name := range names {
		f, err := os.Open(name)
		if err == nil {
			all.files = append(all.files, inputFile{f, name, f.Close})
			var info os.FileInfo
			if info, err = f.Stat(); err == nil && info.IsDir() {
				err = fmt.Errorf("%s is a directory, want a text file", name)
			}
		}
		if err != nil {
			all.close()
			return nil, err
		}
	}
	return &all, nil
}

func (t *inputFiles) close() {
	for _, f := range t.files {
		_ = f.close() // only read
	}
}

// name returns a name for all files.
func (t *inputFiles) name() string {
	if len(t.files) == 1 {
		return t.files[0].name
	}
	return fmt.Sprintf("%d files", len(t.files))
}
