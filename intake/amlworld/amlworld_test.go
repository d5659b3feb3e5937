package amlworld

import (
	"strings"
	"testing"

	"tarir/intake/intaketest"
)

const table = "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,Payment Format,Is Laundering\n"

func TestBanksKeepTheirZerosAndCurrenciesTheirCode(t *testing.T) {
	r := intaketest.Read(t, Formats, "HI-Small_Trans.csv", table+
		"2022/09/01 00:20,010,8000EBD30,010,8000EBD30,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0\n"+
		"2022/09/01 00:26,10,8000EBD30,001,8000F4580,0.010000,Bitcoin,430.21,Brazilian Real,Cheque,1\n"+
		"2022-09-01 00:29,10,8000EBD30,001,8000F4580,5.00,Doubloon,5.00,Doubloon,Wire,0\n"+
		"2022/09/01 00:30,10,8000EBD30,001,8000F4580,0,Yen,0,Yen,Wire\n")
	const want = `read 4, accepted 3, rejected 1
payment line 2: booked 2022-09-01T00:20:00Z 010/8000EBD30 -> 010/8000EBD30 3697.34 USD channel="other"
payment line 3: booked 2022-09-01T00:26:00Z 10/8000EBD30 -> 001/8000F4580 430.21 BRL received 0.01000000 BTC channel="cheque"
payment line 5: booked 2022-09-01T00:30:00Z 10/8000EBD30 -> 001/8000F4580 0 JPY channel="transfer"
rejected line 4: paid: unknown currency "Doubloon"
`
	if got := intaketest.Describe(r); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestTheLabelColumnChangesNothing(t *testing.T) {
	row := "2022/09/01 00:20,010,1,011,2,5.00,Euro,5.00,Euro,ACH,"
	honest := intaketest.Describe(intaketest.Read(t, Formats, "t.csv", table+row+"0\n"))
	laundering := intaketest.Describe(intaketest.Read(t, Formats, "t.csv", table+row+"1\n"))
	if honest != laundering {
		t.Errorf("the label was read:\n%s\n%s", honest, laundering)
	}
}

func TestAccountsAreTiedToTheirEntities(t *testing.T) {
	r := intaketest.Read(t, Formats, "accounts.csv", "Bank Name,Bank ID,Account Number,Entity ID,Entity Name\nPortugal Bank #4507,331579,80B779D80,80062E240,Sole Proprietorship #50438\nshort,row\n")
	if r.Count.Accepted != 1 || r.Count.Rejected != 1 || len(r.Entities) != 3 {
		t.Errorf("want an account, its owner and the ownership, got:\n%s", intaketest.Describe(r))
	}
}

func FuzzTransactions(f *testing.F) {
	intaketest.Fuzz(f, Formats[0], table+"2022/09/01 00:20,010,8000EBD30,010,8000EBD30,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0\n", strings.TrimSpace(table), "")
}

func FuzzAccounts(f *testing.F) {
	intaketest.Fuzz(f, Formats[1], "Bank Name,Bank ID,Account Number,Entity ID,Entity Name\na,1,2,3,b\n", "")
}

func BenchmarkRead(b *testing.B) {
	intaketest.Bench(b, Formats, "HI-Small_Trans.csv",
		"Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,Payment Format,Is Laundering\n",
		"2022/09/01 00:20,010,8000EBD30,%d,8000EBD30,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0\n", "", 50_000)
}
