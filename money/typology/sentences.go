package typology

import (
	"maps"

	"tarir/explain"
)

// sentences are the English texts of reasons, by code; names in braces are a reason's params. Each says what the numbers
// show, not what the person did.
var sentences = explain.Catalog{
	"weak":       "This rests on {have} indicator(s) where a finding needs {need}: take it as a place to look, not as a suspicion.",
	"together":   "It stands together with {typologies}: indicators {indicators}.",
	"distant":    "Cash was paid in {payments} times at {places} places where the holder neither pays nor draws, within {days} days.",
	"currencies": "Payments in further currencies are part of this and are not in the sum, as no rate makes them comparable here.",

	"fan_in":       "{payers} strangers paid this account {payments} times within {days} days, {sum} in all, where its own rate lets {expected} expect.",
	"fan_in_slow":  "{payers} strangers, each without any lasting relation to it, paid this account {payments} times over {days} days, {sum} in all, where the usual account of this ledger has {expected}.",
	"fan_out":      "This account paid {payees} strangers {payments} times within {days} days, {sum} in all, where its own rate lets {expected} expect.",
	"fan_out_slow": "This account paid {payees} strangers, none with a lasting relation to it, {payments} times over {days} days, {sum} in all, where the usual account of this ledger has {expected}.",
	"small_wires":  "{senders} senders, each payment below {limit}, and one beneficiary.",

	"gather_scatter": "It collected {in} from {payers} strangers and paid {out} to {payees} others within {days} days.",
	"scatter_gather": "What it paid to {between} accounts met again at {end} within {days} days.",
	"cycle":          "{out} went through {hops} accounts and {back} ({percent} %) came back after {days} days, in {payments} payments each after the other.",
	"equal_ring":     "{sum}, give or take {percent} %, went around a ring of {hops} accounts within {days} days ({payments} payments); by chance {expected} such ways start at one payment.",
	"ring":           "{hops} accounts with no other dealings paid each other in a ring within {days} days ({payments} payments); within {window} days such a ring hardly arises by chance.",
	"layer":          "{accounts} accounts stand side by side: paid by the same {payers} payers, they pay the same {payees} payees, all within {days} days.",
	"stack":          "It took money in from several accounts and passed it on to several, {next} of which did the same in turn: {levels} levels within {days} days.",
	"random_walk":    "{first} went through {hops} payments one after the other and was {last} at the end, {days} days later.",

	"pass_through":      "{times} times nearly the same amount left within {hours} hours of coming in: {in} in, {out} out ({percent} %).",
	"hand_over":         "{times} of these went to one beneficiary, {beneficiary}. Whoever holds this account may not control it.",
	"structuring":       "{deposits} cash deposits within {days} days lie between {percent} % of the reporting threshold of {threshold} {currency} and the threshold.",
	"funnel":            "Cash came in at {places} places, {in} in all, and {percent} % of it had left {days} day(s) later.",
	"branches":          "On one day cash was paid in at {branches} branches or more.",
	"cities":            "Transfers below {limit} came from {cities} places to this one beneficiary.",
	"rapid_cash_out":    "{times} times a credit was drawn in cash within {hours} hours: {in} in, {out} out.",
	"cash_in_wires_out": "{times} times cash paid in was wired out within {hours} hours: {in} in, {out} out.",

	"payroll_skimming": "{workers} workers passed {percent} % or more of their wages on to this account within {hours} hours, {times} times. The workers may be victims.",
	"wages_back":       "For {workers} of them it is the payer of the wages itself that takes them back.",
	"no_living_costs":  "{workers} of them spend less than {percent} % of their wages on food, rent and phone.",
	"several_wages":    "Wages of {employers} employers, {wages} payments, come into this one account.",
	"instalments":      "{payers} people who had just appeared pay this account month after month for {months} months or more, {rising} of them rising sums.",
	"newcomers":        "{payers} accounts first seen less than {days} days before paid this account within {window} days.",
	"smuggling_fees":   "{senders} unrelated senders paid within {days} days sums within {percent} % of {middle}, which is in the price band of {route}.",
	"settlement":       "What came in {in} payments left in {out}, as informal transfers are settled.",
	"ransom":           "{payers} payers sent within {days} days more than {times} times the highest route price each, as ransom for people held on the way is paid.",

	"night_income":    "{payers} payers, {payments} payments at night; {percent} % of all credits come at night, {round} % of these in round sums.",
	"venue_at_night":  "{payments} card payments after closing time at a bar, massage or beauty business within {days} days.",
	"service_price":   "{payments} credits from {payers} payers lie within {percent} % of {price} {currency}, the price of one service.",
	"travel_bundle":   "One account paid for {categories} ({payments} payments) within {days} days.",
	"supplies":        "Supplies as for a closed site: {categories} ({payments} payments) within {days} days.",
	"documents":       "{payments} payments to visa, passport or translation services within {days} days.",
	"laboratory":      "{payments} payments for laboratory or clinic by an account that is neither, within {days} days.",
	"lodging_cities":  "Lodging was paid in {places} places within {days} days.",
	"night_stops":     "Fuel, tolls or lodging at {places} places in one night.",
	"craft":           "{sum} went for boats, engines or vehicles where the mean month is {mean}.",
	"shared_device":   "{accounts} accounts of different holders pay from one device ({payments} payments).",
	"device_wages":    "{accounts} of them receive wages: a third person may run workers' accounts.",
	"one_machine":     "{times} times {cards} cards or more were used at one machine within {minutes} minutes.",
	"dormant_woken":   "After {quiet} quiet days {sum} moved within {days} days, where at most {peak} had moved in any window before.",
	"round_amounts":   "{deposits} round cash deposits over {weeks} weeks; {percent} % of its cash is round, and it has no card takings.",
	"daily_deposits":  "Cash was paid in on {days} of thirty days.",
	"crypto_off_ramp": "Credits of {payers} payers went into crypto-assets within {hours} hours ({percent} %).",
	"front_company":   "{payers} payers brought {income}, and {costs} went for goods, rent or purchases; no wages and no tax were paid.",
	"cash_pay_day":    "Cash was drawn around the same day in {months} months, as where wages are paid off the books.",
	"veiled":          "{payments} credits within {days} days do not name who paid.",
	"adverts":         "{payments} payments to advertising platforms in multiples of a small unit within {days} days.",
	"classified":      "{payments} payments for adverts within {days} days.",
	"prepaid_cards":   "{payments} prepaid or gift cards bought within {days} days.",
	"organ_broker":    "{sum} came from one person and {share} went to another within {days} days.",
}

// Sentences are the texts by code, for those who tell them in other languages.
func Sentences() explain.Catalog { return maps.Clone(sentences) }
