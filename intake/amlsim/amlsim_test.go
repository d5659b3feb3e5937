package amlsim

import (
	"strings"
	"testing"

	"tarir/intake"
	"tarir/intake/intaketest"
)

const transactions = "tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id\n"

func TestTransactionsOfNewAndOldReleasesAreRead(t *testing.T) {
	for _, c := range []struct{ name, table, want string }{
		{"current", transactions + "1,1371,4822,TRANSFER,433.19,2017-01-01T00:00:00Z,False,-1\n2,1,1,TRANSFER,0,2017-01-02T00:00:00Z,True,7\n", `read 2, accepted 2, rejected 0
note: no currency in the source and no accounts.csv beside it: amounts taken as USD, which AMLSim's parameters use
payment line 2: booked 2017-01-01 1371 -> 4822 433.19 USD channel="transfer" ref="1"
payment line 3: booked 2017-01-02 1 -> 1 0.00 USD channel="transfer" ref="2"
`},
		{"steps", "sourceNodeId,targetNodeId,value,time\n10,20,5.25,0\n10,20,5.25,719\n10,20,many,1\n10,20,5\n", `read 4, accepted 2, rejected 2
note: times are steps: taken as days from 1970-01-01; no currency in the source: amounts taken as USD, which AMLSim's parameters use
payment line 2: booked 1970-01-01 10 -> 20 5.25 USD channel="transfer"
payment line 3: booked 1971-12-21 10 -> 20 5.25 USD channel="transfer"
rejected line 4: amount is not a decimal number
rejected line 5: 3 fields where the header has 4
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := intaketest.Describe(intaketest.Read(t, Formats, "transactions.csv", c.table)); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

func TestTheCurrencyGivenByThePersonGoesBeforeAMLSims(t *testing.T) {
	in, text := intaketest.Open(t, "transactions.csv", []byte(transactions+"1,1,2,TRANSFER,433.19,2017-01-01T00:00:00Z,False,-1\n"))
	in.Currency = "EUR"
	r := &intaketest.Result{}
	f, err := intake.Recognise(Formats, in.Name, text.Head())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intake.Read(t.Context(), f, in, text, r, nil); err != nil || len(r.Payments) != 1 || r.Payments[0].Paid.Currency != "EUR" {
		t.Errorf("want EUR, got %v:\n%s", err, intaketest.Describe(r))
	}
}

// What a label says can change nothing of what is read.
func TestLabelsAreNotRead(t *testing.T) {
	row := "1,1371,4822,TRANSFER,433.19,2017-01-01T00:00:00Z,"
	a := intaketest.Describe(intaketest.Read(t, Formats, "transactions.csv", transactions+row+"False,-1\n"))
	b := intaketest.Describe(intaketest.Read(t, Formats, "transactions.csv", transactions+row+"True,99\n"))
	if a != b {
		t.Errorf("the label was read:\n%s\n%s", a, b)
	}
	for name, table := range map[string]string{
		"alert_accounts.csv":     "alert_id,alert_type,acct_id,acct_name,is_sar,model_id,start,end,schedule_id,bank_id\n1,cycle,2,C,True,1,0,9,1,bank\n",
		"alert_transactions.csv": "alert_id,alert_type,is_sar,tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp\n1,cycle,True,5,1,2,TRANSFER,1,2017-01-01T00:00:00Z\n",
	} {
		in, text := intaketest.Open(t, name, []byte(table))
		f, err := intake.Recognise(Formats, in.Name, text.Head())
		if err != nil || f.Skipped == "" {
			t.Errorf("%s: want it recognised as labels and passed over, got %v, %v", name, f, err)
		}
	}
	for name, table := range map[string]string{
		"accounts.csv": "acct_id,acct_rptng_crncy,prior_sar_count,dsply_nm\n1,USD,%s,C_1\n",
		"nodes.csv":    "nodeid,isFraud,init_balance,fraudStep\n1,%s,10.5,-1\n",
	} {
		a := intaketest.Describe(intaketest.Read(t, Formats, name, strings.Replace(table, "%s", "0", 1)))
		b := intaketest.Describe(intaketest.Read(t, Formats, name, strings.Replace(table, "%s", "1", 1)))
		if a != b {
			t.Errorf("%s: the label was read:\n%s\n%s", name, a, b)
		}
	}
}

func FuzzTransactions(f *testing.F) {
	intaketest.Fuzz(f, Formats[1], transactions+"1,1371,4822,TRANSFER,433.19,2017-01-01T00:00:00Z,False,-1\n", "")
}

func FuzzSteps(f *testing.F) {
	intaketest.Fuzz(f, Formats[3], "sourceNodeId,targetNodeId,value,time\n10,20,5.25,0\n", "")
}

func FuzzAccounts(f *testing.F) {
	intaketest.Fuzz(f, Formats[2], "acct_id,acct_rptng_crncy,prior_sar_count,dsply_nm\n1,USD,0,C_1\n", "")
}

func BenchmarkTransactions(b *testing.B) {
	intaketest.Bench(b, Formats, "transactions.csv", transactions, "%d,1371,4822,TRANSFER,433.19,2017-01-01T00:00:00Z,False,-1\n", "", 50_000)
}

func BenchmarkSteps(b *testing.B) {
	intaketest.Bench(b, Formats, "transactions.csv", "sourceNodeId,targetNodeId,value,time\n", "10,20,5.25,%d\n", "", 20_000)
}
