package network

import (
	"maps"

	"tarir/explain"
)

// sentences are the English texts of reasons, by code; names in braces are a reason's params.
var sentences = explain.Catalog{
	"network":         "{members} members and {victims} possible victims; {findings} findings, {adverts} adverts and {journeys} journeys point to it.",
	"subject":         "Subject of a finding: {typology}.",
	"stands_in":       "Stands in a finding: {typology}.",
	"device_receives": "Receives from accounts that are run from one device.",
	"pays_journeys":   "Pays the journeys of {persons} people who are no family.",
	"escort":          "Travelled in {groups} groups with {companions} changing companions and came back alone.",
	"goes_again":      "Went the same way again, on {journeys} journeys that were paid together with those of others.",
	"recruits":        "{adverts} posts under this contact offer work abroad with a debt, papers kept or secrecy.",
	"advertises":      "One contact stands in {adverts} adverts for {names} names in {places} places.",

	"tie_money":  "Money that matters to both goes between this member and {other}.",
	"tie_number": "The number stands on journeys that the other pays: {other}.",
	"tie_escort": "One pays the journeys, the other escorts: {other}.",

	"pays_members":    "Pays {members} members again and again.",
	"paid_with":       "Paid by {payer} on the days on which other members are paid, {times} times.",
	"settles":         "Receives in few large sums what is collected for journeys.",
	"feeds":           "Buys food for {times} times what the usual account that buys food does, month after month, and pays rent.",
	"equips":          "Buys food for {times} times what the usual account that buys food does, and furniture and telephones, as for a closed site.",
	"invoices_inside": "Passes on within the network, by invoices, what comes from it.",
	"keeps":           "Keeps what comes from the network.",
	"gets_most":       "Gets most of what {other} passes on, again and again.",
	"passes_on":       "Passes on within the network what comes from it.",

	"made_to_pay":     "Pays again and again what a finding tells of: {typology}.",
	"device_run":      "The account is run from one device together with others.",
	"journeys_paid":   "Travelled on bookings that a member paid.",
	"brought":         "Was brought by a member.",
	"safeguard":       "{victims} people may be victims: safeguard them before anything else is done.",
	"safeguard_minor": "{minors} of them may be minors: safeguard them first.",

	"active":       "Last seen at work {days} days before the end of the data.",
	"can_restrain": "{share} % of what it received is on members' accounts.",
}

// Sentences are the texts by code, for those who tell them in other languages.
func Sentences() explain.Catalog { return maps.Clone(sentences) }
