// Package report writes report.html: one page that opens offline and tells a person what an analysis found, why, and
// where the money rests.
//
// What comes in is a Page of plain values, already named, summed and ranked; the package knows neither ledger nor graph.
// What goes out is one HTML file that holds everything it needs. Its text, tables and reasons are in the file as they
// are, so it can be read, searched and printed without scripts; the drawings are made from data beside them by a script
// bundled with the program (report/page, made by make). A program built without that bundle writes the same page without
// drawings and says so on it.
//
// The same Page gives the same bytes. Names of persons are not part of a Page: an account is named by its number.
package report
