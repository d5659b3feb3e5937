// Package handling says what may be done with a record: for which purpose, by whom, under which restrictions of its owner, and how
// long it is kept. A Label stands on every record and travels with every copy, extract and derived record; Decide is the one
// place where it is read. What no rule allows is refused, and every refusal tells its rules.
//
// The rules are those of INTERPOL's Rules on the Processing of Data, of Europol's handling codes (H0 to H3), of the Traffic Light
// Protocol 2.0 and of the Permissible Actions Protocol, the strictest of all that stand on a record. Where these are silent the
// choice is ours and the rule says so.
package handling
