package node_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/casework"
	"tarir/handling"
	"tarir/node"
	"tarir/vault"
)

// giveVault lets ann and bob of a node come near a vault, and makes it.
func (w *world) giveVault(id string) {
	w.t.Helper()
	w.nodes[id].stop()
	path := filepath.Join(w.dir, id, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("people = []\n"), []byte("people = [\"ann\", \"bob\"]\n"), 1), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.start(id)
	if err := w.nodes[id].VaultInit(w.t.Context(), inform("ann"), vaultPass); err != nil {
		w.t.Fatal(err)
	}
}

// What a person consented to goes from one vault into the other, and stands on the way nowhere where it can be read; a referral names nobody.
func TestWhatThePersonConsentedToGoesFromVaultToVault(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NGO-1": handling.NGO}, nil)
	w.giveVault("NCB-AA")
	ctx, aa := t.Context(), w.nodes["NCB-AA"]
	card, err := aa.VaultPut(ctx, inform("ann"), hiddenPerson())
	if err != nil {
		t.Fatal(err)
	}
	x, err := aa.VaultAsk(ctx, inform("ann"), card.Pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aa.VaultAgree(ctx, inform("bob"), x.ID); err != nil {
		t.Fatal(err)
	}
	fields := []string{"prs_FirstName", "prs_MobilePhone"}
	if err := aa.VaultSend(ctx, inform("ann"), x.ID, vaultPass.Text, "NGO-1", fields); !errors.Is(err, vault.ErrConsent) {
		t.Error("sent without consent:", err)
	}
	if _, err := aa.VaultRefer(ctx, inform("ann"), card.Pseudonym, "NGO-1", "Health", ""); !errors.Is(err, vault.ErrConsent) {
		t.Error("referred without consent:", err)
	}
	if _, err := aa.VaultChange(ctx, inform("ann"), x.ID, "", node.VaultChange{Consent: &vault.Consent{To: "NGO-1", Fields: fields, For: "shelter", Given: time.Now().Add(-time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if err := aa.VaultSend(ctx, inform("ann"), x.ID, "", "NGO-1", append(fields, "prs_MailingAddress")); !errors.Is(err, vault.ErrConsent) {
		t.Error("more was sent than was consented to:", err)
	}
	// A member without a vault takes nothing.
	if err := aa.VaultSend(ctx, inform("ann"), x.ID, "", "NGO-1", fields); err != nil {
		t.Fatal(err)
	}
	w.until("the NGO refuses", func() bool { return strings.Contains(w.receipt("NCB-AA", "vault", card.Pseudonym, "NGO-1"), "refused") })
	w.giveVault("NGO-1")
	ngo := w.nodes["NGO-1"]
	if err := aa.VaultSend(ctx, inform("ann"), x.ID, "", "NGO-1", fields); err != nil {
		t.Fatal(err)
	}
	w.until("the record is in the other vault", func() bool { return w.first("NGO-1", "vault") != "" })
	theirs := w.first("NGO-1", "vault")
	// Once more is the same record.
	if err := aa.VaultSend(ctx, inform("ann"), x.ID, "", "NGO-1", fields); err != nil {
		t.Fatal(err)
	}
	w.until("both came", func() bool {
		return strings.Count(w.receipt("NCB-AA", "vault", card.Pseudonym, "NGO-1"), "stored") == 2
	})
	if list, err := ngo.List(ctx, who("ann"), "vault", 0); err != nil || len(list) != 1 || theirs == card.Pseudonym {
		t.Error(list, err)
	}
	if got := w.tasks("NGO-1", "safeguard"); len(got) != 1 {
		t.Error("a minor came without a safeguard:", got)
	}
	o, err := ngo.VaultAsk(ctx, inform("bob"), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ngo.VaultAgree(ctx, inform("ann"), o.ID); err != nil {
		t.Fatal(err)
	}
	got, err := ngo.VaultShow(ctx, inform("bob"), o.ID, vaultPass.Text, []string{"prs_FirstName", "prs_MobilePhone", "prs_MailingAddress"})
	if err != nil || got["prs_FirstName"][0] != hidden[0] || got["prs_MobilePhone"][0] != hidden[2] || len(got["prs_MailingAddress"]) != 0 {
		t.Error(got, err)
	}
	if _, err := aa.VaultRefer(ctx, inform("ann"), card.Pseudonym, "NGO-1", "Holidays", ""); !errors.Is(err, vault.ErrRefused) {
		t.Error(err)
	}
	if _, err := aa.VaultRefer(ctx, inform("ann"), card.Pseudonym, "NGO-1", "Health", "Soon."); err != nil {
		t.Fatal(err)
	}
	w.until("the referral is there", func() bool { return w.first("NGO-1", "message") != "" })
	reads := node.Who{Person: "ann", Purpose: handling.Identify, LegalBasis: "Shelter act 3", Reason: "help"}
	it, err := ngo.Open(ctx, reads, "message", w.first("NGO-1", "message"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(it.Body), "Needed: Health") || !strings.Contains(string(it.Body), "A minor: safeguard first.") {
		t.Errorf("%s", it.Body)
	}
	// Both folders, with what waits to be sent and what was received.
	for _, dir := range []string{"NCB-AA", "NGO-1", "GS"} {
		if err := filepath.WalkDir(filepath.Join(w.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
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
}

func TestATableOfPersonsGoesIntoTheVault(t *testing.T) {
	_, n := withVault(t)
	ctx := t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	table := "prs_FirstName,prs_Birthdate,prs_Gender,vic_TraffickingStatus,vic_TypeOfExploitation,spl_Type,cas_Status\n" +
		"Zuleyka,2012-05-01,Feminine,PossibleVictimOfTrafficking,ForcedLabour;ForcedBegging,Health,Active\n" +
		"Quispealaya,1980,Masculine,ActualVictimOfTrafficking,ForcedLabour,,Active\n" +
		"Other,1980,Masculine,NotAVictimOfTrafficking,,,Closed\n" +
		"Wrong,1980,Masculine,Perhaps,,,Closed\n"
	take := func() *node.VaultTaken {
		t.Helper()
		got, err := n.VaultImport(ctx, inform("ann"), strings.NewReader(table), node.VaultTable{Case: c.ID, Wish: vault.Wish{Contact: "no"}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := take()
	if len(got.Rows) != 4 || got.Rows[0].Was != "new" || got.Rows[2].Was != "new" || got.Rows[3].Was != "refused" || strings.Contains(got.Rows[3].Reason, "Perhaps") || len(got.Unknown) != 1 {
		t.Fatalf("%+v", got)
	}
	if again := take(); again.Rows[0].Was != "same" || again.Rows[0].Pseudonym != got.Rows[0].Pseudonym {
		t.Errorf("%+v", again)
	}
	if list, err := n.List(ctx, inform("ann"), "vault", 0); err != nil || len(list) != 3 {
		t.Error(list, err)
	}
	entries, err := n.Entries(ctx, inform("ann"), c.ID, casework.VictimEntry, 0, 10)
	if err != nil || len(entries) != 2 || !strings.Contains(string(entries[0].Body), `"age_group":"12-17"`) || !strings.Contains(string(entries[1].Body), `"status":"identified"`) {
		t.Errorf("%v %+v", err, entries)
	}
	k, err := n.VaultCard(ctx, inform("ann"), got.Rows[0].Pseudonym)
	if err != nil || !k.Minor || !k.Guardian || len(k.Needs) != 1 {
		t.Errorf("%v %+v", err, k)
	}
	var out bytes.Buffer
	if _, err := n.TellCase(ctx, inform("ann"), c.ID, node.Telling{Format: "htcds"}, &out); err != nil || strings.Count(out.String(), "\n") != 3 || strings.Contains(out.String(), "Zuleyka") || !strings.Contains(out.String(), "ForcedLabour;ForcedBegging") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if _, err := n.VaultImport(ctx, inform("eve"), strings.NewReader(table), node.VaultTable{Wish: vault.Wish{Contact: "no"}}); !errors.Is(err, node.ErrNotAllowed) {
		t.Error("somebody who may not come near the vault filled it:", err)
	}
	if _, err := n.VaultImport(ctx, inform("ann"), strings.NewReader("a,b\n"), node.VaultTable{}); err == nil {
		t.Error("a table of something else was taken")
	}
}
