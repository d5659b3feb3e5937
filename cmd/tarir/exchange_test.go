package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheLittleWorld runs the story of make demo: eight nodes as processes of their own, from an organisation that one bank finds to
// the money that another one holds, and audit logs that verify.
func TestTheLittleWorld(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("scripts/setup test installs jq")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "tarir")
	build := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
	}
	build("go", "build", "-o", bin, ".")
	build(bin, "world", "--preset", "andes", "--seed", "7", "--out", filepath.Join(dir, "world"))
	script, err := filepath.Abs("../../scripts/exchange")
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script, filepath.Join(dir, "world"))
	cmd.Env = append(os.Environ(), "ONCE=1", "TARIR="+bin, "EXCHANGE="+filepath.Join(dir, "exchange"), "RELAY_PORT="+port)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"published ", "confirmed; next", "held at Bank F on BANKFFXX/", "has moved on", " USD, by ", "BANK-FF: ", "GS keeps a checkpoint of it"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if n := strings.Count(string(out), "none was changed, left out or put in later"); n != 4 {
		t.Errorf("%d audit logs verify", n)
	}
}
