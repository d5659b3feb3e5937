package typology

// builders make the detectors, by the name of their typology. A new one is a file with its detector, a line here, a
// section in default.toml and its sentences.
var builders = map[string]builder{
	"fan_in":           {0, newFanIn},
	"fan_out":          {0, newFanOut},
	"gather_scatter":   {0, newGatherScatter},
	"scatter_gather":   {0, newScatterGather},
	"cycle":            {0, newCycle},
	"stack":            {0, newStack},
	"random_walk":      {0, newRandomWalk},
	"pass_through":     {0, newPassThrough},
	"structuring":      {needCash, newStructuring},
	"funnel":           {needPlace, newFunnel},
	"rapid_cash_out":   {needCash, newRapidCashOut},
	"payroll_skimming": {needPurpose, newPayrollSkimming},
	"debt_bondage":     {0, newDebtBondage},
	"smuggling_fees":   {0, newSmugglingFees},
	"night_merchant":   {needTime, newNightMerchant},
	"travel_bundle":    {needMCC, newTravelBundle},
	"shared_device":    {needDevice, newSharedDevice},
	"dormant_woken":    {0, newDormantWoken},
	"round_amounts":    {needCash, newRoundAmounts},
	"crypto_off_ramp":  {needCrypto, newCryptoOffRamp},
	"front_company":    {needPurpose, newFrontCompany},
	"advert_spending":  {needMCC, newAdvertSpending},
	"organ_broker":     {0, newOrganBroker},
}
