package flow

import "strings"

// Purpose is what a payment says it is for, as far as detection cares.
type Purpose uint8

const (
	PurposeNone    Purpose = iota
	PurposeWage            // wage, salary, pay
	PurposeBenefit         // social benefit, pension, child allowance
	PurposeFee             // agency, recruitment, document, placement or visa fee
	PurposeDebt            // repayment of a loan or advance
	PurposeRent            // rent, lodging
	PurposeTravel          // ticket, transport
	PurposeAdvert          // advertising
	PurposeTax             // tax, social contribution
	PurposeInvoice         // goods or services
	purposeCount
)

var purposeNames = [purposeCount]string{"", "wage", "benefit", "fee", "debt", "rent", "travel", "advert", "tax", "invoice"}

func (p Purpose) String() string { return purposeNames[p] }

// purposeCodes are ISO 20022 external purpose codes (ExternalPurpose1Code).
var purposeCodes = map[string]Purpose{
	"SALA": PurposeWage, "PAYR": PurposeWage, "BONU": PurposeWage, "COMM": PurposeWage,
	"BENE": PurposeBenefit, "PENS": PurposeBenefit, "SSBE": PurposeBenefit, "CHAR": PurposeNone, "BECH": PurposeBenefit,
	"LOAN": PurposeDebt, "LOAR": PurposeDebt, "DBTC": PurposeDebt,
	"RENT": PurposeRent, "HLRP": PurposeRent, "RLWY": PurposeTravel, "AIRB": PurposeTravel, "BUSB": PurposeTravel, "FERB": PurposeTravel, "TRPT": PurposeTravel,
	"ADVE": PurposeAdvert, "TAXS": PurposeTax, "SSCT": PurposeTax, "VATX": PurposeTax, "GDDS": PurposeInvoice, "SUPP": PurposeInvoice, "SCVE": PurposeInvoice,
}

// purposeWords are beginnings of words in English, French, Spanish, Portuguese and German remittance texts. Our default:
// a payment that names its purpose otherwise is simply of no known purpose.
var purposeWords = []struct {
	word    string
	purpose Purpose
}{
	{"salar", PurposeWage},
	{"wage", PurposeWage},
	{"payroll", PurposeWage},
	{"nomina", PurposeWage},
	{"nómina", PurposeWage},
	{"gehalt", PurposeWage},
	{"lohn", PurposeWage},
	{"sueldo", PurposeWage},
	{"benefit", PurposeBenefit},
	{"pension", PurposeBenefit},
	{"allocation", PurposeBenefit},
	{"subsidio", PurposeBenefit},
	{"kindergeld", PurposeBenefit},
	{"visa", PurposeFee},
	{"placement", PurposeFee},
	{"recruit", PurposeFee},
	{"agency fee", PurposeFee},
	{"passport", PurposeFee},
	{"loan", PurposeDebt},
	{"debt", PurposeDebt},
	{"instal", PurposeDebt},
	{"repay", PurposeDebt},
	{"deuda", PurposeDebt},
	{"dette", PurposeDebt},
	{"prestamo", PurposeDebt},
	{"préstamo", PurposeDebt},
	{"rent ", PurposeRent},
	{"loyer", PurposeRent},
	{"miete", PurposeRent},
	{"alquiler", PurposeRent},
	{"lodging", PurposeRent},
	{"ticket", PurposeTravel},
	{"flight", PurposeTravel},
	{"billet", PurposeTravel},
	{"boleto", PurposeTravel},
	{"advert", PurposeAdvert},
	{"listing", PurposeAdvert},
	{"annonce", PurposeAdvert},
	{"anuncio", PurposeAdvert},
	{"tax", PurposeTax},
	{"impot", PurposeTax},
	{"impôt", PurposeTax},
	{"impuesto", PurposeTax},
	{"steuer", PurposeTax},
	{"invoice", PurposeInvoice},
	{"facture", PurposeInvoice},
	{"factura", PurposeInvoice},
	{"rechnung", PurposeInvoice},
}

// ClassifyPurpose reads a purpose code or a remittance text.
func ClassifyPurpose(text string) Purpose {
	if text == "" {
		return PurposeNone
	}
	if p, ok := purposeCodes[text]; ok {
		return p
	}
	low := strings.ToLower(text)
	for _, w := range purposeWords {
		if i := strings.Index(low, w.word); i >= 0 && (i == 0 || !isLetter(low[i-1])) {
			return w.purpose
		}
	}
	return PurposeNone
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 0x80 }
