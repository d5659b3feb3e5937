package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
)

type versionCmd struct{}

func (versionCmd) Help() string { return "Example:\n  tarir version" }

func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "tarir %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
