package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tarir/web"
)

func TestMain(m *testing.M) {
	work = 2
	testscript.Main(m, map[string]func(){"tarir": main})
}

// TestCommandLine runs the scripts of testdata as a person would type them. UPDATE_SCRIPTS=1 writes what the commands say
// into them; read the difference before you keep it.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "set": set, "served": served, "free": free, "entities": entities},
	})
}

// TestASecondInterruptEndsWhatHangs: a pipe into which nothing is written keeps a command waiting that hears nothing of the first Ctrl-C.
func TestASecondInterruptEndsWhatHangs(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: self, Args: []string{"tarir", "indicators", "check", pipe}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var w *os.File
	for range 1000 { // until the command opens it
		if w, err = os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			defer w.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-done:
			if err == nil {
				t.Error("it ended as if all were well")
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	t.Errorf("it goes on after a hundred interrupts: %v", <-done)
}

// exits CODE COMMAND ARGS… runs a command that must end with that code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("ended with %d, not %d", got, want)
	}
}

// set NAME FILE sets a variable to what a file says.
func set(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// entities N FILE writes so many persons.
func entities(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"id\":\"p%d\",\"schema\":\"Person\",\"properties\":{\"name\":[\"Person %[1]d of %d\"],\"idNumber\":[\"AB%06d\"]}}\n", i, i/7, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// free NAME sets a variable to a port that nobody uses.
func free(ts *testscript.TestScript, _ bool, args []string) {
	port, err := freePort()
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), l.Close()
}

// served DIR waits until the node in a folder answers.
func served(ts *testscript.TestScript, _ bool, args []string) {
	for range 300 {
		c, err := net.Dial("unix", filepath.Join(ts.MkAbs(args[0]), web.Socket))
		if err == nil {
			_ = c.Close() // it answers
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no node answers in %s", args[0])
}

// TestAPortThatIsTakenIsSaid, with what to do, and no node says before that it is ready.
func TestAPortThatIsTakenIsSaid(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	run := func(args ...string) (said string, err error) {
		cmd := &exec.Cmd{Path: self, Args: append([]string{"tarir"}, args...), Env: append(os.Environ(), "TARIR_PASSPHRASE=a passphrase of a test")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for what, at := range map[string][]string{"relay": {"--listen", taken, "--web", "127.0.0.1:0"}, "pages": {"--listen", "127.0.0.1:0", "--web", taken}} {
		data := filepath.Join(t.TempDir(), what)
		if out, err := run(append([]string{"init", "--found", "--member", "GS", "--name", "Secretariat", "--country", "FR", "--person", "ann", data}, at...)...); err != nil {
			t.Fatal(err, out)
		}
		out, err := run("serve", "--data", data)
		if err == nil || !strings.Contains(out, taken) || !strings.Contains(out, "name another port") || strings.Contains(out, "is ready: ") {
			t.Errorf("%s: %v %s", what, err, out)
		}
	}
}
