package signal

import (
	"maps"

	"tarir/explain"
)

// sentences are the English texts of reasons, by code; names in braces are a reason's params.
var sentences = explain.Catalog{
	"abroad_debt":      "{adverts} posts under this contact offer work abroad that is paid for by a debt or an advance.",
	"unrelated_offers": "Within {days} days the contact offers work in {trades} trades and {countries} countries.",
	"unknown_firm":     "{adverts} of its posts name an employer that no register here knows or that was just founded: {firm}.",
	"too_good":         "{adverts} of its posts promise up to {times} times what the trade pays at the place.",

	"recruited_travellers": "The number of these posts stands on the bookings of {travellers} people who went to {town} within {days} days.",
	"paid_before_travel":   "{people} people of different names were paid small sums and left for {place} within {days} days, without coming back.",
	"opened_together":      "{accounts} accounts of {people} people of different names, with one {kind}, were opened within {days} days.",
	"shared_mark":          "{people} people of different names give one {kind}.",
	"workers_at_employers": "{workers} workers give the address, phone or mail of their employer as their own.",

	"pays_many":         "Pays the journeys of {travellers} people of {names} names.",
	"pays_strangers":    "{travellers} of them share neither a name, nor an address, nor an employer with another.",
	"late_one_way":      "{journeys} of the journeys go one way and were booked in the last {hours} hours.",
	"late_one_way_cash": "The number stands on {journeys} one-way journeys of {travellers} people that were booked in the last {hours} hours and paid by no account.",
	"escort_alone":      "Travelled in {groups} groups with {companions} changing companions and came back alone {alone} times.",
	"rooms_at_once":     "{rooms} rooms were paid on one day, for people whose journeys the account pays.",
	"rooms_renewed":     "A room was paid from day to day {times} times, for people whose journeys the account pays.",
	"remittances":       "{times} times money went from {from} to {to} within {days} days of a journey between the two that this holder paid or is the contact of.",
	"fee_in_halves":     "{people} people paid two nearly equal sums, one before and one after a journey of theirs, within {days} days.",
	"rentals":           "{rentals} vehicles were rented within {days} days, and {drivers} people drove one way on journeys that the account pays.",
	"document_names":    "The document travelled under different names on {journeys} journeys.",
	"document_at_once":  "The document was in two places at once, on {journeys} journeys.",

	"several_people":     "Within {days} days {names} names and {ages} ages stand under one contact.",
	"circuit":            "The adverts go through {towns} towns within {days} days.",
	"one_template":       "They are made from one template, which stands in {adverts} adverts under {contacts} contacts.",
	"control_wording":    "They speak as a third person does who decides for others: {phrases} phrases.",
	"young_wording":      "The wording of {adverts} adverts may point to a minor: safeguard first. The words are not shown.",
	"contact_in_adverts": "The holder's {kind} stands in {adverts} adverts that show several people or speak as a third person does.",
	"crypto_then_advert": "{times} times a little crypto was bought and an advert with the holder's contact appeared within {hours} hours.",

	"short_stays":            "{workers} workers stayed {days} days in the middle.",
	"low_payroll":            "Wages are {percent} % of what comes in, where {peers} companies of the trade {trade} pay {usual} % in the middle.",
	"benefits":               "{claimants} people pass their benefits on to this account within days; {together} of them share an address, a phone number or a device.",
	"income_after_arrival":   "{payers} strangers paid within {days} days of the holder's arrival an account that was quiet before. The holder may be made to.",
	"pairs_of_travellers":    "{pairs} pairs of an older and a younger traveller, no kin, were brought to one town in the same week.",
	"paid_then_clinic":       "A large sum was paid to this account by somebody who travelled and paid a clinic within {days} days.",
	"beyond_income":          "Property worth {value}, {percent} % of what comes in to the owner's accounts in a year.",
	"minors_business":        "The account of a minor dealt with {counterparties} others within {days} days: safeguard the minor first.",
	"students_business":      "The account of a student dealt with {counterparties} others within {days} days.",
	"invoices_without_goods": "{invoices} invoices were paid to a company that pays no supplier, no wage, no rent, no freight and no tax.",
}

// Sentences are the texts by code, for those who tell them in other languages.
func Sentences() explain.Catalog { return maps.Clone(sentences) }
