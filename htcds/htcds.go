// Package htcds reads and writes tables of the Human Trafficking Case Data Standard 2.0 (IOM, CC BY 4.0,
// https://github.com/UNMigration/HTCDS): CSV with a column for each field, named by its prefix and name as in prs_FirstName; the form in which
// Salesforce names them (prs_FirstName__c) is read too. A list of values stands in one column with semicolons between.
package htcds

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// lists are the fields whose values are on a list. MethodsOfControl has the two values of the definitions page as well.
var lists = map[string][]string{
	"prs_Gender":                             {"Feminine", "Masculine", "TransgenderFeminine", "TransgenderMasculine", "NonConforming", "NonSpecifiedUnknown"},
	"vic_TraffickingStatus":                  {"PossibleVictimOfTrafficking", "ActualVictimOfTrafficking", "NotAVictimOfTrafficking"},
	"vic_TraffickingStatusDecisionMakingOrg": {"Police", "NGO", "CourtOrProsecution", "NonPoliceGovernmentalOrganization", "Other"},
	"vic_RelationshipToTrafficker":           {"Familial", "Acquainted", "Unaquainted"},
	"vic_MethodOfRecruitment": {
		"AtAPlaceOfBusiness", "AtAnEducationalInstitution", "AtWork", "ThroughOnlineSocialNetworks", "ThroughAnOnlineAdvertisement", "ThroughATelevisionAdvert", "ThroughANewspaperAdvert",
		"ThroughFamilyOrFamilyEvents", "ThroughFriendsOrSocialEvents", "Other",
	},
	"vic_MethodsOfControl": {
		"PhysicalThreats", "ThreatsLawEnforcement", "ThreatensChildrenFamily", "DebtBondage", "FalsePromises", "PhysicalAbuse", "SexualAbuse", "TakesEarnings", "RestrictsFinancialAccess",
		"RestrictsMedicalCare", "WithholdsNecessities", "PsychologicalAbuse", "PsychoactiveSubstance", "ExcessiveWorkingHours", "WithholdsDocuments", "RestrictsMovement", "UsesChildren", "Other",
	},
	"vic_TypeOfExploitation": {
		"ForcedLabour", "SexualExploitation", "ChildLabour", "ForcedMarriage", "Servitude", "ForcedMilitaryByNonStateActors", "OrganRemoval", "ForcedBegging", "ForcedAdoption", "Surrogacy",
		"ForcedCriminality", "Other",
	},
	"vic_TypeOfSexExploitation": {"Prostitution", "Pornography", "RemoteInteractiveServices", "PrivateSexualServices"},
	"spl_Type": {
		"Education", "Financial", "Health", "LabourExploitationRehabilitation", "Legal", "Livelihood", "RightsBasedTraining", "SexualExploitationRehabilitation", "SocialCare",
	},
}

// Bounds of a table.
const (
	mostColumns = 500
	mostValue   = 64 << 10
)

// Errors, for those who must decide. None of them says what stands in a table.
var (
	ErrTable = errors.New("this is no table of HTCDS")
	ErrRow   = errors.New("the row is wrong")
)

// Row is a row of a table: what its fields say, by their names.
type Row map[string][]string

// Table reads a table.
type Table struct {
	// Unknown are columns that the standard does not have; they are not read.
	Unknown []string

	r       *csv.Reader
	columns []string // by place; empty: unknown
	row     int
}

// Open reads the head of a table. Known are the fields that are wanted; others of the standard are left aside and named as unknown ones.
func Open(r io.Reader, known []string) (*Table, error) {
	b := bufio.NewReader(r)
	if bom, err := b.Peek(3); err == nil && string(bom) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3) // it was there
	}
	t := &Table{r: csv.NewReader(b)}
	t.r.FieldsPerRecord = -1
	t.r.LazyQuotes = false
	head, err := t.r.Read()
	if err != nil || len(head) > mostColumns {
		return nil, fmt.Errorf("%w: its first line names the columns, such as prs_FirstName", ErrTable)
	}
	by := map[string]string{}
	for _, f := range known {
		by[strings.ToLower(f)] = f
	}
	found := false
	for _, h := range head {
		name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(h), "__c"))
		f := by[name]
		if f != "" && slices.Contains(t.columns, f) {
			return nil, fmt.Errorf("%w: the column %s stands in it twice", ErrTable, f)
		}
		t.columns = append(t.columns, f)
		if found = found || f != ""; f == "" && h != "" {
			t.Unknown = append(t.Unknown, h)
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: none of its columns is a field of the standard, such as prs_FirstName", ErrTable)
	}
	return t, nil
}

// Next reads a row; io.EOF behind the last one. With ErrRow the row is wrong and the next one can be read.
func (t *Table) Next() (number int, r Row, err error) {
	fields, err := t.r.Read()
	t.row++
	if errors.Is(err, io.EOF) {
		return t.row, nil, io.EOF
	}
	if err != nil {
		var p *csv.ParseError
		if errors.As(err, &p) {
			return t.row, nil, fmt.Errorf("%w: its quotation marks do not fit, at line %d", ErrRow, p.Line)
		}
		return t.row, nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	if len(fields) > len(t.columns) {
		return t.row, nil, fmt.Errorf("%w: it has more fields than there are columns", ErrRow)
	}
	r = Row{}
	for i, v := range fields {
		f := t.columns[i]
		if v = strings.TrimSpace(v); f == "" || v == "" {
			continue
		}
		if len(v) > mostValue || !utf8.ValidString(v) {
			return t.row, nil, fmt.Errorf("%w: %s is too long, or not UTF-8", ErrRow, f)
		}
		list, ok := lists[f]
		if !ok {
			r[f] = []string{v}
			continue
		}
		for _, x := range strings.Split(v, ";") {
			if x = strings.TrimSpace(x); x == "" {
				continue
			}
			// A label is read as the value that it stands for: "Forced labour" is ForcedLabour.
			plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "", "/", "", "_", "").Replace(x))
			j := slices.IndexFunc(list, func(v string) bool { return strings.ToLower(v) == plain })
			if j < 0 {
				return t.row, nil, fmt.Errorf("%w: what %s says is not on its list", ErrRow, f)
			}
			if !slices.Contains(r[f], list[j]) {
				r[f] = append(r[f], list[j])
			}
		}
	}
	if len(r) == 0 {
		return t.row, nil, fmt.Errorf("%w: it is empty", ErrRow)
	}
	return t.row, r, nil
}

// Write writes a table with the columns that its rows have, in order, after those that come first.
func Write(w io.Writer, first []string, rows []Row) error {
	columns := map[string]bool{}
	for _, r := range rows {
		for f := range r {
			columns[f] = true
		}
	}
	names := slices.Clone(first)
	for _, f := range slices.Sorted(maps.Keys(columns)) {
		if !slices.Contains(names, f) {
			names = append(names, f)
		}
	}
	out := csv.NewWriter(w)
	_ = out.Write(names) // Error tells
	for _, r := range rows {
		line := make([]string, len(names))
		for i, f := range names {
			line[i] = strings.Join(r[f], ";")
		}
		_ = out.Write(line)
	}
	out.Flush()
	return out.Error()
}
