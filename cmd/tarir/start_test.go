package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStartIsOneCommand: a node of one's own, with an address that leads to the registration of a passkey; and again, in the same folder.
func TestStartIsOneCommand(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	t.Setenv("TARIR_PASSPHRASE", "correct horse battery")
	dir := filepath.Join(t.TempDir(), "own")
	taken := &startCmd{Data: dir, Member: "HOME", Name: "Mine", Country: "XX", Person: "ann", Port: port}
	if err := taken.Run(&env{t.Context(), strings.NewReader(""), io.Discard, io.Discard}); err == nil || !strings.Contains(err.Error(), "choose another with --port") {
		t.Errorf("at a port that is taken: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a node was made that cannot be opened")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ctx, stop := context.WithCancel(t.Context())
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			c := &startCmd{Data: dir, Member: "HOME", Name: "Mine", Country: "XX", Person: "ann", Port: port}
			done <- c.Run(&env{ctx, strings.NewReader(""), w, io.Discard})
			w.Close()
		}()
		address := ""
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if s := strings.TrimSpace(lines.Text()); strings.HasPrefix(s, fmt.Sprintf("http://localhost:%d/invite/", port)) {
				address = s
				break
			}
		}
		if address == "" {
			t.Fatalf("no address to open: %v", <-done)
		}
		go func() { _, _ = io.Copy(io.Discard, r) }()
		client := &http.Client{Timeout: 10 * time.Second}
		res, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(string(text), "This invitation is for ann") {
			t.Errorf("%d: %s", res.StatusCode, text)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("it ends with %v", err)
		}
	}
}
