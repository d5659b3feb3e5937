package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarir/audit"
	"tarir/casework"
	"tarir/node"
	"tarir/store"
	"tarir/vault"
)

var vaultPass = node.Passphrase{Text: "a passphrase of the vault", Work: 10}

// withVault is a node on which ann and bob come near the vault, and eve and cy do not, whatever else they may do.
func withVault(t *testing.T) (*world, *node.Node) {
	w := newWorld(t, nil, nil, func(_ string, s *node.Setup) {
		s.People = []node.Person{
			{ID: "ann", May: []string{"all"}}, {ID: "bob", May: []string{"case", "read"}}, {ID: "eve", May: []string{"all"}}, {ID: "cy", May: []string{"all"}},
		}
	})
	w.nodes["GS"].stop()
	path := filepath.Join(w.dir, "GS", "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(text, []byte("people = []\nofficer = \"\""), []byte("people = [\"ann\", \"bob\"]\nofficer = \"dpo\""), 1)
	for _, id := range []string{"bob", "cy"} {
		changed = bytes.Replace(changed, []byte("id = \""+id+"\"\ngroups = []\n"), []byte("id = \""+id+"\"\ngroups = [\"shelter\"]\n"), 1)
	}
	if bytes.Equal(changed, text) || !bytes.Contains(changed, []byte("shelter")) {
		t.Fatal("the configuration has no [vault]")
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start("GS")
	n := w.nodes["GS"].Node
	if err := n.VaultInit(t.Context(), inform("ann"), vaultPass); err != nil {
		t.Fatal(err)
	}
	return w, n
}

// hidden are the words that must not be found anywhere outside the vault.
var hidden = []string{"Zuleyka", "Quispealaya", "+51987000111", "1 Calle Escondida"}

func hiddenPerson() vault.Record {
	return vault.Record{
		Minor: true, Wish: vault.Wish{Contact: "through", Through: "NGO-1", Language: "qu", Guardian: "none yet"}, Met: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Fields: map[string][]string{"prs_FirstName": hidden[:1], "prs_SecondName": hidden[1:2], "prs_MobilePhone": hidden[2:3], "prs_MailingAddress": hidden[3:]},
	}
}

func TestTheVaultOpensForTwoAndTellsNobodyElse(t *testing.T) {
	w, n := withVault(t)
	ctx := t.Context()
	if err := n.VaultInit(ctx, inform("ann"), vaultPass); !errors.Is(err, vault.ErrExists) {
		t.Error(err)
	}
	if _, err := n.VaultPut(ctx, inform("eve"), hiddenPerson()); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("who may do all came near the vault:", err)
	}
	card, err := n.VaultPut(ctx, inform("ann"), hiddenPerson())
	if err != nil {
		t.Fatal(err)
	}
	p := card.Pseudonym
	tasks, err := n.Tasks(ctx, inform("ann"))
	if err != nil || !slices.ContainsFunc(tasks, func(k store.Task) bool { return k.Kind == "safeguard" && k.Subject == "vault/"+p }) {
		t.Error("no safeguard for a minor:", err, tasks)
	}
	name := []string{"prs_FirstName"}
	// Alone, without a purpose, by somebody else, with another passphrase: it does not open.
	if _, err := n.VaultAsk(ctx, node.Who{Person: "ann", Reason: "x"}, p); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("asked without a purpose:", err)
	}
	x, err := n.VaultAsk(ctx, inform("ann"), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, name); !errors.Is(err, vault.ErrNotOpen) {
		t.Error("read without a second person:", err)
	}
	if _, err := n.VaultAgree(ctx, inform("ann"), x.ID); !errors.Is(err, vault.ErrRefused) {
		t.Error("agreed with oneself:", err)
	}
	if _, err := n.VaultAgree(ctx, inform("eve"), x.ID); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("agreed without coming near the vault:", err)
	}
	if waiting, err := n.VaultWaiting(ctx, inform("bob")); err != nil || len(waiting) != 1 || waiting[0].ID != x.ID {
		t.Error(waiting, err)
	}
	if _, err := n.VaultAgree(ctx, inform("bob"), x.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, "a wrong passphrase", name); !errors.Is(err, vault.ErrPassword) {
		t.Error(err)
	}
	if _, err := n.VaultShow(ctx, inform("bob"), x.ID, vaultPass.Text, name); !errors.Is(err, vault.ErrNotOpen) {
		t.Error("the second person read it:", err)
	}
	got, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, name)
	if err != nil || len(got) != 1 || got["prs_FirstName"][0] != hidden[0] {
		t.Error(got, err)
	}
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, "", nil); !errors.Is(err, vault.ErrRefused) {
		t.Error("everything at once:", err)
	}
	// Every field that was read stands in the log.
	fields := 0
	if err := n.Audit(ctx, inform("ann"), audit.Filter{Person: "ann", Action: audit.Access}, func(_ int64, e *audit.Entry) error {
		if e.Kind == "vault" && e.Result == "field" && slices.Equal(e.Reasons, name) && e.Purpose != "" {
			fields++
		}
		return nil
	}); err != nil || fields != 1 {
		t.Errorf("%d fields in the log, %v", fields, err)
	}
	// Only with consent does anything go out, and what is withdrawn is withdrawn.
	if _, err := n.VaultDisclose(ctx, inform("ann"), x.ID, "", "NGO-1", name); !errors.Is(err, vault.ErrConsent) {
		t.Error(err)
	}
	c, err := n.VaultChange(ctx, inform("ann"), x.ID, "", node.VaultChange{Consent: &vault.Consent{To: "NGO-1", Fields: name, For: "help"}})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := n.VaultDisclose(ctx, inform("ann"), x.ID, "", "NGO-1", name); err != nil || out["prs_FirstName"][0] != hidden[0] {
		t.Error(out, err)
	}
	if _, err := n.VaultChange(ctx, inform("ann"), x.ID, "", node.VaultChange{Withdraw: c.Consents[0].ID}); err != nil {
		t.Error(err)
	}
	if _, err := n.VaultDisclose(ctx, inform("ann"), x.ID, "", "NGO-1", name); !errors.Is(err, vault.ErrConsent) {
		t.Error("it went out after the consent was withdrawn:", err)
	}
	// After half an hour it is shut.
	w.clock.forward(vault.OpenFor)
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, name); !errors.Is(err, vault.ErrNotOpen) {
		t.Error("open for more than half an hour:", err)
	}
	// And when the node stops, at once.
	x, err = n.VaultAsk(ctx, inform("ann"), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultAgree(ctx, inform("bob"), x.ID); err != nil {
		t.Fatal(err)
	}
	w.nodes["GS"].stop()
	w.start("GS")
	n = w.nodes["GS"].Node
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, name); !errors.Is(err, vault.ErrNotOpen) {
		t.Error("open after a restart:", err)
	}
}

func TestAnEmergencyOpensAtOnceAndIsHeardOf(t *testing.T) {
	_, n := withVault(t)
	ctx := t.Context()
	card, err := n.VaultPut(ctx, inform("ann"), hiddenPerson())
	if err != nil {
		t.Fatal(err)
	}
	danger := inform("ann")
	danger.Danger = true
	x, err := n.VaultAsk(ctx, danger, card.Pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, []string{"prs_MobilePhone"}); err != nil || got["prs_MobilePhone"][0] != hidden[2] {
		t.Error(got, err)
	}
	tasks, err := n.Tasks(ctx, inform("ann"))
	if err != nil || !slices.ContainsFunc(tasks, func(k store.Task) bool { return k.Kind == "vault_alarm" && strings.Contains(k.Note, "dpo") }) {
		t.Error("nobody hears of it:", tasks, err)
	}
}

func TestAnNGOSeesOnlyItsOwn(t *testing.T) {
	_, n := withVault(t)
	ctx := t.Context()
	r := hiddenPerson()
	r.Keepers = []string{"shelter"}
	theirs, err := n.VaultPut(ctx, inform("bob"), r)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := n.VaultPut(ctx, inform("ann"), hiddenPerson())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultAsk(ctx, inform("bob"), mine.Pseudonym); !errors.Is(err, vault.ErrNone) {
		t.Error("the shelter asked for somebody else's:", err)
	}
	if _, err := n.VaultAsk(ctx, inform("ann"), theirs.Pseudonym); !errors.Is(err, vault.ErrNone) {
		t.Error("ann asked for the shelter's:", err)
	}
	if _, err := n.VaultAsk(ctx, inform("bob"), theirs.Pseudonym); err != nil {
		t.Error(err)
	}
	reads := inform("ann")
	if list, err := n.List(ctx, reads, "vault", 10); err != nil || len(list) != 1 || list[0].ID != mine.Pseudonym {
		t.Error(list, err)
	}
	for _, who := range []string{"eve", "cy"} { // cy is of the shelter, and does not come near the vault
		if list, err := n.List(ctx, inform(who), "vault", 10); err != nil || len(list) != 0 {
			t.Error(who, list, err)
		}
	}
}

// What is in the vault is looked for everywhere else: in every file of the node, in a backup that was opened, in every list, record, search, export and
// error that any person gets.
func TestNothingOfTheVaultIsAnywhereElse(t *testing.T) {
	w, n := withVault(t)
	ctx := t.Context()
	card, err := n.VaultPut(ctx, inform("ann"), hiddenPerson())
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(casework.Victim{Pseudonym: card.Pseudonym, Status: "presumed", AgeGroup: "12-17"})
	if _, err := n.AddToCase(ctx, inform("ann"), c.ID, []node.NewEntry{{Kind: casework.VictimEntry, Body: body}}); err != nil {
		t.Fatal(err)
	}
	x, err := n.VaultAsk(ctx, inform("ann"), card.Pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultAgree(ctx, inform("bob"), x.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultShow(ctx, inform("ann"), x.ID, vaultPass.Text, []string{"prs_FirstName", "prs_MobilePhone"}); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	tell := func(v any, err error) {
		b, _ := json.Marshal(v)
		said.Write(b)
		if err != nil {
			said.WriteString(err.Error())
		}
	}
	for _, person := range []string{"ann", "bob", "eve", "cy"} {
		who := inform(person)
		for _, kind := range []string{"vault", "case", "watch", "notice", "lead", "hit", "stop", "message"} {
			list, err := n.List(ctx, who, kind, 100)
			tell(list, err)
			for _, l := range list {
				tell(n.Open(ctx, who, l.Kind, l.ID))
			}
		}
		tell(n.Open(ctx, who, "vault", card.Pseudonym))
		tell(n.VaultCard(ctx, who, card.Pseudonym))
		tell(n.Cases(ctx, who))
		tell(n.Case(ctx, who, c.ID))
		tell(n.Entries(ctx, who, c.ID, "", 0, 100))
		tell(n.Timeline(ctx, who, c.ID, time.Time{}, time.Time{}, 100))
		tell(n.Tasks(ctx, who))
		tell(n.Health(ctx))
		for _, word := range hidden {
			tell(n.SearchCase(ctx, who, c.ID, word, 10))
			if got, err := n.VaultShow(ctx, who, "o", word, []string{word}); got != nil {
				t.Error(got, err)
			}
		}
		tell(nil, n.ExportAudit(ctx, who, audit.Filter{}, &said))
	}
	for _, word := range hidden {
		if strings.Contains(said.String(), word) {
			t.Errorf("%q was told to somebody", word)
		}
	}
	var backup bytes.Buffer
	if err := n.Backup(ctx, inform("ann"), &backup, node.Passphrase{Text: "backup", Work: 10}); err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if err := node.Restore(restored, &backup, node.Passphrase{Text: "backup"}); err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, dir := range []string{w.dir, restored} {
		if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			text, err := os.ReadFile(path)
			for _, word := range hidden {
				if bytes.Contains(text, []byte(word)) {
					t.Errorf("%q is in %s", word, path)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(restored, "vault", card.Pseudonym+".age")); err != nil || files < 10 {
		t.Errorf("the backup has no vault: %v, %d files", err, files)
	}
	if err := n.VaultErase(ctx, inform("ann"), x.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := n.VaultCard(ctx, inform("ann"), card.Pseudonym); !errors.Is(err, vault.ErrNone) {
		t.Error("erased, and still there:", err)
	}
}
